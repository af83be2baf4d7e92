"""Input of the model `valley`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from hpcx.config.base import Effect, Named, Permittivity, RunInput, Section, Unit, refuse_more
from hpcx.materials.catalogue import matching
from hpcx.valley.mechanism_sets import AS_WRITTEN, expand_sets, select

#: largest number of delays, and of pairs of cells times angles: some GB
MOST_DELAYS, MOST_TRANSFERS = 1_000_000, 30_000_000
#: default times (fs) at which flows are written
FLOW_TIMES = (100.0, 300.0, 1000.0, 3000.0, 10000.0)


#: numbers of the material that the model reads
NUMBERS = (
    "lattice.*",
    "carriers.hopping",
    "carriers.order",
    "carriers.*_splitting",
    "carriers.Lambda_energy",
    "carriers.*_mass",
    "interaction.r0",
    "optics.exciton_A_energy",
    "optics.dipole_gap",
    "phonons.acoustic.velocity_LA",
    "phonons.acoustic.electron_potential_K",
    "phonons.acoustic.hole_potential",
    "phonons.optical.*",
    "phonons.lumped.*",
    "phonons.spin_flip.*",
)


class Mechanisms(Section):
    """Couplings that are included; each has its own matrix and can be switched off by one key."""

    set: str = Field(
        AS_WRITTEN,
        description=(
            "'as written': the switches below; else a sum such as 'phonons + exchange' or 'full - dexter_dark', "
            "which sets them all. "
            "In a sweep also 'each alone', 'each left out', 'all subsets'"
        ),
    )

    phonon_intravalley: bool = Field(True, description="acoustic and Gamma optical phonons inside a valley")
    phonon_electron: bool = Field(True, description="zone-edge phonons that move the electron to another valley")
    phonon_hole: bool = Field(True, description="zone-edge phonons that move the hole to the other valley")
    exchange: bool = Field(
        True, description="long-range electron-hole exchange between bright excitons (double spin flip)"
    )
    dexter_coherent: bool = Field(True, description="Dexter coupling of the coherent A and B polarisations")
    dexter_intravalley: bool = Field(True, description="Dexter transfer between intravalley A and B occupations")
    dexter_dark: bool = Field(True, description="Dexter transfer between momentum-dark K-K' occupations")
    spin_flip: bool = Field(False, description="phonon-assisted spin flip of single electrons (doubles the species)")
    dexter_kernel: Literal["lorentzian", "detailed-balance", "phonon-assisted"] = Field(
        "lorentzian",
        description=(
            "Dexter rates: Lorentzian, the same with uphill rates reduced by the Boltzmann factor, or hole"
            " scattering through the admixture of the upper exciton in the lower one"
        ),
    )
    offresonant_drive: bool = Field(
        True, description="the pump also drives the B transition of its valley, off resonance"
    )
    exchange_short_range: Annotated[float, Unit("meV")] = Field(
        "0 meV", ge=0, le=1000, description="short-range exchange between A and B polarisations of one valley"
    )
    phonon_interference: Literal["none", "difference", "sum"] = Field(
        "none",
        description="how electron and hole amplitudes of one intravalley phonon add: as probabilities, or coherently",
    )

    @model_validator(mode="before")
    @classmethod
    def _apply_set(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("set", AS_WRITTEN) == AS_WRITTEN:
            return data
        chosen = select(str(data["set"]))
        differing = [name for name in chosen if name in data and data[name] != chosen[name]]
        if differing:
            raise ValueError(
                f"mechanisms.set = '{data['set']}' contradicts mechanisms.{differing[0]}; give one of them"
            )
        return {**data, **chosen}


class Dexter(Section):
    """Strength of the Dexter couplings."""

    constant: Annotated[float, Unit("eV*angstrom^2")] = Field(
        "15 eV*angstrom^2", ge=0, le=1000, description="contact constant V_D"
    )
    dark_ratio: float = Field(
        1.0, ge=0, le=100, description="Dexter constant of the momentum-dark process relative to the intravalley one"
    )


class SpinFlip(Section):
    """Single-electron spin flips: deformation potentials, a free thermally activated law, or Rashba mixing."""

    law: Literal["phonon", "activated", "rashba"] = Field(
        "phonon", description="one-phonon rates, a free Arrhenius law, or Rashba mixing"
    )
    dephases: bool = Field(
        False,
        description=(
            "flips also dephase the polarisations, which then feed populations through them, and the coherences of"
            " exchange and"
            " Dexter transfer"
        ),
    )
    rashba: Annotated[float, Unit("eV*angstrom")] = Field(
        "0.02 eV*angstrom",
        ge=0,
        le=10,
        description="Rashba mixing: coupling of the electron's spin branches over its momentum",
    )
    intravalley: Annotated[float, Unit("eV/angstrom")] = Field(
        10.0, ge=0, le=1000, description="between the spin branches of a valley"
    )
    intervalley: Annotated[float, Unit("eV/angstrom")] = Field(
        0.25, ge=0, le=1000, description="between opposite spins of K and K'"
    )
    path: Literal["intravalley", "intervalley"] = Field(
        "intervalley",
        description="activated law: between the spin branches of a valley, or between equal branches of K and K'",
    )
    rate: Annotated[float, Unit("1/ps")] = Field(1.0, ge=0, le=1e4, description="activated law: downhill rate at 300 K")
    activation: Annotated[float, Unit("meV")] = Field(
        "100 meV", ge=0, le=5000, description="activated law: activation energy"
    )


class Momentum(Section):
    """The grid of centre-of-mass momenta."""

    dimension: Literal[1, 2] = Field(
        1, description="1: magnitude of the momentum only; 2: also the angular coherences of the exchange"
    )
    coherence_in_scattering: bool = Field(
        True, description="two dimensions: phonon scattering transfers angular coherences"
    )
    points: int = Field(70, ge=8, le=2000, description="number of cells of the momentum's magnitude")
    max: Annotated[float, Unit("1/angstrom")] = Field(0.40, ge=0.01, le=2, description="largest momentum")
    growth: float = Field(1.15, ge=1, le=3, description="cell edges grow as this power of the index")
    angles: int = Field(24, ge=4, le=1000, description="midpoint angles between 0 and pi in the scattering integrals")
    broadening: Annotated[float, Unit("meV")] = Field(
        "3 meV", ge=0.01, le=1000, description="standard deviation of the energy conservation"
    )

    @model_validator(mode="after")
    def _countable(self) -> Momentum:
        knobs = "lower momentum.points or momentum.angles"
        refuse_more("pairs of cells with angles", self.points**2 * self.angles, MOST_TRANSFERS, knobs)
        return self


class Dephasing(Section):
    """Phenomenological dephasing beside that by phonons (half widths at half maximum)."""

    radiative: Annotated[float, Unit("meV")] = Field(
        "1.2 meV", ge=0, le=1000, description="radiative dephasing of the polarisations"
    )
    pure: Annotated[float, Unit("meV")] = Field(
        "2 meV", ge=0, le=1000, description="pure dephasing of coherences between species"
    )
    floor: Annotated[float, Unit("meV")] = Field(
        "1 meV", ge=1e-3, le=1000, description="smallest dephasing of coherences between species"
    )
    within_cells: bool = Field(
        True,
        description=(
            "scattering that stays within a cell dephases too; without it lifetimes converge slowly with"
            " momentum.points (6 % off at 70)"
        ),
    )


class Pump(Section):
    """The circularly polarised pump pulse."""

    photon_energy: Annotated[float, Unit("eV")] | None = Field(
        None, ge=0.1, le=20, description="default: the A exciton of the material"
    )
    duration: Annotated[float, Unit("fs")] = Field(
        "73 fs", ge=1, le=1e5, description="full width at half maximum of the intensity"
    )
    density: Annotated[float, Unit("cm^-2")] = Field(
        "8e11 cm^-2", ge=1, le=1e16, description="exciton density at the end of the run"
    )


class Probe(Section):
    """The probe pulse."""

    duration: Annotated[float, Unit("fs")] = Field(
        "68 fs", ge=1, le=1e5, description="full width at half maximum of the intensity"
    )
    kerr_energy: Annotated[float, Unit("eV")] | None = Field(
        None,
        ge=0.1,
        le=20,
        description="photon energy of the Kerr rotation, which is not computed without one (the default)",
    )
    line_width: Annotated[float, Unit("meV")] = Field(
        "25 meV", ge=0.1, le=1000, description="half width of the A and B lines in the Kerr rotation"
    )


class Magnetic(Section):
    """A magnetic field across the layer: bands at K move up by g times Bohr magneton times field, those at K' down.

    The g factors of the bands are those of WSe2 by density-functional theory [recalled: Wozniak et al., PRB 101, 235408
    (2020)]: excitons have -3.9 (bright A), -9.9 (spin-dark), -13.3 (K - K').
    """

    field: Annotated[float, Unit("T")] = Field(
        "0 T", ge=-100, le=100, description="field along the direction of the light"
    )
    electron_A: float = Field(3.84, ge=-20, le=20, description="g factor of the conduction band of the A exciton")
    electron_B: float = Field(0.86, ge=-20, le=20, description="g factor of the other conduction band at K")
    electron_Lambda: float = Field(
        0.0, ge=-20, le=20, description="g factor of the conduction band at Lambda (of K's half of the zone)"
    )
    hole_A: float = Field(5.81, ge=-20, le=20, description="g factor of the upper valence band")
    hole_B: float = Field(3.9, ge=-20, le=20, description="g factor of the lower valence band")


class Time(Section):
    """The window of delays and the steps of the integration."""

    start: Annotated[float, Unit("fs")] = Field(
        "-250 fs", ge=-1e5, lt=0, description="first delay; the pump has its maximum at zero"
    )
    end: Annotated[float, Unit("ps")] = Field("10 ps", ge=0.05, le=1000, description="last delay")
    step: Annotated[float, Unit("fs")] = Field("5 fs", ge=0.01, le=1e5, description="spacing of the delays")
    refinement: float = Field(1.0, ge=0.01, le=100, description="all time steps are divided by this")

    @model_validator(mode="after")
    def _countable(self) -> Time:
        time = self.internal
        refuse_more("delays", (time.end - time.start) / time.step, MOST_DELAYS, "raise time.step or lower time.end")
        return self


class Approximation(Section):
    """Extensions of the low-density model."""

    saturation: bool = Field(
        False, description="bosonic stimulation and Pauli blocking of the final states (terms in N^2)"
    )
    stimulation: bool = Field(True, description="with saturation: the bosonic part")
    blocking: bool = Field(True, description="with saturation: the Pauli part")
    hole_closure: bool = Field(
        True, description="hole transfer by phonons with form factor one (closure over relative motion)"
    )


class Modes(Section):
    """The slowest modes of the generator."""

    count: int = Field(6, ge=1, le=50, description="number of modes of each parity")


class Flow(Section):
    """Populations moved between species."""

    times: list[Annotated[float, Unit("ps"), Field(ge=0, le=1e6)]] | None = Field(
        None,
        description=(
            "times at which flows between species are written; default 0.1, 0.3, 1, 3 and 10 ps as far as the run goes"
        ),
    )


class Config(RunInput):
    """A whole input of the model `valley`."""

    effects: ClassVar[tuple[Effect, ...]] = (
        Effect(("spin_flip",), ("mechanisms.spin_flip",)),
        Effect(("spin_flip.intravalley", "spin_flip.intervalley"), ("spin_flip.law",), lambda law: law == "phonon"),
        Effect(
            ("spin_flip.path", "spin_flip.rate", "spin_flip.activation"),
            ("spin_flip.law",),
            lambda law: law == "activated",
        ),
        Effect(("spin_flip.rashba",), ("spin_flip.law",), lambda law: law == "rashba"),
        Effect(("dexter.dark_ratio",), ("mechanisms.dexter_dark",)),
        Effect(("momentum.coherence_in_scattering",), ("momentum.dimension",), lambda dimension: dimension == 2),
        Effect(("probe.line_width",), ("probe.kerr_energy",), lambda energy: energy is not None),
        Effect(
            tuple(f"magnetic.{band}" for band in ("electron_A", "electron_B", "electron_Lambda", "hole_A", "hole_B")),
            ("magnetic.field",),
        ),
        Effect(("approximation.stimulation", "approximation.blocking"), ("approximation.saturation",)),
    )

    surroundings: ClassVar[tuple[str, ...]] = ("environment",)
    usual_set: ClassVar[str] = "dogadov2025"

    temperature: Annotated[float, Unit("K")] = Field(77.0, ge=4, le=1000, description="lattice temperature")
    environment: Annotated[Permittivity | str, Named("environment")] = Field(
        "SiO2",
        description=(
            "dielectric surroundings: an environment of `hpcx materials`, the path of a TOML file (a permittivity,"
            " slabs, sheets or a table), or a permittivity"
        ),
    )
    mechanisms: Mechanisms = Field(default_factory=Mechanisms, description="which couplings act")
    dexter: Dexter = Field(default_factory=Dexter, description="strength of the Dexter couplings")
    spin_flip: SpinFlip = Field(default_factory=SpinFlip, description="single-electron spin flips")
    momentum: Momentum = Field(default_factory=Momentum, description="grid of centre-of-mass momenta")
    dephasing: Dephasing = Field(default_factory=Dephasing, description="phenomenological dephasing")
    pump: Pump = Field(default_factory=Pump, description="pump pulse")
    probe: Probe = Field(default_factory=Probe, description="probe pulse")
    magnetic: Magnetic = Field(default_factory=Magnetic, description="magnetic field")
    time: Time = Field(default_factory=Time, description="delays and steps")
    approximation: Approximation = Field(
        default_factory=Approximation, description="extensions of the low-density model"
    )
    modes: Modes = Field(default_factory=Modes, description="slowest modes")
    flow: Flow = Field(default_factory=Flow, description="populations moved between species")

    def material_keys(self) -> list[str]:
        """Return the numbers of the model, and which conduction band is lower."""
        return list(matching(*NUMBERS))

    @classmethod
    def expand_axis(cls, key: str, values: list[Any]) -> list[Any]:
        """Return the values of a swept key with the families of mechanism sets written out."""
        return expand_sets(values) if key == "mechanisms.set" else values

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with keys together."""
        if self.approximation.saturation and self.momentum.dimension == 2:
            yield (
                "approximation.saturation needs momentum.dimension = 1: the theory has no saturation of angular"
                " coherences"
            )
        if self.magnetic.field and self.momentum.dimension == 2:
            yield (
                "magnetic.field needs momentum.dimension = 1: angular coherences between detuned valleys are not part"
                " of the theory"
            )
        outside = [t for t in self.flow.times or [] if not 0 <= t <= self.time.end]
        if outside:
            yield f"flow.times: {outside[0]:g} ps is not between 0 and time.end = {self.time.end:g} ps"

    @property
    def flow_times(self) -> list[float]:
        """Return the times (fs) at which flows are written."""
        times, end = self.internal.flow.times, self.internal.time.end
        return [t for t in FLOW_TIMES if t <= end] if times is None else times
