"""Results of the moments as named datasets in the units of the users, and the lines at the end of a run."""

from __future__ import annotations

import numpy as np

from hpcx.io.result import Result
from hpcx.physics.constants import HBAR
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
#: what it means where values are not finite
_BALLISTIC = "infinite: excitons of some energy are never scattered"
_NO_EXCITONS, _NO_LIGHT = "NaN: there are no excitons", "NaN: no light is emitted"
_EMPTY = f"{_NO_EXCITONS} in the valley"
_NO_EXPONENT = "NaN: before the pulse's maximum, without excitons, or where the mean squared displacement has not grown"
_EXPONENT = "exponent of the mean square displacement: 2 ballistic, 1 diffusive"

#: observables of a history: name, unit, meaning, what missing values mean
_QUANTITIES = (
    ("population", "1", "excitons per generated exciton", ""),
    ("population_rate_intervalley", "1/ps", "change of the population by intervalley scattering", ""),
    ("mean_squared_displacement", "um^2", "mean of r^2", _EMPTY),
    ("diffusivity", "cm^2/s", "a quarter of the slope of the mean squared displacement", _EMPTY),
    ("diffusivity_free", "cm^2/s", "part of the diffusivity from free flight", _EMPTY),
    ("diffusivity_intervalley", "cm^2/s", "part from intervalley scattering", _EMPTY),
    ("diffusivity_radiative", "cm^2/s", "part from radiative decay", _EMPTY),
    ("diffusivity_source", "cm^2/s", "part from the pulse", _EMPTY),
    ("mean_energy", "meV", "mean energy above the minimum of the valley", _EMPTY),
    ("population_total", "1", "excitons of all valleys, per generated exciton", ""),
    ("mean_squared_displacement_total", "um^2", "mean of r^2 over all valleys", _NO_EXCITONS),
    ("diffusivity_total", "cm^2/s", "diffusivity of all valleys together", _NO_EXCITONS),
    ("photoluminescence_phonon", "1/ps", "rate of phonon-assisted light of the valley, per generated exciton", ""),
    (
        "mean_squared_displacement_photoluminescence_phonon",
        "um^2",
        "mean of r^2 of phonon-assisted light",
        _NO_LIGHT,
    ),
    ("photoluminescence", "1/ps", "rate of emitted light, per generated exciton", ""),
    ("mean_squared_displacement_photoluminescence", "um^2", "mean of r^2 of emitted light", _NO_LIGHT),
    ("effective_temperature", "K", "temperature of the same mean energy", _EMPTY),
    ("exponent", "1", _EXPONENT, _NO_EXPONENT),
    ("exponent_total", "1", f"{_EXPONENT}, all valleys", _NO_EXPONENT),
    ("emitted", "1", "light emitted until then, per generated exciton", ""),
)
_ANNIHILATION = (
    ("diffusivity_annihilation", "cm^2/s", "part from annihilation", _EMPTY),
    ("annihilated", "1", "excitons annihilated until then, per generated exciton", ""),
)


def add_rates(result: Result, problem: Problem) -> None:
    """Add what does not depend on time: out-rates, thresholds, relaxation times, stationary diffusivities, mobility."""
    grid, rates, excitons = problem.grid, problem.rates, problem.excitons
    add, valley = result.group("rates"), ("valley",)
    add("valley", np.array(VALLEYS), valley, "1", "valley")
    add("energy", grid.middle, ("energy",), "meV", "energy above the minimum of the valley")
    out_rate = rates.out_rate().reshape(-1, grid.bins)
    add("out_rate", out_rate, ("valley", "energy"), "1/ps", "rate of all phonon scattering")
    times, alone = relaxation_times(rates, excitons), stationary_diffusivities(rates)
    label = "D M / kT without intervalley scattering"
    add("relaxation_time", times, valley, "fs", label, missing=_BALLISTIC)
    add("stationary_diffusivity", alone, valley, "cm^2/s", "without intervalley scattering", missing=_BALLISTIC)
    common = stationary_diffusivity(rates, range(grid.valleys), True)
    label = "of all valleys with all scattering"
    add("stationary_diffusivity_common", common, (), "cm^2/s", label, missing=_BALLISTIC)
    label = "e D / kT of the common diffusivity, as for singly charged particles"
    add("mobility", common / grid.kT, (), "cm^2/V/s", label, missing=_BALLISTIC)
    late = common - stationary_free(rates) if np.isfinite(common) else np.full(grid.valleys, np.nan)
    label, missing = "intervalley part of the diffusivity after all transients", "NaN: the diffusivity is infinite"
    add("stationary_intervalley", late, valley, "cm^2/s", label, missing=missing)
    label = "scattering of the coherent polarisation into the valley"
    add("formation_rate", grid.sum_v(problem.source.rate_i), valley, "1/ps", label)
    add("phonon", np.array(MODES), ("phonon",), "1", "zone-edge phonon")
    label = "smallest momentum from which an exciton reaches KK by absorbing a zone-edge phonon"
    momenta = thresholds(excitons)
    add("threshold_momentum", momenta, ("valley", "phonon"), "1/nm", label, missing="NaN: for KK itself")
    add("valley_energy", excitons.energy_v, valley, "meV", "minimum of the valley, without landscape")
    equilibrium = grid.sum_v(grid.weight_i) / grid.weight_i.sum()
    add("equilibrium_population", equilibrium, valley, "1", "share in equilibrium")


