"""Input of the model `wigner`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hpcx.config.base import RunInput, Section, Unit

Picosecond = Annotated[float, Unit("ps")]


class Space(Section):
    """Whether and how space is resolved."""

    dimension: Literal[0, 1, 2] = Field(
        0, description="0: moments of the distribution in space, exact, no grid; 1: marginal along x; 2: x and y"
    )


class Momentum(Section):
    """Energy bins (the same in all valleys) and angular harmonics."""

    energy_max: Annotated[float, Unit("meV")] | None = Field(
        None, gt=0, description="top of the energy bins above the minimum of each valley; default: larger of 75 meV and 11 kT"
    )
    first_bin: Annotated[float, Unit("meV")] | None = Field(
        None, gt=0, description="width of the lowest bin; default: smaller of 0.03 meV and 0.05 kT"
    )
    growth: float = Field(1.06, ge=1, le=2, description="width of a bin over that of the bin below")
    largest_bin: Annotated[float, Unit("meV")] | None = Field(
        None, gt=0, description="largest width of a bin; default: smaller of 4 meV and kT/4"
    )


class Pulse(Section):
    """The resonant optical pulse."""

    duration: Annotated[float, Unit("fs")] = Field("100 fs", gt=0, description="full width at half maximum of the amplitude")
    spot: Annotated[float, Unit("um")] = Field("0.5 um", gt=0, description="full width at half maximum of the amplitude in space")
    centre: Picosecond = Field("0.2 ps", description="time of the maximum")


class Time(Section):
    """What is computed when."""

    end: Picosecond = Field("150 ps", gt=0, description="end of the run; it begins at 0")
    outputs: list[tuple[Picosecond, Picosecond]] = Field(
        [(0.05, 12.0), (0.2, 40.0), (0.4, 1e6)],
        min_length=1,
        description="pairs (interval, until): results every interval up to a time, then the next pair",
    )
    tolerance: float = Field(
        1e-3,
        ge=1e-7,
        le=1e-1,
        description="largest relative error of populations, squared widths and diffusivities that the time steps may make",
    )

    @model_validator(mode="after")
    def _check_outputs(self) -> Time:
        untils = [until for _, until in self.outputs]
        if any(interval <= 0 for interval, _ in self.outputs) or untils != sorted(set(untils)):
            raise ValueError("intervals must be positive and their ends increase")
        return self


class Mechanisms(Section):
    """What may be switched off."""

    radiative: bool = Field(True, description="light emission from the light cone of KK")
    intervalley: bool = Field(True, description="scattering between valleys (and between the members of K-Lambda)")
    intervalley_off_at: Picosecond | None = Field(None, gt=0, description="time from which intervalley scattering is absent")


class Config(RunInput):
    """Input of a run of the model `wigner`."""

    temperature: Annotated[float, Unit("K")] = Field(ge=4, le=1000, description="temperature of the lattice")
    space: Space = Field(default_factory=Space, description="resolution in space")
    momentum: Momentum = Field(default_factory=Momentum, description="energy bins")
    pulse: Pulse = Field(default_factory=Pulse, description="excitation")
    time: Time = Field(default_factory=Time, description="times and accuracy")
    mechanisms: Mechanisms = Field(default_factory=Mechanisms, description="processes")

    @model_validator(mode="after")
    def _check_pulse(self) -> Config:
        if self.pulse.centre < 1.7e-3 * self.pulse.duration:
            raise ValueError(
                f"pulse.centre = {self.pulse.centre} ps is too close to the start for pulse.duration = {self.pulse.duration} fs: "
                "it must be at least 1.7 durations"
            )
        if self.mechanisms.intervalley_off_at is not None and not self.mechanisms.intervalley:
            raise ValueError("mechanisms.intervalley_off_at needs mechanisms.intervalley = true")
        return self
