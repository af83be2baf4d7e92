"""Figures of the page from result files: curves and maps in the axes of the papers, as PNG data."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from common import plt
from validation.results import Missing, Results, merge

#: width and height of one panel, inches
PANEL = (3.4, 2.7)


def draw(figure: dict[str, Any], results: Results) -> tuple[bytes, tuple[int, int]]:
    """Return a figure as PNG with its width and height in pixels; raises Missing if nothing of it has been computed."""
    panels = figure["panel"]
    columns = figure.get("columns", min(len(panels), 3))
    rows = -(-len(panels) // columns)
    drawing, axes = plt.subplots(rows, columns, squeeze=False, figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    try:
        drawn = [_panel(axis, panel, results) for axis, panel in zip(axes.flat, panels)]
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        if not any(drawn):
            raise Missing("nothing of this figure has been computed by this version")
        return _png(drawing)
    finally:
        plt.close(drawing)


def _png(drawing: Any) -> tuple[bytes, tuple[int, int]]:
    stream = io.BytesIO()
    # a fixed box: `tight` would make the size unknown beforehand
    with plt.rc_context({"savefig.bbox": None}):
        drawing.savefig(stream, format="png", dpi=120, facecolor="white")
    data = stream.getvalue()
    # width and height stand in the header of a PNG
    return data, (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))


def _panel(axis: Any, panel: dict[str, Any], results: Results) -> bool:
    """Draw one panel; say whether any of its data existed."""
    if "map" in panel:
        drawn = _map(axis, panel["map"], results)
    else:
        drawn = any([_curve(axis, curve, results) for curve in panel["curve"]])
    for lower, upper in panel.get("spans", []):
        axis.axvspan(lower, upper, color="0.9", zorder=0)
    for mark in panel.get("marks", []):
        axis.plot(mark["x"], mark["y"], "k*", markersize=9, label=mark.get("label"))
    for level in panel.get("lines", []):
        axis.axhline(level, color="0.6", linewidth=0.8, zorder=0)
    _decorate(axis, panel, drawn)
    return drawn


def _decorate(axis: Any, panel: dict[str, Any], drawn: bool) -> None:
    axis.set(xlabel=panel.get("x", ""), ylabel=panel.get("y", ""))
    axis.set(xscale=panel.get("xscale", "linear"), yscale=panel.get("yscale", "linear"))
    axis.set_title(panel.get("title", ""), fontsize=10)
    if "xlim" in panel:
        axis.set_xlim(*panel["xlim"])
    if "ylim" in panel:
        axis.set_ylim(*panel["ylim"])
    if not drawn:
        axis.text(0.5, 0.5, "not computed", transform=axis.transAxes, ha="center", color="0.5")
    elif axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=7)


def _points(axis: Any, curve: dict[str, Any], results: Results) -> bool:
    """Draw numbers against numbers: operands `x_of` and `y_of` for every value of `each`."""
    try:
        changes = [{"select": {name: value}} for name, values in curve["each"].items() for value in values]
        x, y = ([results.number(merge(curve[key], change)) for change in changes] for key in ("x_of", "y_of"))
    except Missing:
        return False
    axis.plot(x, y, curve.get("style", "o"), label=curve.get("label"), color=curve.get("color"))
    return True


def _curve(axis: Any, curve: dict[str, Any], results: Results) -> bool:
    if "each" in curve:
        return _points(axis, curve, results)
    try:
        array = results.array(curve)
    except Missing:
        return False
    if array.values.ndim != 1:
        raise ValueError(f"curve {curve['path']}: select fixes too little, {array.names} are left")
    x = curve.get("x_scale", 1.0) * array.coordinates[0].astype(float) + curve.get("x_shift", 0.0)
    y = np.real(array.values)
    if curve.get("normalise"):
        y = y / np.nanmax(np.abs(y))
    axis.plot(x, y + curve.get("y_shift", 0.0), curve.get("style", "-"), label=curve.get("label"), color=curve.get("color"))
    return True


def _map(axis: Any, map_: dict[str, Any], results: Results) -> bool:
    try:
        array = results.array(map_)
    except Missing:
        return False
    values = np.real(array.values)
    if map_.get("normalise") == "rows":
        values = values / np.nanmax(np.abs(values), axis=1, keepdims=True)
    elif map_.get("normalise"):
        values = values / np.nanmax(np.abs(values))
    vertical, horizontal = (c.astype(float) * s for c, s in zip(array.coordinates, map_.get("axis_scales", (1.0, 1.0))))
    if map_.get("transpose"):
        values, vertical, horizontal = values.T, horizontal, vertical
    scale = LogNorm(1e-4, 1.0, clip=True) if map_.get("logarithmic") else None
    mesh = axis.pcolormesh(horizontal, vertical, values, norm=scale, shading="nearest", rasterized=True)
    axis.figure.colorbar(mesh, ax=axis)
    return True
