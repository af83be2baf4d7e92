"""Input of the exciton; the trion uses the same sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from hpcx.config.base import Effect, Named, OneOf, Permittivity, RunInput, Section, Unit, refuse_more
from hpcx.exciton.carriers_config import Pair
from hpcx.exciton.tight_binding_config import TightBindingFiles, Zone
from hpcx.materials.band_models import BAND_MODELS
from hpcx.materials.catalogue import matching


class Mesh(Section):
    """The Monkhorst-Pack mesh and its cut-off radius around the valley."""

    N: int = Field(ge=2, le=20000, examples=[60, 120], description="mesh points along each reciprocal lattice vector")
    region: Literal["disks", "zone"] = Field(
        "disks", description="a disk around a valley, or the whole Brillouin zone (exciton of a tight-binding model)"
    )
    k0: float | None = Field(
        None,
        gt=0,
        le=0.5,
        examples=[0.1, 0.15],
        description="cut-off radius of a disk in units of 2 pi / a; needed by disks alone",
    )

    @model_validator(mode="after")
    def _has_radius(self) -> Mesh:
        if self.region == "zone":
            return self
        if self.k0 is None:
            raise ValueError("mesh.k0 is missing: the radius of the disk, a number > 0 and <= 0.5 in units of 2 pi / a")
        # the points next to the centre are 2 / (sqrt 3 N) away
        if 3 * (self.k0 * self.N) ** 2 < 4:
            raise ValueError(
                f"the disk contains only its centre: raise mesh.N or mesh.k0 until N k0 = {self.N * self.k0:g} is at"
                " least 2 / sqrt 3 = 1.1547"
            )
        return self

    @property
    def cutoff(self) -> float:
        """The radius k0, which a disk has, 2 pi / a."""
        assert self.k0 is not None
        return self.k0


class Screening(Section):
    """The interaction W(q) in a layer of screening length r0."""

    interaction: Literal["thin-layer", "logarithmic"] = Field(
        "thin-layer",
        description=(
            "W(q) = 2 pi e^2 / (q (kappa + r0 q)), or its approximation in real space by a logarithm and an exponential"
            " (Cudazzo, Tokatly, Rubio 2011), up to 6 % weaker, which published Monte Carlo numbers used; slabs and"
            " tables define their own interaction"
        ),
    )
    r0_y: Annotated[float, Unit("angstrom")] | None = Field(
        None,
        gt=0,
        le=10000,
        exclude_if=lambda length: length is None,  # the hash of other inputs is that of before
        description=(
            "screening length along y of a layer whose polarisability is anisotropic, as that of phosphorene;"
            " interaction.r0 of the material is then that along x (directions of the lattice vectors in the file)"
        ),
    )
    w0: Literal["cell-average", "zero", "disk", "qmin"] = Field(
        "cell-average",
        description="value used for W(0): mean over the hexagonal cell, 0, mean over a disk, W(smallest q)",
    )
    kappa: Annotated[Permittivity | str, Named("environment")] = Field(
        1.0,
        description=(
            "dielectric constant of the surroundings without `environment`, or an environment of `hpcx materials`"
        ),
    )


class Bands(Section):
    """The bands near the valley's centre."""

    model: Annotated[str, OneOf(BAND_MODELS)] = Field(
        "dirac",
        description=(
            "massive Dirac bands with their overlaps, parabolic bands with overlaps 1, or those of a tight-binding"
            " model"
        ),
    )
    electron_mass: Annotated[float, Unit("m0")] | None = Field(
        None,
        ge=0.01,
        le=100,
        description="electron mass of parabolic bands; without it the material's carriers.electron_A_mass",
    )
    hole_mass: Annotated[float, Unit("m0")] | None = Field(
        None,
        ge=0.01,
        le=100,
        description="hole mass of parabolic bands; without it the material's carriers.hole_A_mass",
    )

    @property
    def masses(self) -> dict[str, float]:
        """The masses that the input has, by name, m0."""
        given = {"electron_mass": self.electron_mass, "hole_mass": self.hole_mass}
        return {name: mass for name, mass in given.items() if mass is not None}