def thresholds(excitons: Excitons) -> np.ndarray:
    """Return the momenta (valley, phonon; 1/nm) from which absorbing an intervalley phonon leads to KK."""
    found_vm = np.full((len(VALLEYS), len(MODES)), np.nan)
    for pair in excitons.valley_pairs:
        if pair.first == 0:
            distance = excitons.energy_v[0] - excitons.energy_v[pair.second]
            missing = np.array([max(distance - mode.energy, 0.0) for mode in pair.modes])
            found_vm[pair.second] = np.sqrt(2 * excitons.mass_v[pair.second] * missing) / HBAR
    return found_vm


def add_history(result: Result, problem: Problem, history: History, annihilation: bool) -> None:
    """Add the observables, with those of annihilation if there is any, distributions over energy and sidebands."""
    add = result.group("observables")
    add("time", history.time, ("time",), "ps", "time")
    add("valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for name, unit, meaning, missing in _QUANTITIES + _ANNIHILATION * annihilation:
        values = history.observables[name]
        add(name, values, ("time", "valley")[: values.ndim], unit, meaning, missing=missing)
    _add_spectra(result, problem, history)
    _add_sidebands(result, problem, history)
    label = "excitons, light and annihilated excitons over generated excitons, minus 1"
    result.add_internal("checks/time", history.time, ("time",), "ps", "time")
    result.add("checks/particle_number", history.observables["particle_number"], ("time",), "1", label)


def _add_spectra(result: Result, problem: Problem, history: History) -> None:
    """Add distributions over energy, and the one in equilibrium."""
    add, grid, width = result.group("energy"), problem.grid, np.diff(problem.grid.edges)
    add("time", history.spectrum_time, ("time",), "ps", "time")
    add("valley", np.array(VALLEYS), ("valley",), "1", "valley")
    add("energy", grid.middle, ("energy",), "meV", "energy above the minimum of the valley")
    add("bin_width", width, ("energy",), "meV", "width of the energy bin")
    density, label = history.spectra.reshape(-1, *grid.shape) / width, "excitons per energy, per generated exciton"
    add("distribution", density, ("time", "valley", "energy"), "1/meV", label)
    weight_ve = grid.weight_i.reshape(grid.shape)
    equilibrium = weight_ve / weight_ve.sum(axis=1, keepdims=True) / width
    label = "thermal distribution of one exciton of the valley"
    add("equilibrium", equilibrium, ("valley", "energy"), "1/meV", label)


def _add_sidebands(result: Result, problem: Problem, history: History) -> None:
    """Add the spectrum of phonon-assisted light at the times of the distributions, if KK emits light."""
    found = problem.sidebands()
    if not found:
        return
    lowest = min(float(line.photon_i[0]) for line in found)
    edges = SIDEBAND_STEP * np.arange(np.floor(lowest / SIDEBAND_STEP), SIDEBAND_END + 1)
    light, add = spectrum(found, problem.grid, history.spectra, edges), result.group("sidebands")
    add("time", history.spectrum_time, ("time",), "ps", "time")
    label = "photon energy less that of the bright exciton at rest"
    add("photon_energy", 0.5 * (edges[:-1] + edges[1:]), ("photon_energy",), "meV", label)
    label = "rate of phonon-assisted light, per generated exciton"
    add("spectrum", light, ("time", "photon_energy"), "1/ps/meV", label)


def summarise(problem: Problem, history: History) -> list[str]:
    """Return the lines of the summary at the end of a run."""
    last = {name: history.observables[name][-1] for name in ("population", "effective_temperature")}
    squares = from_internal(history.observables["mean_squared_displacement"][-1], "um^2")
    diffusivity = from_internal(history.observables["diffusivity"][-1], "cm^2/s")
    return [
        *summarise_rates(problem),
        f"at {in_ps(history.time[-1]):g} ps:",
        "    populations: " + _by_valley(last["population"], ".3g"),
        "    mean squared displacements (um^2): " + _by_valley(squares, ".4f"),
        "    effective temperatures (K): " + _by_valley(last["effective_temperature"], ".4g"),
        "    diffusivities (cm^2/s): " + _by_valley(diffusivity, ".3f"),
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
