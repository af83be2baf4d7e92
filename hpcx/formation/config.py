"""Input of the model `formation`; units in brackets are those of plain numbers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from hpcx.config.base import Effect, Named, Permittivity, RunInput, Section, Unit
from hpcx.materials.catalogue import matching

Energy = Annotated[float, Unit("eV")]
MilliEnergy = Annotated[float, Unit("meV")]
Time = Annotated[float, Unit("fs")]
Wavenumber = Annotated[float, Unit("1/nm")]
Temperature = Annotated[float, Unit("K")]
HartreeFock = Literal["1s", "all", "none"]
Polarization = Literal["x", "y", "sigma+", "sigma-"]


class Pump(Section):
    """The pump pulse, transform limited."""

    photon_energy: Energy = Field(
        ge=0.1,
        le=20,
        examples=[2.4, 2.8],
        description="centre of the pump; from the A gap to 0.2 eV below the highest kept state",
    )
    duration: Time = Field("20 fs", ge=1, le=1e4, description="FWHM of the intensity")
    fluence: Annotated[float, Unit("uJ/cm^2")] = Field(
        "5 uJ/cm^2", ge=1e-9, le=1e6, description="incident energy per area"
    )
    polarization: Polarization | Annotated[list[Polarization], Field(min_length=1, max_length=4)] = Field(
        "x", description="linear x, y or circular sigma+, sigma-; a list adds an axis to the results at the cost of one"
    )

    @property
    def polarizations(self) -> list[Polarization]:
        """All polarisations of the pump."""
        return self.polarization if isinstance(self.polarization, list) else [self.polarization]

    @model_validator(mode="after")
    def _different(self) -> Pump:
        if len(set(self.polarizations)) < len(self.polarizations):
            raise ValueError(f"pump.polarization = {self.polarization} names one twice")
        return self


class Probe(Section):
    """The probe pulse, transform limited and weak."""

    photon_energy: Energy = Field("1.955 eV", ge=0.1, le=20, description="centre of the probe")
    duration: Time = Field("15 fs", ge=1, le=1e4, description="FWHM of the intensity")
    polarization: Polarization = Field("x", description="linear x, y or circular sigma+, sigma-; detection is along it")


class Delay(Section):
    """Delays of the probe after the pump."""

    start: Time = Field("-100 fs", ge=-1e5, le=1e5, description="first delay")
    stop: Time = Field("250 fs", ge=-1e5, le=1e5, description="last delay")
    points: int = Field(71, ge=2, le=2001, description="number of equidistant delays")

    @model_validator(mode="after")
    def _ordered(self) -> Delay:
        if self.stop <= self.start:
            raise ValueError(f"delay.stop = {self.stop} fs must be above delay.start = {self.start} fs")
        return self


class Solver(Section):
    """How the equations are solved."""

    route: Literal["third-order", "time"] = Field("third-order", description="perturbative, or all orders in time")
    time_step: Time = Field("0.5 fs", ge=0.01, le=1, description="sampling of the third-order route")
    tolerance: float = Field(1e-7, ge=1e-12, le=1e-3, description="relative tolerance of the time route")
    probe_ratio: float = Field(1e-3, ge=1e-6, le=0.1, description="probe amplitude over pump amplitude, time route")


class Approximation(Section):
    """Terms that are kept, and their form."""

    bleaching: Literal["plane-wave", "printed"] = Field("plane-wave", description="bleaching by unbound states")
    excited_bleaching: float = Field(1.0, ge=0, le=2, description="factor on the bleaching by all states but 1s")
    hartree_fock: HartreeFock = Field("1s", description="range of the Hartree-Fock terms")
    biexciton: bool = Field(True, description="two-exciton states")
    two_exciton_states: int = Field(
        1,
        ge=1,
        le=5,
        description=(
            "s states (1s, 2s, ...) of each exciton that drive two-exciton states: 1: pairs of 1s alone; from 2 on,"
            " with hartree_fock = 'all', these hold all states of both excitons"
        ),
    )
    manifold_pairs: bool = Field(True, description="two-exciton states of an A and a B exciton")
    common_masses: bool = Field(False, description="B takes the masses and the dipole moment of A")
    equal_mass_kernel: bool = Field(False, description="two-exciton kernels of equal electron and hole masses")
    grating: bool = Field(False, description="population grating of pump and probe in the third-order route")
    cascade: Literal["quantum", "printed"] = Field(
        "quantum", description="emission of quanta independent of the grid, or the chain as published"
    )
    radiation: Literal["dispersive", "frozen"] = Field(
        "dispersive", description="radiation and substrate at each frequency, or at the probe's"
    )
    substrate: bool = Field(False, description="SiO2/Si stack instead of a free-standing sheet")
    background: Annotated[float, Unit("nm")] = Field(
        "0 nm",
        ge=0,
        le=1000,
        description="susceptibility of all other transitions of the layer times its thickness: (eps - 1) d",
    )


class Cascade(Section):
    """Relaxation."""

    speed: Annotated[float, Unit("meV/fs")] = Field("20 meV/fs", ge=1e-3, le=200, description="energy loss rate")
    quantum: MilliEnergy = Field("48 meV", ge=1, le=1000, description="mean energy of an emitted quantum")
    width: MilliEnergy = Field("12 meV", ge=0.1, le=1000, description="width of the distribution of quanta")
    decay: MilliEnergy = Field("1 meV", ge=0, le=1000, description="decay of the 1s population, hbar times rate")


class Dephasing(Section):
    """Half widths at half maximum, without radiative damping."""

    s1: MilliEnergy = Field("30 meV", ge=0.01, le=1000, alias="1s", description="1s states")
    bound: MilliEnergy = Field("50 meV", ge=0.01, le=1000, description="other bound states")
    continuum: MilliEnergy = Field("50 meV", ge=0.01, le=1000, description="unbound states")
    inhomogeneous: MilliEnergy = Field(
        "0 meV", ge=0, le=200, description="standard deviation of exciton energies over the sample"
    )
    measured_at: Temperature = Field(
        "300 K",
        ge=0,
        le=1000,
        description="temperature at which these widths hold; others follow from the phonons of the material",
    )


class Momentum(Section):
    """Radial momentum grid."""

    points: int = Field(110, ge=20, le=1000, description="uniform nodes")
    uniform_max: Wavenumber = Field("3.2 1/nm", ge=0.1, le=100, description="end of the uniform part")
    tail_points: int = Field(40, ge=4, le=400, description="logarithmic Gauss nodes of the tail")
    max: Wavenumber = Field(
        "30 1/nm",
        ge=0.1,
        le=10000,
        description="end of the tail; extended at the same density where weak screening shrinks the excitons",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Momentum:
        if self.max <= self.uniform_max:
            raise ValueError(
                f"momentum.max = {self.max} 1/nm must be above momentum.uniform_max = {self.uniform_max} 1/nm"
            )
        return self


class Continuum(Section):
    """Unbound states that are kept."""

    energy_max: Energy = Field("1.45 eV", gt=0.3, le=20, description="largest energy above the gap")


class PhotonEnergies(Section):
    """Detection energies of the spectrum; none by default."""

    start: Energy = Field("1.75 eV", ge=0.1, le=20, description="first photon energy")
    stop: Energy = Field("2.15 eV", ge=0.1, le=20, description="last photon energy")
    points: int = Field(0, ge=0, le=2000, description="number of photon energies, 0 for no spectrum")


class Signal(Section):
    """Spectrum and error bars, in addition to the traces at the A and B excitons."""

    photon_energies: PhotonEnergies = Field(default_factory=PhotonEnergies, description="spectrum")
    bootstrap: int = Field(20, ge=0, le=1000, description="resamplings of each fit for the error of the rise time")


class Config(RunInput):
    """Input of the model `formation`."""

    effects: ClassVar[tuple[Effect, ...]] = (
        Effect(
            ("solver.time_step", "approximation.grating", "approximation.background", "dephasing.inhomogeneous"),
            ("solver.route",),
            lambda route: route == "third-order",
        ),
        Effect(("solver.tolerance", "solver.probe_ratio"), ("solver.route",), lambda route: route == "time"),
        Effect(
            ("approximation.two_exciton_states", "approximation.manifold_pairs", "approximation.equal_mass_kernel"),
            ("approximation.biexciton",),
        ),
        Effect(("cascade.quantum", "cascade.width"), ("approximation.cascade",), lambda kind: kind == "quantum"),
        Effect(("dephasing.measured_at",), ("temperature",), lambda temperature: temperature is not None),
        Effect(("signal.photon_energies.start", "signal.photon_energies.stop"), ("signal.photon_energies.points",)),
    )

    surroundings: ClassVar[tuple[str, ...]] = ("environment", "interaction.kappa")
    usual_set: ClassVar[str] = "trovatello2020"

    environment: Annotated[Permittivity | str | None, Named("environment")] = Field(
        None,
        description=(
            "dielectric surroundings in place of those fitted to the material's binding energy: an environment of `hpcx"
            " materials`, the path of a TOML file (a permittivity, slabs, sheets or a table), or a permittivity"
        ),
    )
    temperature: Temperature | None = Field(
        None,
        ge=0,
        le=1000,
        description=(
            "temperature of the lattice: dephasing by phonons, absorption of phonons in the cascade, thermal momenta of"
            " 1s excitons; without it (the default) dephasing is as given in [dephasing], and excitons only lose energy"
        ),
        examples=[77, 300],
    )
    pump: Pump = Field(description="pump pulse")
    probe: Probe = Field(default_factory=Probe, description="probe pulse")
    delay: Delay = Field(default_factory=Delay, description="delays")
    solver: Solver = Field(default_factory=Solver, description="method")
    approximation: Approximation = Field(default_factory=Approximation, description="terms that are kept")
    cascade: Cascade = Field(default_factory=Cascade, description="relaxation of populations")
    dephasing: Dephasing = Field(default_factory=Dephasing, description="dephasing of polarisations")
    momentum: Momentum = Field(default_factory=Momentum, description="radial momentum grid")
    continuum: Continuum = Field(default_factory=Continuum, description="unbound states")
    signal: Signal = Field(default_factory=Signal, description="spectrum and error bars")

    def material_keys(self) -> list[str]:
        """Return the numbers of the model, those of surroundings and substrate where they count."""
        manifolds = "A" if self.approximation.common_masses else "AB"
        masses = [f"carriers.{carrier}_{manifold}_mass" for manifold in manifolds for carrier in ("electron", "hole")]
        around = ["interaction.kappa"] if self.environment is None else []
        substrate = matching("substrate.*") if self.approximation.substrate else ()
        dephasing = () if self.temperature is None else (*matching("optics.dephasing_*"), "phonons.optical.energy")
        return [
            "lattice.constant",
            "carriers.hopping",
            *masses,
            *matching("optics.exciton_*_energy"),
            "interaction.r0",
            *around,
            *substrate,
            *dephasing,
        ]