Energy = Annotated[float, Unit("eV")]
Shift = Annotated[Energy, Field(ge=-20, le=20)]
#: most points of a spectrum, and most widths of its lines in the window
MOST_POINTS, MOST_WIDTHS = 1_000_000, 100_000


class Absorption(Section):
    """Linear absorption of circularly polarized light."""

    enabled: bool = Field(False, description="compute absorption spectra")
    helicity: Literal["same", "opposite"] = Field(
        "same",
        description="helicity that the valley absorbs at its centre, or the opposite (not of parabolic bands)",
    )
    broadening: Energy = Field("4 meV", ge=1e-6, le=1, description="half width at half maximum of the Lorentzian")
    window: tuple[Shift, Shift] = Field(
        ("-60 meV", "420 meV"), description="photon energies of the spectrum, lowest and highest, from the 1s exciton"
    )
    resolution: Energy = Field("0.1 meV", ge=1e-7, le=1, description="step of the photon energy")
    accuracy: float = Field(
        1e-3,
        ge=1e-16,
        lt=1,
        description="largest error in the window relative to the highest peak there; numbers of ranks agree to it",
    )
    max_steps: int = Field(4000, ge=1, le=20_000, description="largest number of Lanczos steps")

    @field_validator("window")
    @classmethod
    def _rising(cls, window: tuple[float, float]) -> tuple[float, float]:
        if window[0] >= window[1]:
            raise ValueError(f"the lowest energy {window[0]:g} eV is not below the highest {window[1]:g} eV")
        return window

    @model_validator(mode="after")
    def _countable(self) -> Absorption:
        width = self.window[1] - self.window[0]
        refuse_more(
            "points of the spectrum",
            width / self.resolution,
            MOST_POINTS,
            "raise absorption.resolution or narrow absorption.window",
        )
        knobs = "raise absorption.broadening or narrow absorption.window"
        refuse_more("line widths in absorption.window", width / self.broadening, MOST_WIDTHS, knobs)
        return self


def check_helicity(absorption: Absorption, bands: Bands) -> Iterator[str]:
    """Complain if the helicity of the light has no transitions."""
    if absorption.helicity == "opposite" and bands.model == "parabolic":
        yield 'absorption.helicity = "opposite" has no transitions with bands.model = "parabolic"'


def check_exchange(exchange: Exchange, bands: Bands) -> Iterator[str]:
    """Complain if the bands do not say how strongly pairs couple."""
    if exchange.long_range and bands.model == "parabolic":
        yield (
            'exchange.long_range needs the overlap of conduction and valence states, which bands.model = "parabolic"'
            " does not have"
        )


class Exchange(Section):
    """Electron-hole exchange of carriers on disks."""

    long_range: bool = Field(
        False,
        description=(
            "long-range exchange at the pair momentum, which couples bright pairs of K and K' (Dirac or tight-binding"
            " bands)"
        ),
    )
    screening: Literal["layer", "environment"] = Field(
        "layer",
        description=(
            "screening of the long-range exchange: the same as of the attraction, or by the surroundings of the"
            " layer alone"
        ),
    )


class ExcitonExchange(Exchange):
    """Electron-hole exchange of the exciton."""

    momenta: list[Annotated[int, Field(ge=0, le=20000)]] = Field(
        [0, 1, 2, 3],
        min_length=1,
        max_length=1000,
        description="integers m of the pair momenta m b1 / N at which excitons of K and K' are coupled",
    )
    spinless_factor: float = Field(
        1.0, ge=1, le=2, description="factor of the long-range exchange: 2 for singlets of a model without spin"
    )
    contact: Annotated[float, Unit("eV*angstrom^2")] = Field(
        0.0,
        ge=-1000,
        le=1000,
        description=(
            "strength J of the short-range exchange of pairs in one valley; a fit parameter, not given by the bands"
        ),
    )

    @property
    def acts(self) -> bool:
        """Whether there is any."""
        return self.long_range or self.contact != 0


