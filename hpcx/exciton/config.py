"""What a user may write for the exciton; the trion uses the same tables."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from hpcx.config.base import Effect, Named, RunInput, Section, Unit


class Mesh(Section):
    """The Monkhorst-Pack mesh and its cut-off radius around the valley."""

    N: int = Field(ge=2, le=20000, description="mesh points along each reciprocal lattice vector")
    k0: float = Field(gt=0, le=0.5, description="cut-off radius in units of 2 pi / a")


class Screening(Section):
    """The interaction W(q) in a layer of polarisability chi, r0 = 2 pi chi."""

    interaction: Literal["thin-layer", "logarithmic"] = Field(
        "thin-layer",
        description="W(q) = 2 pi e^2 / (q (kappa + r0 q)), or its approximation in real space by a logarithm and an exponential "
        "(Cudazzo, Tokatly, Rubio 2011), up to 6 % weaker, with which published Monte Carlo numbers were computed",
    )
    w0: Literal["cell-average", "zero", "disk", "qmin"] = Field(
        "cell-average", description="what stands for W(0): mean over the hexagonal cell, 0, mean over a disk, W(smallest q)"
    )
    kappa: Annotated[Annotated[float, Field(ge=1, le=1000)] | str, Named("environment")] = Field(
        1.0, description="dielectric constant of the surroundings, or an environment of `hpcx materials`"
    )


class Bands(Section):
    """The bands near the valley's centre."""

    model: Literal["dirac", "parabolic"] = Field(
        "dirac", description="massive Dirac bands with their overlaps, or parabolic bands with overlaps 1"
    )
    electron_mass: Annotated[float, Unit("m0")] | None = Field(
        None, ge=0.01, le=100, description="electron mass of parabolic bands; without it the material's exciton.parabolic.electron_mass"
    )
    hole_mass: Annotated[float, Unit("m0")] | None = Field(
        None, ge=0.01, le=100, description="hole mass of parabolic bands; without it the material's exciton.parabolic.hole_mass"
    )


Energy = Annotated[float, Unit("eV")]
Shift = Annotated[Energy, Field(ge=-20, le=20)]


class Absorption(Section):
    """Linear absorption of circularly polarized light."""

    enabled: bool = Field(False, description="compute absorption spectra")
    helicity: Literal["same", "opposite"] = Field(
        "same", description="helicity that the valley absorbs at its centre, or the opposite one (needs Dirac bands)"
    )
    broadening: Energy = Field("4 meV", ge=1e-6, le=1, description="half width at half maximum of the Lorentzian")
    window: tuple[Shift, Shift] = Field(
        ("-60 meV", "420 meV"), description="photon energies of the spectrum, lowest and highest, from the 1s exciton"
    )
    resolution: Energy = Field("0.1 meV", ge=1e-7, le=1, description="step of the photon energy")
    accuracy: float = Field(1e-3, gt=0, lt=1, description="largest error in the window relative to the highest peak there; numbers of ranks agree to it")
    max_steps: int = Field(4000, ge=1, le=1_000_000, description="largest number of Lanczos steps")

    @field_validator("window")
    @classmethod
    def _rising(cls, window: tuple[float, float]) -> tuple[float, float]:
        if window[0] >= window[1]:
            raise ValueError(f"the lowest energy {window[0]:g} eV is not below the highest {window[1]:g} eV")
        return window


def check_helicity(absorption: Absorption, bands: Bands) -> None:
    """Raise ValueError if the helicity of the light has no transitions."""
    if absorption.helicity == "opposite" and bands.model == "parabolic":
        raise ValueError('absorption.helicity = "opposite" has no transitions with bands.model = "parabolic"; use "dirac" bands')


class Solver(Section):
    """The eigensolver."""

    states: int = Field(4, ge=1, le=1000, description="number of lowest states")
    tolerance: Annotated[float, Unit("eV")] = Field(1e-8, ge=1e-14, le=1e-3, description="largest residual |H x - E x| of a state")


class CarriersInput(RunInput):
    """What is the same for all complexes of electrons and holes on a mesh."""

    effects: ClassVar[tuple[Effect, ...]] = (
        Effect(("bands.electron_mass", "bands.hole_mass"), ("bands.model",), lambda model: model == "parabolic"),
    )

    mesh: Mesh = Field(description="Monkhorst-Pack mesh")
    bands: Bands = Field(default_factory=Bands, description="bands")
    screening: Screening = Field(default_factory=Screening, description="screened interaction")
    gap: Annotated[float, Unit("eV")] | None = Field(
        None, gt=0, le=20, description="optical gap added to all energies; without it energies are from the band edges"
    )


    def material_keys(self) -> list[str]:
        """Return lattice, screening, and what the bands need."""
        keys = ["lattice.constant", "screening.polarizability"]
        if self.bands.model == "dirac":
            return [*keys, "bands.hopping", "bands.gap", "bands.valence_splitting"]
        masses = {"electron_mass": self.bands.electron_mass, "hole_mass": self.bands.hole_mass}
        return [*keys, *(f"exciton.parabolic.{name}" for name, mass in masses.items() if mass is None)]


class Config(CarriersInput):
    """Input of the exciton."""

    effects: ClassVar[tuple[Effect, ...]] = (*CarriersInput.effects, Effect(("absorption",), ("absorption.enabled",)))

    absorption: Absorption = Field(default_factory=Absorption, description="absorption spectrum")
    solver: Solver = Field(default_factory=Solver, description="eigensolver")

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        check_helicity(self.absorption, self.bands)
        return self
