"""Input of the model `wigner`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from hpcx.config.base import Effect, Named, Permittivity, RunInput, Section, Unit, refuse_more
from hpcx.materials.catalogue import matching

Picosecond = Annotated[float, Unit("ps"), Field(ge=0, le=1e6)]
#: largest numbers of cells in the box, of times of results, and of values of all density maps
MOST_CELLS, MOST_TIMES, MOST_MAP_VALUES = 4_000_000, 100_000, 200_000_000


#: numbers of the material that the model needs. `uncertainty` draws its factors in this order: new ones go to the end
NUMBERS = (
    "phonons.acoustic.*",
    *(f"carriers.electron_{band}_mass" for band in ("A", "B", "Lambda")),
    "excitons.energy_*",
    "carriers.hole_A_mass",
    "excitons.degeneracy_*",
    "lattice.mass_density",
    "phonons.optical.*",
    *("phonons.K.*", "phonons.electron_K_Kprime.*", "phonons.Lambda.*", "phonons.electron_K_Lambda.*"),
    *("phonons.electron_Lambda_Lambda.*", "phonons.M.*", "phonons.electron_Kprime_Lambda.*"),
    *("optics.radiative_broadening", "optics.exciton_A_energy", "optics.refractive_index"),
    *("interaction.r0", "interaction.kappa"),
)

#: optional numbers of the material: optical branches inside a valley in place of a lumped one
OPTIONAL = ("phonons.optical_*",)


class Initial(Section):
    """Shape of the excitation; `pulse.spot` is the width of a spot or of the line of a ring."""

    shape: Literal["gaussian", "ring", "two spots", "image"] = Field("gaussian", description="shape of the excitation")
    radius: Annotated[float, Unit("um")] = Field("0.8 um", ge=1e-3, le=1e4, description="radius of the ring")
    separation: Annotated[float, Unit("um")] = Field(
        "1 um", ge=1e-3, le=1e4, description="distance of the two spots, along x"
    )
    file: Annotated[str | None, Named("file")] = Field(
        None, description="image that covers the box: PNG, or a .npy array; brightness is intensity"
    )

    @model_validator(mode="after")
    def _check_file(self) -> Initial:
        if (self.shape == "image") != (self.file is not None):
            raise ValueError('space.initial.file and space.initial.shape = "image" need each other')
        return self


class Space(Section):
    """Whether and how space is resolved."""

    dimension: Literal[0, 1, 2] = Field(
        0, description="0: moments of the distribution in space, exact, no grid; 1: marginal along x; 2: x and y"
    )
    points: int = Field(200, ge=8, le=100000, description="cells along each direction")
    width: Annotated[float, Unit("um")] = Field(
        "6 um", ge=1e-2, le=1e5, description="length of the box in each direction"
    )
    boundary: Literal["periodic", "absorbing"] = Field(
        "periodic", description="boundary of the box: periodic, or an absorbing layer"
    )
    initial: Initial = Field(default_factory=Initial, description="where excitons are generated")

    @model_validator(mode="after")
    def _possible(self) -> Space:
        """Refuse too many cells, and an excitation outside the box."""
        refuse_more("cells", self.points**self.dimension, MOST_CELLS, "lower space.points")
        made = self.initial
        name, reach = {"ring": ("radius", made.radius), "two spots": ("separation", 0.5 * made.separation)}.get(
            made.shape, ("", 0.0)
        )
        if self.dimension and reach >= 0.5 * self.width:
            raise ValueError(
                f"space.initial.{name} puts the light {reach:g} um from the centre, and the edge of the box is at"
                f" {0.5 * self.width:g} um"
            )
        return self


class Landscape(Section):
    """A position-dependent energy of every valley: a common shape times a factor of the valley; needs space."""

    kind: Literal["none", "cosine", "well", "step", "disorder", "file"] = Field(
        "none", description="shape of the landscape"
    )
    depth: Annotated[float, Unit("meV")] = Field(
        "20 meV",
        ge=-1000,
        le=1000,
        description="height of cosine and step, depth of a well (negative: a hill), standard deviation of disorder",
    )
    length: Annotated[float, Unit("um")] = Field(
        "1 um",
        ge=1e-3,
        le=1e5,
        description="period of a cosine, 1/e radius of a well, width of a step, l in exp(-r^2/4l^2) of disorder",
    )
    seed: int = Field(1, ge=0, le=4294967295, description="seed of disorder")
    file: Annotated[str | None, Named("file")] = Field(
        None,
        description="energies in meV that cover the box, a .npy array: one map, or three, valleys first",
    )
    factor_KK: float = Field(1.0, ge=-10, le=10, description="energy of KK over that of the landscape")
    factor_KKprime: float = Field(1.0, ge=-10, le=10, description="energy of KK' over that of the landscape")
    factor_KLambda: float = Field(1.0, ge=-10, le=10, description="energy of K-Lambda over that of the landscape")
    rate_step: Annotated[float, Unit("meV")] | None = Field(
        None,
        ge=0.01,
        le=1e4,
        description="step of the relative energies of the valleys for which rates are computed; default: kT/8",
    )

    @model_validator(mode="after")
    def _check_file(self) -> Landscape:
        if (self.kind == "file") != (self.file is not None):
            raise ValueError('landscape.file and landscape.kind = "file" need each other')
        return self


class Momentum(Section):
    """Energy bins (the same in all valleys) and angular harmonics."""

    energy_max: Annotated[float, Unit("meV")] | None = Field(
        None,
        ge=0.1,
        le=1e4,
        description="top of the energy bins above the minimum of each valley; default: larger of 75 meV and 11 kT",
    )
    first_bin: Annotated[float, Unit("meV")] | None = Field(
        None, ge=1e-4, le=1e3, description="width of the lowest bin; default: smaller of 0.03 meV and 0.05 kT"
    )
    growth: float = Field(1.06, ge=1, le=2, description="width of a bin over that of the bin below")
    largest_bin: Annotated[float, Unit("meV")] | None = Field(
        None,
        ge=1e-4,
        le=1e3,
        description="largest width of a bin; default: smaller of 4 meV and kT/4, below 19 K that of 0.4 meV and 0.8 kT",
    )
    harmonics: int = Field(
        2,
        ge=1,
        le=32,
        description="highest angular harmonic with space: 1 for widths, 2 for densities, 4 for phase space",
    )


class Pulse(Section):
    """The optical pulse."""

    photon_energy: Annotated[float, Unit("eV")] | None = Field(
        None,
        ge=0.1,
        le=20,
        description="photon energy of the pump; default: the resonance. Above it, hot excitons are created",
        examples=[2.15, 2.2],
    )
    duration: Annotated[float, Unit("fs")] = Field(
        "100 fs", ge=1, le=1e6, description="full width at half maximum of the amplitude"
    )
    spot: Annotated[float, Unit("um")] = Field(
        "0.5 um", ge=1e-2, le=1e4, description="full width at half maximum of the amplitude in space"
    )
    centre: Picosecond = Field("0.2 ps", description="time of the maximum")


def count_times(pairs: list[tuple[float, float]], end: float) -> float:
    """Return about how many times the pairs (interval, until) give up to `end`; all in ps, intervals positive."""
    starts = [0.0, *(until for _, until in pairs)]
    return sum(max(0.0, min(until, end) - start) / interval for start, (interval, until) in zip(starts, pairs))


class Time(Section):
    """Times of results, and accuracy of the time steps."""

    rates_only: bool = Field(False, description="only stationary numbers, from the rates, without time evolution")
    end: Picosecond = Field("150 ps", ge=0.01, description="end of the run; it begins at 0")
    outputs: list[tuple[Picosecond, Picosecond]] = Field(
        [(0.05, 12.0), (0.2, 40.0), (0.4, 1e6)],
        min_length=1,
        description="pairs (interval, until): results every interval up to a time, then the next pair",
    )
    densities: list[tuple[Picosecond, Picosecond]] = Field(
        [(1.0, 10.0), (5.0, 1e6)],
        description="pairs (interval, until) as in `outputs`: maps of the densities, with space",
    )
    distributions: list[Annotated[Picosecond, Field(gt=0)]] = Field(
        [], description="times of phase-space distributions at y = ky = 0, with space"
    )
    tolerance: float = Field(
        1e-3,
        ge=1e-7,
        le=1e-1,
        description="largest relative error of populations, mean squared displacements and diffusivities by time steps",
    )

    @model_validator(mode="after")
    def _check_outputs(self) -> Time:
        for name, pairs in (("outputs", self.outputs), ("densities", self.densities)):
            untils = [until for _, until in pairs]
            if any(interval <= 0 for interval, _ in pairs) or untils != sorted(set(untils)):
                raise ValueError(f"time.{name}: intervals must be positive and their ends increase")
            refuse_more(f"times of time.{name}", count_times(pairs, self.end), MOST_TIMES, "lengthen the intervals")
        if any(time > self.end for time in self.distributions):
            raise ValueError(f"time.distributions: times must not be after time.end = {self.end} ps")
        return self


class Mechanisms(Section):
    """Processes that can be switched on and off."""

    radiative: bool = Field(True, description="light emission from the light cone of KK")
    intervalley: bool = Field(
        True, description="scattering between valleys (and between the Lambda valleys of K-Lambda)"
    )
    disorder: Annotated[float, Unit("1/ps")] = Field(
        "0 1/ps",
        ge=0,
        le=1e4,
        description="isotropic elastic scattering rate inside a valley, the same for all energies",
    )
    intervalley_off_at: Picosecond | None = Field(
        None, gt=0, description="time at which intervalley scattering is switched off"
    )


class Annihilation(Section):
    """Exciton-exciton annihilation, the same for all valleys, d_t n = -R n^2; needs space."""

    rate: Annotated[float, Unit("cm^2/s")] = Field(
        "0 cm^2/s", ge=0, le=1e3, description="R in dn/dt = -R n^2; an event that removes both excitons counts twice"
    )
    density: Annotated[float, Unit("cm^-2")] = Field(
        "1e11 cm^-2",
        ge=1,
        le=1e15,
        description="total density generated at the maximum of the excitation, in one dimension a stripe along y",
    )


class Uncertainty(Section):
    """Sensitivity study: numbers marked as uncertain in the material file are varied together; moments only."""

    samples: int = Field(0, ge=0, le=100000, description="number of samples; 0: no study")
    seed: int = Field(1, ge=0, le=4294967295, description="seed of the Latin hypercube")
    fit: float = Field(0.1, ge=0, lt=1, description="largest relative change of numbers marked [fit]")
    guess: float = Field(0.25, ge=0, lt=1, description="largest relative change of numbers marked [guess]")
    recalled: float = Field(0.1, ge=0, lt=1, description="largest relative change of numbers marked [recalled]")


class Config(RunInput):
    """Input of a run of the model `wigner`."""

    effects: ClassVar[tuple[Effect, ...]] = (
        Effect(
            ("space.points", "space.width", "space.boundary", "space.initial", "landscape", "momentum.harmonics",
             "time.densities", "time.distributions"), ("space.dimension",),
        ),
        Effect(
            ("time.end", "time.outputs", "time.tolerance", "pulse", "space", "mechanisms.intervalley_off_at"),
            ("time.rates_only",), lambda only: not only,
        ),
        Effect(("space.initial.radius",), ("space.initial.shape",), lambda shape: shape == "ring"),
        Effect(("space.initial.separation",), ("space.initial.shape",), lambda shape: shape == "two spots"),
        Effect(("landscape.depth", "landscape.length"), ("landscape.kind",), lambda kind: kind not in ("none", "file")),
        Effect(("landscape.seed",), ("landscape.kind",), lambda kind: kind == "disorder"),
        Effect(
            ("landscape.factor_KK", "landscape.factor_KKprime", "landscape.factor_KLambda", "landscape.rate_step"),
            ("landscape.kind",), lambda kind: kind != "none",
        ),
        Effect(("annihilation.density",), ("annihilation.rate",)),
        Effect(("uncertainty.seed", "uncertainty.fit", "uncertainty.guess", "uncertainty.recalled"),
               ("uncertainty.samples",)),
    )  # fmt: skip

    surroundings: ClassVar[tuple[str, ...]] = ("environment", "interaction.kappa")
    usual_set: ClassVar[str] = "rosati2020"

    temperature: Annotated[float, Unit("K")] = Field(
        ge=4, le=1000, examples=[300, 400], description="temperature of the lattice"
    )
    environment: Annotated[Permittivity | str | None, Named("environment")] = Field(
        None,
        description=(
            "dielectric surroundings in place of those of the material file: an environment of `hpcx materials`, the"
            " path of a TOML file (a permittivity, slabs, sheets or a table), or a permittivity"
        ),
    )
    wannier: Literal["variational", "numerical"] = Field(
        "variational",
        description="1s states in the form factors: variational exponentials, or solutions of the Wannier equation",
    )
    space: Space = Field(default_factory=Space, description="resolution in space")
    landscape: Landscape = Field(
        default_factory=Landscape, description="energies of the valleys as a function of position"
    )
    momentum: Momentum = Field(default_factory=Momentum, description="energy bins")
    pulse: Pulse = Field(default_factory=Pulse, description="excitation")
    time: Time = Field(default_factory=Time, description="times and accuracy")
    mechanisms: Mechanisms = Field(default_factory=Mechanisms, description="processes")
    annihilation: Annihilation = Field(default_factory=Annihilation, description="exciton-exciton annihilation")

    uncertainty: Uncertainty = Field(default_factory=Uncertainty, description="sensitivity to uncertain inputs")

    def material_keys(self) -> list[str]:
        """Return the keys of the numbers that the model needs; kappa only if the input names no environment."""
        return [key for key in matching(*NUMBERS) if self.environment is None or key != "interaction.kappa"]

    @model_validator(mode="after")
    def _countable(self) -> Config:
        maps = count_times(self.time.densities, self.time.end)
        values, knobs = (
            3 * maps * self.space.points**self.space.dimension,
            "lengthen the intervals of time.densities or lower space.points",
        )
        refuse_more("values of all maps", values if self.space.dimension else 0, MOST_MAP_VALUES, knobs)
        return self

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together."""
        if self.pulse.centre >= self.time.end:
            yield f"pulse.centre = {self.pulse.centre:g} ps must be before time.end = {self.time.end:g} ps"
        if self.pulse.centre < 1.7e-3 * self.pulse.duration:
            yield (
                f"pulse.centre = {self.pulse.centre} ps is too close to the start for pulse.duration ="
                f" {self.pulse.duration} fs: it must be at least 1.7 durations"
            )
        if self.landscape.kind != "none" and self.space.dimension == 0:
            yield "landscape.kind needs space.dimension = 1 or 2: the moments are not closed in a landscape"
        if self.annihilation.rate and self.space.dimension == 0:
            yield "annihilation.rate needs space.dimension = 1 or 2: it depends on the local density"
        if self.landscape.kind != "none" and self.pulse.photon_energy is not None:
            yield 'pulse.photon_energy needs landscape.kind = "none": the pump is at resonance everywhere in one'
        if self.uncertainty.samples and self.space.dimension:
            yield "uncertainty.samples needs space.dimension = 0"
        if self.time.rates_only and (self.space.dimension or self.uncertainty.samples):
            yield "time.rates_only needs space.dimension = 0 and uncertainty.samples = 0"
        if self.mechanisms.intervalley_off_at is not None and not self.mechanisms.intervalley:
            yield "mechanisms.intervalley_off_at needs mechanisms.intervalley = true"