#: what phonons need of a material
PHONON_NUMBERS = (
    *("phonons.acoustic.*", "phonons.optical.*", "excitons.*", "lattice.mass_density"),
    *("carriers.electron_[AB]_mass", "carriers.electron_Lambda_mass", "carriers.hole_A_mass"),
    *(
        f"phonons.{group}.*"
        for group in (
            "K",
            "Lambda",
            "M",
            *(f"electron_{pair}" for pair in ("K_Kprime", "K_Lambda", "Kprime_Lambda", "Lambda_Lambda")),
        )
    ),
    *("optics.radiative_broadening", "optics.exciton_A_energy", "optics.refractive_index"),
)


class Phonons(Section):
    """Widths of lines by phonons, in place of those that are given."""

    enabled: bool = Field(
        False,
        description=(
            "take line widths and coherence times from the material's phonons (A excitons and their trions, on disks)"
        ),
    )
    temperature: Annotated[float, Unit("K")] = Field("300 K", ge=0, le=1000, description="of the lattice")
    transverse: bool = Field(
        False,
        description=(
            "add the transverse acoustic branch, with phonons.acoustic.coupling_ratio_TA of the material (0 in all but"
            " WS2), to the longitudinal one, whose potentials (Jin 2014) stand for both"
        ),
    )
    residual: Energy = Field(
        "0.5 meV", ge=1e-6, le=1, description="half width at half maximum without phonons: radiative decay, disorder"
    )


class Solver(Section):
    """The eigensolver."""

    states: int = Field(4, ge=1, le=1000, description="number of lowest states")
    tolerance: Annotated[float, Unit("eV")] = Field(
        1e-8, ge=1e-14, le=1e-3, description="largest residual |H x - E x| of a state"
    )


