"""Input of the trion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from hpcx.config.base import Effect, Section, Unit, refuse_more
from hpcx.exciton import config as exciton
from hpcx.exciton.carriers_config import CARRIER, WORD
from hpcx.exciton.tight_binding_config import Fraction

Species = Literal["singlet", "triplet"]
Symmetry = Literal["auto", "none", "C2", "C3", "C3v", "C6", "C6v"]
Kernel = Literal["auto", "gemm", "gemm-single", "fft", "fft-single"]
#: names of other groups of a result
RESERVED = ("singlet", "triplet", "exciton", "twod", "exchange", "doping_density")
#: most values of the maps of one species at all waiting times, and most points of the trace of a cross peak
MOST_MAP_VALUES, MOST_TRACE_POINTS = 50_000_000, 100_000


class Solver(exciton.Solver):
    """The eigensolver of the trion."""

    symmetry: Symmetry = Field(
        "auto",
        description=(
            "symmetry used: auto takes the largest one of bands, interaction and light; all but none give the fully"
            " symmetric (bright) states only. A symmetry that changes energies, overlaps or interaction by more"
            " than 1e-9 is refused"
        ),
    )
    angular_momentum: int = Field(
        0,
        ge=-2,
        le=3,
        description="of the states, with symmetry C2, C3 or C6: the sector that rotations multiply by exp(i m angle)",
    )
    kernel: Kernel = Field(
        "auto", description="how matrix-vector products are computed: matrix products or FFT, also in single precision"
    )
    start: str | None = Field(None, description="directory of an earlier run (or a file of saved states) to start from")
    save_states: bool = Field(
        False, description="save the eigenvectors, from which a later run on any number of ranks can start"
    )


class Trion(Section):
    """Which trions."""

    species: list[Species] = Field(
        ["singlet", "triplet"], max_length=2, description="spin species to solve; may be empty if there are channels"
    )
    channels: dict[str, tuple[str, str, str]] = Field(
        default_factory=dict,
        description=(
            "further trions, each by a name and its carriers: two like ones and the opposite one, such as dark ="
            f' ["K:c1", "K\':c1", "K:v1"]: {WORD}'
        ),
    )
    conduction_order: Literal["bright", "dark"] | None = Field(
        None,
        description=(
            "bright if the conduction band with the spin of the highest valence band is the lower one, else dark;"
            " default: from the tight-binding model, else from the material"
        ),
    )
    charge: Literal[-1, 1] = Field(-1, description="-1: two electrons and a hole, 1: two holes and an electron")
    transition: Literal["A", "B"] = Field("A", description="exciton to which the trion belongs")
    temperature: Annotated[float, Unit("K")] = Field(
        0.0, ge=0, le=1000, description="of the resident carrier; 0 puts it at the minimum of its band"
    )

    momentum: tuple[Fraction, Fraction] = Field(
        (0.0, 0.0),
        description=(
            "total momentum relative to the valleys' centres: a mesh point, in fractions of the reciprocal vectors"
        ),
    )

    @field_validator("species")
    @classmethod
    def _each_once(cls, species: list[str]) -> list[str]:
        if len(set(species)) < len(species):
            raise ValueError("name each species once")
        return species

    @field_validator("channels")
    @classmethod
    def _readable(cls, channels: dict[str, tuple[str, str, str]]) -> dict[str, tuple[str, str, str]]:
        for name, words in channels.items():
            if not re.fullmatch(r"[A-Za-z]\w*", name) or name in RESERVED:
                raise ValueError(
                    f"{name!r} is not a valid channel name: use letters, digits and _, but none of"
                    f" {', '.join(RESERVED)}"
                )
            found = [CARRIER.fullmatch(word) for word in words]
            wrong = [word for word, match in zip(words, found) if match is None]
            if wrong:
                raise ValueError(
                    f"{name}: {wrong[0]!r} is not a carrier: expected a valley and a band such as K:c1, K':v1, Q:c+"
                )
            kinds = "".join(match["kind"] for match in found if match)
            if kinds not in ("ccv", "vvc"):
                raise ValueError(
                    f"{name}: expected two electrons and a hole (c, c, v) or two holes and an electron (v, v, c), not"
                    f" {', '.join(kinds)}"
                )
        return channels

    @property
    def names(self) -> list[str]:
        """All trions to solve: species and channels."""
        return [*self.species, *self.channels]

    @model_validator(mode="after")
    def _something(self) -> Trion:
        if not self.names:
            raise ValueError("trion.species is empty and there are no trion.channels: nothing to solve")
        return self


class Exchange(exciton.Exchange):
    """Electron-hole exchange in channels."""

    contact: Annotated[float, Unit("eV*angstrom^2")] = Field(
        0.0,
        ge=-1000,
        le=1000,
        description=(
            "strength J of the contact exchange between equal-spin pairs in different valleys; a fit parameter, not"
            " given by the bands"
        ),
    )

    @property
    def acts(self) -> bool:
        """Whether there is any."""
        return self.long_range or self.contact != 0


class Absorption(exciton.Absorption):
    """Linear absorption and its line shape."""

    maps: list[Annotated[float, Unit("eV"), Field(ge=-20, le=20)]] = Field(
        [],
        description=(
            "photon energies relative to the 1s exciton; the states at the peak nearest to each are mapped in"
            " momentum space"
        ),
    )


class TwoDimensional(Section):
    """Two-dimensional electronic spectra; stimulated emission, waiting times in fs."""

    enabled: bool = Field(False, description="compute two-dimensional spectra of all species together")
    waiting_times: list[Annotated[float, Unit("fs"), Field(ge=-1e6, le=1e6)]] = Field(
        [0.0], min_length=1, description="waiting times of the maps"
    )
    trace_end: Annotated[float, Unit("fs")] = Field(
        "500 fs", ge=1, le=1e6, description="last waiting time of the cross peak's trace"
    )
    trace_step: Annotated[float, Unit("fs")] = Field("4 fs", ge=1e-3, le=1e5, description="step of the trace")
    fit_window: tuple[
        Annotated[float, Unit("fs"), Field(ge=0, le=1e6)], Annotated[float, Unit("fs"), Field(ge=0, le=1e6)]
    ] = Field(("20 fs", "400 fs"), description="waiting times to which the beat is fitted, first and last")
    dephasing_time: Annotated[float, Unit("fs")] = Field(
        "250 fs", ge=1, le=1e6, description="coherence time of two different states"
    )
    broadening: Annotated[float, Unit("eV")] = Field(
        "4 meV", ge=1e-6, le=1, description="sigma of the line shape 1 / (i x - sigma)"
    )
    laser_width: Annotated[float, Unit("eV")] = Field(
        "17 meV", ge=1e-5, le=10, description="standard deviation of the laser's spectrum"
    )
    laser_centre: exciton.Shift | None = Field(
        None, description="centre of the laser's spectrum, a photon energy; without it the singlet's trion peak"
    )
    pathway: Literal["non-rephasing", "rephasing", "sum"] = Field("non-rephasing", description="order of the pulses")
    signals: Literal["emission", "emission and bleaching", "all"] = Field(
        "emission",
        description=(
            "signals included: stimulated emission, also ground-state bleaching, or excited-state absorption as well"
        ),
    )
    pair_shift: Annotated[float, Unit("eV"), Field(ge=-1, le=1)] = Field(
        "0 meV",
        description=(
            "with all signals: interaction energy of two pairs, an input; must not be 0, because then all signals"
            " but those of bound trions cancel"
        ),
    )
    triplet_shift: Annotated[float, Unit("eV"), Field(ge=-1, le=1)] = Field(
        "0 meV", description="target exchange shift of the bound triplet"
    )
    shift_by: Literal["contact", "sticks"] = Field(
        "contact", description="whether a contact interaction makes the shift, or the lines are moved"
    )
    window: tuple[exciton.Shift, exciton.Shift] = Field(
        ("-60 meV", "40 meV"), description="photon energies of both axes, lowest and highest, from the 1s exciton"
    )
    points: int = Field(201, ge=2, le=4001, description="points along each axis")

    @field_validator("window", "fit_window")
    @classmethod
    def _rising(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if ends[0] >= ends[1]:
            raise ValueError(f"the first value {ends[0]:g} is not below the last {ends[1]:g}")
        return ends

    @model_validator(mode="after")
    def _countable(self) -> TwoDimensional:
        if self.signals == "all" and self.pair_shift == 0:
            raise ValueError(
                'twod.signals = "all" needs twod.pair_shift, the interaction of two pairs: without it unbound lines'
                " give no signal"
            )
        values = len(self.waiting_times) * self.points**2
        refuse_more("values of each map", values, MOST_MAP_VALUES, "lower twod.points or give fewer twod.waiting_times")
        knobs = "raise twod.trace_step or lower twod.trace_end"
        refuse_more("points of the trace", self.trace_end / self.trace_step, MOST_TRACE_POINTS, knobs)
        return self


class Config(exciton.CarriersInput):
    """Input of the trion."""

    effects: ClassVar[tuple[Effect, ...]] = (
        *exciton.CarriersInput.effects,
        Effect(("absorption",), ("absorption.enabled", "twod.enabled")),
        Effect(("twod",), ("twod.enabled",)),
        Effect(("twod.shift_by",), ("twod.triplet_shift",)),
        Effect(("twod.pair_shift",), ("twod.signals",), lambda signals: signals == "all"),
        Effect(("twod.broadening", "twod.dephasing_time"), ("phonons.enabled",), lambda phonons: not phonons),
        Effect(("exchange.screening",), ("exchange.long_range",)),
    )

    absorption: Absorption = Field(default_factory=Absorption, description="absorption spectra")
    twod: TwoDimensional = Field(default_factory=TwoDimensional, description="two-dimensional spectra")
    solver: Solver = Field(default_factory=Solver, description="eigensolver")
    trion: Trion = Field(default_factory=Trion, description="species, charge, transition")
    exchange: Exchange = Field(
        default_factory=Exchange,
        description="exchange in channels; the group exchange holds the coupled states",
    )

    @property
    def conduction_order(self) -> str | None:
        """ "bright" or "dark" if the input says which conduction band is lower."""
        return self.trion.conduction_order

    def material_keys(self) -> list[str]:
        """Return the numbers of the exciton, and the order of the conduction bands if nothing else gives it."""
        known = self.bands.model == "tight-binding" or self.conduction_order is not None
        return [*super().material_keys(), *([] if known else ["carriers.order"])]

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together."""
        yield from super().complaints()
        yield from exciton.check_helicity(self.absorption, self.bands)
        yield from exciton.check_exchange(self.exchange, self.bands)
        if self.exchange.acts and not self.trion.channels:
            yield "exchange acts on trion.channels, and there are none"
        if self.exchange.acts and self.absorption.enabled and self.trion.temperature > 0:
            yield (
                "spectra with exchange are those of a resident carrier at rest: set trion.temperature = 0 instead of"
                f" {self.trion.temperature:g} K, or leave absorption or exchange out"
            )
        if any(self.trion.momentum):
            yield from self._check_momentum()
        if self.solver.angular_momentum:
            yield from self._check_angular_momentum()
        if self.mesh.region == "zone":
            yield 'mesh.region = "zone" is for model = "exciton"'
        if self.absorption.helicity == "opposite" and self.solver.symmetry not in ("none", "auto"):
            yield (
                'absorption.helicity = "opposite" excites states of another symmetry than solver.symmetry = '
                f'"{self.solver.symmetry}" keeps; set solver.symmetry = "none"'
            )
        if self.twod.enabled and self.trion.temperature > 0:
            yield (
                "twod.enabled needs one initial state per species: set trion.temperature = 0 instead of"
                f" {self.trion.temperature:g} K"
            )
        if self.twod.enabled and self.trion.channels:
            yield "twod.enabled has spectra of singlet and triplet together: leave out trion.channels"
        if self.phonons.enabled and (self.trion.channels or self.trion.transition == "B"):
            yield (
                "phonons.enabled gives widths of singlets and triplets of the A exciton only: leave out"
                " trion.channels and"
                " trion.transition"
            )
        if self.twod.enabled and "singlet" not in self.trion.species:
            yield "twod.enabled needs the singlet, whose peaks are followed: add it to trion.species"

    def _check_momentum(self) -> Iterator[str]:
        """Complain of what a total momentum breaks, or what is not there with it."""
        if self.solver.symmetry not in ("none", "auto"):
            yield f'trion.momentum breaks solver.symmetry = "{self.solver.symmetry}": set it to "none" or "auto"'
        if self.exchange.acts or self.twod.enabled or self.trion.temperature > 0:
            yield (
                "trion.momentum cannot be combined with exchange, twod.enabled or trion.temperature, which set"
                " their own momenta"
            )

    def _check_angular_momentum(self) -> Iterator[str]:
        """Complain where no sector has an angular momentum,
        or what is asked for is that of fully symmetric states.
        """
        most = {"C2": 1, "C3": 1, "C6": 3}.get(self.solver.symmetry, 0)
        if abs(self.solver.angular_momentum) > most:
            yield (
                f'solver.angular_momentum = {self.solver.angular_momentum} needs solver.symmetry = "C6", or for 1 and'
                ' -1 "C3" or "C2"'
            )
        if self.absorption.enabled or self.twod.enabled or self.exchange.acts:
            yield "solver.angular_momentum cannot be combined with spectra or exchange, which select their own"
