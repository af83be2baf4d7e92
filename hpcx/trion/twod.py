"""Two-dimensional spectra of all species together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcx.exciton.absorption import Spectrum
from hpcx.io.result import Result
from hpcx.parallel.errors import AgreedError
from hpcx.physics.constants import HBAR
from hpcx.physics.twodimensional import AllPathways, Beat, StimulatedEmission, fit_beat, laser_spectrum
from hpcx.trion.config import Config, TwoDimensional
from hpcx.trion.dephasing import LineWidths, border, coherent

_SIGNAL_UNIT = "1/(eV^4 fs^2)"
#: energies, weights and half widths of a species' lines
Lines = tuple[np.ndarray, np.ndarray, np.ndarray | float]
_NO_BEAT = "NaN: no damped oscillation was found; an infinite error: the data do not determine it"


@dataclass(frozen=True)
class Peaks:
    """Photon energies of the singlet's bound trion and of its exciton resonance, from the band edges, eV."""

    trion: float
    exciton: float


def find_peaks(spectrum: Spectrum, exciton_energy: float, binding_energy: float) -> Peaks:
    """Return the highest points of the singlet's absorption below and above the middle of trion and exciton.

    Raises AgreedError if there is no bound trion or if the window misses one of the peaks.
    """
    if binding_energy <= 0:
        raise AgreedError(
            "twod: the singlet trion is not bound on this mesh, so there is no cross peak; raise mesh.N or mesh.k0"
        )
    below = spectrum.photon_energy < exciton_energy - binding_energy / 2
    low, high = spectrum.photon_energy[[0, -1]] - exciton_energy
    if low > -binding_energy or high < binding_energy / 2:
        raise AgreedError("twod: absorption.window must contain the trion and the exciton of the singlet; widen it")
    highest = (np.argmax(np.where(side, spectrum.absorption_w, -1)) for side in (below, ~below))
    return Peaks(*(float(spectrum.photon_energy[place]) for place in highest))


def moved_sticks(spectrum: Spectrum, below: float, shift: float) -> np.ndarray:
    """Return stick energies in which those under `below` are moved by `shift`, eV."""
    return np.where(spectrum.stick_energy < below, spectrum.stick_energy + shift, spectrum.stick_energy)


def response(settings: TwoDimensional, lines: Lines, bound: float) -> StimulatedEmission | AllPathways:
    """Return the asked signals of a species; its lines below the energy `bound` (eV) are bound trions."""
    make = partial(
        StimulatedEmission,
        dephasing_time=settings.dephasing_time,
        pathway=settings.pathway,
        bleaching=settings.signals != "emission",
    )
    if settings.signals != "all":
        return make(*lines)
    below = lines[0] < bound
    return AllPathways(make(*lines), make(*(part[below] for part in np.broadcast_arrays(*lines))), settings.pair_shift)


