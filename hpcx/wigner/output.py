"""Results of the moments as named datasets in the units of the users, and the lines at the end of a run."""

from __future__ import annotations

import numpy as np

from hpcx.io.result import Result
from hpcx.physics.constants import BOLTZMANN_EV_PER_K, HBAR
from hpcx.physics.valley_excitons import MODES, VALLEYS, Excitons
from hpcx.units import from_internal
from hpcx.wigner.history import History
from hpcx.wigner.observables import relaxation_times, stationary_diffusivities, stationary_diffusivity, stationary_free
from hpcx.wigner.problem import Problem
from hpcx.wigner.sidebands import spectrum
from hpcx.wigner.time_steps import in_ps

#: step of the photon energy of sidebands, eV, and number of steps up to where they end
SIDEBAND_STEP, SIDEBAND_END = 5e-4, 40
#: time (ps) from which on the diffusivity is no longer that of the pulse
LATE = 1.0
_BALLISTIC = "infinite: excitons of some energy are never scattered"

#: name in a snapshot -> (name in the file, unit, meaning)
_QUANTITIES = {
    "population": ("population", "1", "excitons per generated exciton"),
    "population_rate": ("population_rate_intervalley", "1/ps", "change of the population by intervalley scattering"),
    "mean_squared_displacement": ("mean_squared_displacement", "um^2", "mean of r^2"),
    "diffusivity": ("diffusivity", "cm^2/s", "a quarter of the slope of the mean squared displacement"),
    "free": ("diffusivity_free", "cm^2/s", "part of the diffusivity from free flight"),
    "intervalley": ("diffusivity_intervalley", "cm^2/s", "part from intervalley scattering"),
    "radiative": ("diffusivity_radiative", "cm^2/s", "part from radiative decay"),
    "source": ("diffusivity_source", "cm^2/s", "part from the pulse"),
    "energy": ("mean_energy", "meV", "mean energy above the minimum of the valley"),
    "population_total": ("population_total", "1", "excitons of all valleys, per generated exciton"),
    "mean_squared_displacement_total": ("mean_squared_displacement_total", "um^2", "mean of r^2 over all valleys"),
    "diffusivity_total": ("diffusivity_total", "cm^2/s", "diffusivity of all valleys together"),
    "sidebands": (
        "photoluminescence_phonon",
        "1/ps",
        "rate of phonon-assisted light of the valley, per generated exciton",
    ),
    "mean_squared_displacement_sidebands": (
        "mean_squared_displacement_photoluminescence_phonon",
        "um^2",
        "mean of r^2 of phonon-assisted light",
    ),
    "photoluminescence": ("photoluminescence", "1/ps", "rate of emitted light, per generated exciton"),
    "mean_squared_displacement_photoluminescence": (
        "mean_squared_displacement_photoluminescence",
        "um^2",
        "mean of r^2 of emitted light",
    ),
}


