"""Bands of the rise time against pump energy, one parameter varied at a time and all of them together.

    python postprocess/formation_uncertainty.py results/formation_uncertainty/sweep.h5

Wants a sweep over the pump energy first and then any parameters; the centre of each is the value nearest its default.
"""

from __future__ import annotations

import h5py
import numpy as np
from common import letters, plt, read, texts
from formation_common import draw_sweep

DEFAULTS = {
    "dephasing.continuum": 50,
    "approximation.excited_bleaching": 1.0,
    "cascade.speed": 20,
    "approximation.hartree_fock": "1s",
}
NAMES = {
    "dephasing.continuum": "dephasing of unbound states",
    "approximation.excited_bleaching": "bleaching by excited states",
    "cascade.speed": "cascade speed",
    "approximation.hartree_fock": "range of Hartree-Fock terms",
}


def main() -> None:
    """Draw, and print the bands."""
    draw_sweep(__file__, __doc__, _draw, _print_bands)


def _rise_times(file: h5py.File, name: str) -> np.ndarray:
    """Return times of the full signal: pump, parameters, resonance."""
    return read(file, f"signal/{name}")[..., texts(file, "signal/contribution").index("full")]


def _axes(file: h5py.File) -> dict[str, list]:
    """Return the swept parameters with their values, in the order of the axes."""
    scales = [dimension[0].name.rsplit("/", 1)[-1] for dimension in file["signal/rise_time"].dims]
    return {name: [_plain(value) for value in read(file, name)] for name in scales if name in DEFAULTS}


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def _nearest(values: list, default: object) -> int:
    return values.index(default) if isinstance(default, str) else int(np.argmin(np.abs(np.array(values) - default)))


def _centre(axes: dict[str, list]) -> tuple[int, ...]:
    return tuple(_nearest(values, DEFAULTS[name]) for name, values in axes.items())


def _bands(rise: np.ndarray, axes: dict[str, list], resonance: int) -> dict[str, np.ndarray]:
    """Return (2, pump) bands by parameter, the others at their centre, and of all together."""
    values, centre = rise[..., resonance], _centre(axes)
    bands = {}
    for number, name in enumerate(axes):
        index = (slice(None), *(slice(None) if k == number else c for k, c in enumerate(centre)))
        bands[name] = np.array([values[index].min(axis=1), values[index].max(axis=1)])
    flat = values.reshape(values.shape[0], -1)
    bands["all together"] = np.array([flat.min(axis=1), flat.max(axis=1)])
    return bands


def _draw(file: h5py.File, pumps: np.ndarray) -> plt.Figure:
    rise, low, high = (_rise_times(file, name) for name in ("rise_time", "rise_time_low", "rise_time_high"))
    axes = _axes(file)
    figure, panels = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True)
    centre = (slice(None), *_centre(axes))
    for resonance, (panel, title) in enumerate(zip(panels, "AB")):
        bands = _bands(rise, axes, resonance)
        panel.fill_between(pumps, *bands.pop("all together"), color="0.9", label="all together")
        for number, (name, band) in enumerate(bands.items()):
            panel.fill_between(pumps, *band, color=f"C{number}", alpha=0.35, linewidth=0, label=NAMES[name])
        fit = np.array([low[centre][:, resonance], high[centre][:, resonance]])
        middle = rise[centre][:, resonance]
        label = "centre, limits of the fit"
        panel.errorbar(
            pumps, middle, yerr=np.abs(fit - middle), fmt="ko-", markersize=3, capsize=2, linewidth=1, label=label
        )
        panel.set_title(f"{title} exciton", fontsize=10)
        panel.set_xlabel("pump photon energy (eV)")
    letters(panels)
    panels[0].set_ylabel("rise time, two components (fs)")
    panels[0].legend(fontsize=7, loc="upper left")
    return figure


def _print_bands(file: h5py.File, pumps: np.ndarray) -> None:
    rise, axes = _rise_times(file, "rise_time"), _axes(file)
    bounds = np.unique(rise[_rise_times(file, "rise_time_at_bound") > 0])
    for resonance, title in enumerate("AB"):
        print(
            f"{title}: rise time (fs), least and largest; pump (eV): " + "  ".join(f"{energy:.2f}" for energy in pumps)
        )
        for name, band in _bands(rise, axes, resonance).items():
            print(
                f"  {NAMES.get(name, name):<30}"
                + "  ".join("-".join(_told(time, bounds) for time in ends) for ends in band.T)
            )
    if bounds.size:
        print(f"* a bound of the fit ({', '.join(f'{bound:g} fs' for bound in bounds)}), not a result")


def _told(time: float, bounds: np.ndarray) -> str:
    return f"{time:.1f}{'*' if np.isclose(bounds, time, rtol=1e-9).any() else ''}"


if __name__ == "__main__":
    main()