class CarriersInput(RunInput):
    """Input common to all complexes of electrons and holes on a mesh."""

    effects: ClassVar[tuple[Effect, ...]] = (
        Effect(("bands.electron_mass", "bands.hole_mass"), ("bands.model",), lambda model: model == "parabolic"),
        Effect(("mesh.k0",), ("mesh.region",), lambda region: region == "disks"),
        Effect(("screening.kappa",), ("environment",), lambda environment: environment is None),
        Effect(("tight_binding",), ("bands.model",), lambda model: model == "tight-binding"),
        Effect(
            ("tight_binding.valley", "tight_binding.spin", "tight_binding.orbital_tolerance"),
            ("mesh.region",),
            lambda region: region == "disks",
        ),
        Effect(("tight_binding.symmetry_tolerance",), ("mesh.region",), lambda region: region == "disks"),
        Effect(("phonons",), ("phonons.enabled",)),
        Effect(("phonons.transverse",), ("parameters.phonons.acoustic.coupling_ratio_TA",)),
        Effect(("absorption.broadening",), ("phonons.enabled",), lambda phonons: not phonons),
    )

    surroundings: ClassVar[tuple[str, ...]] = ("environment", "screening.kappa")

    environment: Annotated[Permittivity | str | None, Named("environment")] = Field(
        None,
        description=(
            "dielectric surroundings in place of screening.kappa: an environment of `hpcx materials`, the path of a"
            " TOML file (a permittivity, slabs, sheets or a table), or a permittivity"
        ),
    )
    mesh: Mesh = Field(description="Monkhorst-Pack mesh")
    bands: Bands = Field(default_factory=Bands, description="bands")
    tight_binding: TightBindingFiles = Field(default_factory=TightBindingFiles, description="tight-binding model")
    screening: Screening = Field(default_factory=Screening, description="screened interaction")
    gap: Annotated[float, Unit("eV")] | None = Field(
        None,
        gt=0,
        le=20,
        description=(
            "band gap of free electrons and holes (quasiparticle gap), added to energies and photon energies: "
            "an exciton absorbs at the gap less its binding energy; without it energies are from the band edges"
        ),
    )
    absorption: Absorption = Field(default_factory=Absorption, description="absorption spectrum")
    phonons: Phonons = Field(default_factory=Phonons, description="line widths by phonons")
    exchange: Exchange = Field(default_factory=Exchange, description="electron-hole exchange on disks")
    solver: Solver = Field(default_factory=Solver, description="eigensolver")

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together."""
        files = self.tight_binding
        if self.bands.model == "tight-binding" and files.file is None and files.builtin is None:
            yield "tight_binding.file or tight_binding.builtin is missing: the bands"
        if self.screening.r0_y is not None and (self.phonons.enabled or self.screening.interaction != "thin-layer"):
            yield (
                'screening.r0_y acts in the interaction "thin-layer" and not with phonons.enabled, whose excitons are'
                " isotropic"
            )
        if self.phonons.enabled and self.mesh.region == "zone":
            yield 'phonons.enabled gives widths of the 1s exciton of a valley only: set mesh.region = "disks"'

    @property
    def carrier_words(self) -> dict[str, str]:
        """The carriers that the input names, by "electron" and "hole"."""
        return {}

    @property
    def conduction_order(self) -> str | None:
        """ "bright" or "dark" if the input says which conduction band is lower."""
        return None

    @property
    def numbers_from(self) -> str:
        """The usual parameter set: of parabolic bands one with equal masses."""
        return "mayers2015" if self.bands.model == "parabolic" else self.usual_set

    def material_keys(self) -> list[str]:
        """Return lattice, screening, and what bands, named carriers and phonons need."""
        bands = BAND_MODELS[self.bands.model].lacking(self.bands.masses)
        lattice = [] if self.bands.model == "tight-binding" else ["lattice.constant"]
        phonons = matching(*PHONON_NUMBERS) if self.phonons.enabled else ()
        order = ["carriers.order"] if self.carrier_words and self.bands.model != "tight-binding" else []
        return [*dict.fromkeys([*lattice, "interaction.r0", *bands, *order, *phonons])]


class Config(CarriersInput):
    """Input of the exciton."""

    effects: ClassVar[tuple[Effect, ...]] = (
        *CarriersInput.effects,
        Effect(("absorption",), ("absorption.enabled",)),
        Effect(("zone",), ("mesh.region",), lambda region: region == "zone"),
        Effect(("screening.w0", "gap", "absorption.helicity"), ("mesh.region",), lambda region: region == "disks"),
        Effect(("zone.points",), ("zone.path",)),
        Effect(("zone.spinless_factor",), ("zone.exchange",)),
        Effect(("exchange.momenta",), ("exchange.long_range", "exchange.contact")),
        Effect(("exchange.screening", "exchange.spinless_factor"), ("exchange.long_range",)),
        Effect(("exchange",), ("mesh.region",), lambda region: region == "disks"),
    )

    exciton: Pair = Field(default_factory=Pair, description="electron and hole of pairs on disks, in any valleys")
    zone: Zone = Field(default_factory=Zone, description="pairs on the whole zone")
    exchange: ExcitonExchange = Field(default_factory=ExcitonExchange, description="exchange of pairs on disks")

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together."""
        yield from super().complaints()
        yield from check_helicity(self.absorption, self.bands)
        yield from check_exchange(self.exchange, self.bands)
        yield from self.exciton.check(self.mesh.region, self.exchange.acts, self.phonons.enabled)
        if self.mesh.region == "zone" and self.bands.model != "tight-binding":
            yield 'mesh.region = "zone" needs bands.model = "tight-binding": other bands are those of a valley'
        moving = self.zone.path is not None or any(self.zone.momentum)
        if self.mesh.region == "zone" and moving and self.absorption.enabled:
            yield (
                "absorption.enabled needs pairs of zero momentum, because light carries none; leave out zone.momentum"
                " and zone.path"
            )

    @property
    def carrier_words(self) -> dict[str, str]:
        """The carriers that the input names, by "electron" and "hole"."""
        return self.exciton.words