def add_rates(result: Result, problem: Problem) -> None:
    """Add out-rates, relaxation times and stationary diffusivities."""
    grid, rates = problem.grid, problem.rates
    result.add("rates/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    middle = 0.5 * (grid.edges[:-1] + grid.edges[1:])
    result.add_internal("rates/energy", middle, ("energy",), "meV", "energy above the minimum of the valley")
    out_rate = rates.out_rate().reshape(-1, grid.bins)
    result.add_internal("rates/out_rate", out_rate, ("valley", "energy"), "1/ps", "rate of all phonon scattering")
    _add_stationary(result, problem)
    formation, label = grid.sum_v(problem.source.rate_i), "scattering of the coherent polarisation into the valley"
    result.add_internal("rates/formation_rate", formation, ("valley",), "1/ps", label)
    result.add("rates/phonon", np.array(MODES), ("phonon",), "1", "zone-edge phonon")
    momenta, none = thresholds(problem.excitons), "NaN: for KK itself"
    label = "smallest momentum from which an exciton reaches KK by absorbing a zone-edge phonon"
    result.add_internal("rates/threshold_momentum", momenta, ("valley", "phonon"), "1/nm", label, missing=none)
    label = "minimum of the valley, without landscape"
    result.add_internal("rates/valley_energy", problem.excitons.energy_v, ("valley",), "meV", label)
    equilibrium = grid.sum_v(grid.weight_i) / grid.weight_i.sum()
    result.add("rates/equilibrium_population", equilibrium, ("valley",), "1", "share in equilibrium")


def _add_stationary(result: Result, problem: Problem) -> None:
    """Add relaxation times, diffusivities after all transients, and the mobility."""
    rates = problem.rates
    common = stationary_diffusivity(rates, range(len(VALLEYS)), True)

    def add(name: str, values: np.ndarray | float, axes: tuple[str, ...], unit: str, label: str) -> None:
        """Put a number that is infinite without scattering under /rates."""
        result.add_internal(f"rates/{name}", values, axes, unit, label, missing=_BALLISTIC)

    times, alone = relaxation_times(rates, problem.excitons), stationary_diffusivities(rates)
    add("relaxation_time", times, ("valley",), "fs", "D M / kT without intervalley scattering")
    add("stationary_diffusivity", alone, ("valley",), "cm^2/s", "without intervalley scattering")
    add("stationary_diffusivity_common", common, (), "cm^2/s", "of all valleys with all scattering")
    label = "e D / kT of the common diffusivity, as for singly charged particles"
    add("mobility", common / problem.grid.kT, (), "cm^2/V/s", label)
    late = common - stationary_free(rates) if np.isfinite(common) else np.full(len(VALLEYS), np.nan)
    label, missing = "intervalley part of the diffusivity after all transients", "NaN: the diffusivity is infinite"
    result.add_internal("rates/stationary_intervalley", late, ("valley",), "cm^2/s", label, missing=missing)


def thresholds(excitons: Excitons) -> np.ndarray:
    """Return the momenta (valley, phonon; 1/nm) at which the energy and that of an
    intervalley phonon make up the distance to KK.
    """
    found_vm = np.full((len(VALLEYS), len(MODES)), np.nan)
    for pair in excitons.valley_pairs:
        if pair.first == 0:
            valley = pair.second
            distance = excitons.energy_v[0] - excitons.energy_v[valley]
            missing = np.array([max(distance - mode.energy, 0.0) for mode in pair.modes])
            found_vm[valley] = np.sqrt(2 * excitons.mass_v[valley] * missing) / HBAR
    return found_vm


_EXPONENT = "exponent of the mean square displacement: 2 ballistic, 1 diffusive"
_NO_EXPONENT = "NaN: before the pulse's maximum, without excitons, or where the mean squared displacement has not grown"


def _exponent(
    problem: Problem, history: History, diffusivity: np.ndarray, mean_squared_displacement: np.ndarray
) -> np.ndarray:
    """Return d ln(w^2 - w0^2) / d ln t, the time counted from the pulse's maximum;
    NaN where that or the growth is not positive.
    """
    since = (history.time - problem.source.centre).reshape(-1, *(1,) * (diffusivity.ndim - 1))
    growth = mean_squared_displacement - problem.source.spot**2
    known = (since > 0) & (growth > 0)
    return np.where(known, 4 * diffusivity * since / np.where(known, growth, 1.0), np.nan)


def add_observables(result: Result, problem: Problem, history: History) -> None:
    """Add every quantity of the history under `observables`."""
    result.add_internal("observables/time", history.time, ("time",), "ps", "time")
    result.add("observables/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for name, (path, unit, meaning) in _QUANTITIES.items():
        values = history.observables[name]
        result.add_internal(
            f"observables/{path}", values, ("time", "valley")[: values.ndim], unit, meaning, missing=_missing(name)
        )
    temperature = history.observables["energy"] / BOLTZMANN_EV_PER_K
    label = "temperature of the same mean energy"
    result.add(
        "observables/effective_temperature", temperature, ("time", "valley"), "K", label, missing=_missing("energy")
    )
    exponent = _exponent(
        problem, history, history.observables["diffusivity"], history.observables["mean_squared_displacement"]
    )
    result.add("observables/exponent", exponent, ("time", "valley"), "1", _EXPONENT, missing=_NO_EXPONENT)
    exponent = _exponent(
        problem,
        history,
        history.observables["diffusivity_total"],
        history.observables["mean_squared_displacement_total"],
    )
    result.add(
        "observables/exponent_total", exponent, ("time",), "1", f"{_EXPONENT}, all valleys", missing=_NO_EXPONENT
    )
    result.add(
        "observables/emitted", history.emitted, ("time",), "1", "light emitted until then, per generated exciton"
    )


def add_annihilation(result: Result, history: History) -> None:
    """Add what annihilation does."""
    values, missing = history.observables["annihilation"], _missing("annihilation")
    result.add_internal(
        "observables/diffusivity_annihilation",
        values,
        ("time", "valley"),
        "cm^2/s",
        "part from annihilation",
        missing=missing,
    )
    result.add(
        "observables/annihilated",
        history.annihilated,
        ("time",),
        "1",
        "excitons annihilated until then, per generated exciton",
    )


def _missing(name: str) -> str:
    """Return what NaN means in a quantity of a snapshot: means over excitons need some."""
    if name in ("population", "population_rate", "population_total", "photoluminescence", "sidebands"):
        return ""
    if name in ("mean_squared_displacement_photoluminescence", "mean_squared_displacement_sidebands"):
        return "NaN: no light is emitted"
    return "NaN: there are no excitons" + ("" if name.endswith("_total") else " in the valley")


def add_spectra(result: Result, problem: Problem, history: History) -> None:
    """Add distributions over energy, with the equilibrium, at times that are ever further apart."""
    edges, spectra = problem.grid.edges, history.spectra
    width = np.diff(edges)
    result.add_internal("energy/time", history.spectrum_time, ("time",), "ps", "time")
    result.add("energy/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add_internal(
        "energy/energy", 0.5 * (edges[:-1] + edges[1:]), ("energy",), "meV", "energy above the minimum of the valley"
    )
    result.add_internal("energy/bin_width", width, ("energy",), "meV", "width of the energy bin")
    density = spectra.reshape(len(spectra), -1, len(width)) / width
    result.add_internal(
        "energy/distribution",
        density,
        ("time", "valley", "energy"),
        "1/meV",
        "excitons per energy, per generated exciton",
    )
    equilibrium = problem.grid.weight_i.reshape(-1, len(width))
    equilibrium = equilibrium / equilibrium.sum(axis=1, keepdims=True) / width
    result.add_internal(
        "energy/equilibrium",
        equilibrium,
        ("valley", "energy"),
        "1/meV",
        "thermal distribution of one exciton of the valley",
    )


def add_sidebands(result: Result, problem: Problem, history: History) -> None:
    """Add the spectrum of phonon-assisted light at the times of the spectra, if the bright valley shines."""
    found = problem.sidebands()
    if not found:
        return
    lowest = min(float(line.photon_i[0]) for line in found)
    edges = SIDEBAND_STEP * np.arange(np.floor(lowest / SIDEBAND_STEP), SIDEBAND_END + 1)
    light = spectrum(found, problem.grid, history.spectra, edges)
    result.add_internal("sidebands/time", history.spectrum_time, ("time",), "ps", "time")
    label = "photon energy less that of the bright exciton at rest"
    result.add_internal("sidebands/photon_energy", 0.5 * (edges[:-1] + edges[1:]), ("photon_energy",), "meV", label)
    label = "rate of phonon-assisted light, per generated exciton"
    result.add_internal("sidebands/spectrum", light, ("time", "photon_energy"), "1/ps/meV", label)


def summarise(problem: Problem, history: History) -> list[str]:
    """Return the lines that a user wants first."""
    return [
        *summarise_rates(problem),
        f"at {in_ps(history.time[-1]):g} ps:",
        "    populations: " + _by_valley(history.observables["population"][-1], ".3g"),
        "    mean squared displacements (um^2): "
        + _by_valley(from_internal(history.observables["mean_squared_displacement"][-1], "um^2"), ".4f"),
        "    effective temperatures (K): " + _by_valley(history.observables["energy"][-1] / BOLTZMANN_EV_PER_K, ".4g"),
        "    diffusivities (cm^2/s): "
        + _by_valley(from_internal(history.observables["diffusivity"][-1], "cm^2/s"), ".3f"),
        *_bright_valley(history),
    ]


def summarise_rates(problem: Problem) -> list[str]:
    """Return the lines on what needs no time."""
    times = relaxation_times(problem.rates, problem.excitons)
    common = from_internal(stationary_diffusivity(problem.rates, range(len(VALLEYS)), True), "cm^2/s")
    return [
        "relaxation times without intervalley scattering (fs): " + _by_valley(times, ".1f"),
        f"stationary diffusivity of all valleys: {common:.3f} cm^2/s",
    ]


def _by_valley(values: np.ndarray, form: str) -> str:
    return ", ".join(f"{valley} {value:{form}}" for valley, value in zip(VALLEYS, values))


def _bright_valley(history: History) -> list[str]:
    """Say when the diffusivity of KK is largest and when it is negative."""
    time = from_internal(history.time, "ps")
    bright = from_internal(history.observables["diffusivity"][:, 0], "cm^2/s")
    if not np.isfinite(bright).any():
        return []
    peak = int(np.nanargmax(bright))
    lines = [f"diffusivity of KK: largest {bright[peak]:.4g} cm^2/s at {time[peak]:g} ps"]
    negative = time[(bright < 0) & (time > LATE)]
    if negative.size:
        lowest = np.nanargmin(np.where(time > LATE, bright, np.nan))
        lines.append(
            f"    negative from {negative[0]:g} to {negative[-1]:g} ps, lowest {bright[lowest]:.4g} cm^2/s at"
            f" {time[lowest]:g} ps"
        )
    return lines