class Experiment:
    """Measured signals of all species, weighted with the laser's spectrum."""

    def __init__(
        self, settings: TwoDimensional, peaks: Peaks, sticks: Mapping[str, Lines], bound: float, gap: float
    ) -> None:
        """Take the lines by species, and below which energy they are bound (eV); energies from the band edges."""
        self._settings, self._peaks = settings, peaks
        self._centre = peaks.trion if settings.laser_centre is None else settings.laser_centre - gap
        self._emission = {species: response(settings, lines, bound) for species, lines in sticks.items()}

    def signal(self, species: str, times: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the signal of a species, or of "total", (t, w1, w3)."""
        if species == "total":
            return np.sum([self.signal(name, times, first, second) for name in self._emission], axis=0)
        emission, width = self._emission[species], self._settings.laser_width
        laser = np.outer(*(laser_spectrum(energy, self._centre, width) for energy in (first, second)))
        return np.array([laser * emission.signal(time, first, second) for time in times])

    def corners(self, species: str, times: np.ndarray) -> np.ndarray:
        """Return the signal at the peaks of trion and exciton, (t, excitation, detection);
        [:, 1, 0] is the lower cross peak.
        """
        both = np.array([self._peaks.trion, self._peaks.exciton])
        return self.signal(species, times, both, both)

    def names(self) -> list[str]:
        """Return the species and "total"."""
        return [*self._emission, "total"]


def add_two_dimensional(
    result: Result,
    config: Config,
    spectra: Mapping[str, Spectrum],
    widths: Mapping[str, LineWidths],
    exciton_energy: float,
    binding_energy: float,
    gap: float,
    contact: float,
) -> None:
    """Put two-dimensional spectra, traces of the cross peak and their beats under /twod.

    Args:
        result: where to put them.
        config: the input.
        spectra: of all species; the triplet's already with the contact interaction.
        widths: of their lines, if phonons make them.
        exciton_energy: 1s exciton, eV.
        binding_energy: of the singlet, eV.
        gap: added to photon energies, eV.
        contact: strength of the contact interaction, eV nm^2.

    Raises AgreedError if the peaks cannot be found.
    """
    settings = coherent(config.twod, widths)
    peaks = find_peaks(spectra["singlet"], exciton_energy, binding_energy)
    bound = border(exciton_energy, binding_energy)
    experiment = Experiment(settings, peaks, _sticks(settings, spectra, widths, bound), bound, gap)
    axis = exciton_energy + np.linspace(*settings.window, settings.points)
    times = np.array(settings.waiting_times)
    result.add("twod/excitation_energy", axis + gap, ("excitation_energy",), "eV", "excitation energy")
    result.add("twod/detection_energy", axis + gap, ("detection_energy",), "eV", "detection energy")
    result.add("twod/waiting_time", times, ("waiting_time",), "fs", "waiting time")
    result.add("twod/trion_peak", peaks.trion + gap, (), "eV", "photon energy of the bound trion")
    result.add("twod/exciton_peak", peaks.exciton + gap, (), "eV", "photon energy of the exciton resonance")
    result.add_internal("twod/contact_exchange", contact, (), "eV*angstrom^2", "contact interaction in the triplet")
    dims = ("waiting_time", "excitation_energy", "detection_energy")
    corner_dims = ("waiting_time", "excitation_peak", "detection_peak")
    for name in experiment.names():
        prefix = "" if name == "total" else f"{name}_"
        result.add(
            f"twod/{prefix}signal", experiment.signal(name, times, axis, axis), dims, _SIGNAL_UNIT, f"{name} signal"
        )
        corners = experiment.corners(name, times)
        result.add(
            f"twod/{prefix}corners", corners, corner_dims, _SIGNAL_UNIT, f"{name} signal at trion and exciton peak"
        )
        result.add(f"twod/{prefix}cross_peak", corners[:, 1, 0], ("waiting_time",), _SIGNAL_UNIT, f"{name} cross peak")
    _add_traces(result, settings, experiment, peaks)


def _sticks(settings, spectra, widths, bound) -> dict[str, Lines]:
    broadening = {
        species: widths[species].of(spectrum) if widths else settings.broadening
        for species, spectrum in spectra.items()
    }
    sticks = {
        species: (spectrum.stick_energy, spectrum.stick_weight, broadening[species])
        for species, spectrum in spectra.items()
    }
    if settings.triplet_shift and settings.shift_by == "sticks" and "triplet" in spectra:
        sticks["triplet"] = moved_sticks(spectra["triplet"], bound, settings.triplet_shift), *sticks["triplet"][1:]
    return sticks


def _add_traces(result: Result, settings: TwoDimensional, experiment: Experiment, peaks: Peaks) -> None:
    """Put finely sampled traces under /twod/trace and the beats that are fitted to their real parts under /twod.

    Their axis has a name of its own: in a tree of groups a group has the coordinates of those above it.
    """
    times = np.arange(0, settings.trace_end + settings.trace_step / 2, settings.trace_step)
    result.add("twod/trace/time", times, ("time",), "fs", "waiting time")
    period = 2 * np.pi * HBAR / (peaks.exciton - peaks.trion)
    fitted = (times >= settings.fit_window[0]) & (times <= settings.fit_window[1])
    for name in experiment.names():
        trace = experiment.corners(name, times)[:, 1, 0]
        prefix = "" if name == "total" else f"{name}_"
        result.add(f"twod/trace/{prefix}cross_peak", trace, ("time",), _SIGNAL_UNIT, f"{name} cross peak")
        beat = fit_beat(times[fitted], (trace.real / trace.real[0])[fitted], settings.dephasing_time, period)
        _add_beat(result, name, prefix, beat, settings.dephasing_time)


def _add_beat(result: Result, name: str, prefix: str, beat: Beat | None, dephasing_time: float) -> None:
    found = beat or Beat(*[np.nan] * 5)
    add = partial(result.add, dims=(), missing=_NO_BEAT)
    add(f"twod/{prefix}beat_period", found.period, units="fs", long_name=f"{name} beat period")
    add(
        f"twod/{prefix}beat_period_error", found.period_error, units="fs", long_name="standard error of the beat period"
    )
    add(f"twod/{prefix}beat_envelope", found.envelope, units="fs", long_name=f"decay time of the {name} beat")
    add(
        f"twod/{prefix}beat_envelope_error",
        found.envelope_error,
        units="fs",
        long_name="standard error of the beat's decay time",
    )
    add(f"twod/{prefix}beat_rms", found.rms, units="1", long_name="rms residual of the fit over the first value")
    if beat is None or not found.envelope_error < found.envelope:
        result.summary.append(f"{name} cross peak: no damped oscillation was found")
        return
    short = found.envelope + 2 * found.envelope_error < dephasing_time
    percent = 100 * (1 - found.envelope / dephasing_time)
    verdict = f"; {percent:.0f} % shorter than the true coherence time of {dephasing_time:g} fs" if short else ""
    result.summary.append(
        f"{name} cross peak: period {found.period:.1f} +- {found.period_error:.1f} fs, envelope {found.envelope:.0f} +-"
        f" {found.envelope_error:.0f} fs (rms of the fit {found.rms:.3f}){verdict}"
    )
