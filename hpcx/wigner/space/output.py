"""Maps and phase-space distributions as named datasets in the units of the users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.physics.valley_excitons import VALLEYS
from hpcx.units import from_internal
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series
from hpcx.wigner.space.observables import CentralLine, densities, momentum_axis
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport


@dataclass(frozen=True)
class Maps:
    """Datasets against time and position that are written as they come.

    Attributes:
        group: of the result.
        axes: of positions and momenta: internal values, unit and meaning by name.
        datasets: axes after time, unit, meaning, and this rank's part at one time, by name.
        measure: returns this rank's part for the present state by name, in internal units; collective.
    """

    group: str
    axes: dict[str, tuple[np.ndarray, str, str]]
    datasets: dict[str, tuple[tuple[str, ...], str, str, Part]]
    measure: Callable[[], dict[str, np.ndarray]]

    def declare(self, outputs: Result, times: np.ndarray) -> None:
        """Add the axes, and the datasets that there will be at these times (fs), without values."""
        add = outputs.group(self.group)
        add("time", times, ("time",), "ps", "time")
        add("valley", np.array(VALLEYS), ("valley",), "1", "valley")
        for name, (values, unit, meaning) in self.axes.items():
            add(name, values, (name,), unit, meaning)
        for name, (dims, unit, meaning, part) in self.datasets.items():
            empty = np.empty((0,) * (1 + len(dims)))
            add(name, empty, ("time", *dims), unit, meaning, part=part.under(len(times)))

    def values(self) -> dict[str, np.ndarray]:
        """Return this rank's part for the present state in the units of the result; collective."""
        return {name: from_internal(values, self.datasets[name][1]) for name, values in self.measure().items()}


def _positions(spatial_grid: SpatialGrid, axes: tuple[str, ...]) -> dict[str, tuple[np.ndarray, str, str]]:
    return {axis: (spatial_grid.axis, "um", axis) for axis in axes}


def density_maps(transport: Transport) -> Maps:
    """Return densities, emitted light and shape variation against time."""
    spatial_grid, part = transport.spatial.grid, transport.part()
    axes, unit = spatial_grid.axes, spatial_grid.density_unit
    dims, by_valley = ("valley", *axes), part.under(len(VALLEYS))
    datasets = {
        "density": (dims, unit, "excitons per generated exciton", by_valley),
        "photoluminescence": (axes, f"{unit}/ps", "rate of emitted light, per generated exciton", part),
        "shape_variation": (dims, f"{unit}/ps", "change of the shape by intervalley scattering", by_valley),
    }
    return Maps("density", _positions(spatial_grid, axes), datasets, partial(densities, transport))


def phase_space_maps(transport: Transport) -> Maps:
    """Return phase-space distributions at y = ky = 0 against time."""
    spatial_grid, line, momenta = transport.spatial.grid, CentralLine(transport), momentum_axis(transport)
    part, dims, unit = line.part().under(len(VALLEYS)), ("valley", "x"), spatial_grid.density_unit
    whole = Part((*part.shape, len(momenta)), (*part.runs, (slice(0, len(momenta)),)))
    per_state, meaning = "1", "excitons per state at y = ky = 0"
    if spatial_grid.dimension == 1:
        per_state, meaning = "nm", "excitons per state, integrated over y"
    datasets = {
        "forward": (dims, unit, "excitons with kx > 0, per generated exciton", part),
        "backward": (dims, unit, "excitons with kx < 0, per generated exciton", part),
        "distribution": ((*dims, "kx"), per_state, meaning, whole),
    }
    axes = _positions(spatial_grid, ("x",)) | {"kx": (momenta, "1/nm", "momentum along x")}
    return Maps("wigner", axes, datasets, line.distributions)


def add_landscape(result: Result, transport: Transport, problem: Problem, energy_v: np.ndarray) -> None:
    """Add the landscape (valley, *cells; eV) and the equilibrium density in it, one exciton in all."""
    spatial_grid, part = transport.spatial.grid, transport.part().under(len(VALLEYS))
    share_v = problem.grid.sum_v(problem.grid.weight_i).reshape(-1, *(1,) * spatial_grid.dimension)
    weight_v = share_v * np.exp(-(energy_v - energy_v.min()) / problem.grid.kT)
    equilibrium = weight_v / weight_v.sum() / spatial_grid.cell
    for name, field, unit, meaning in (
        ("landscape", energy_v, "meV", "energy of the valleys against position"),
        ("equilibrium", equilibrium, spatial_grid.density_unit, "thermal equilibrium of one exciton"),
    ):
        own = transport.with_images(transport.local(field))
        result.add_internal(f"density/{name}", own, ("valley", *spatial_grid.axes), unit, meaning, part=part)


def add_checks(result: Result, series: Series) -> None:
    """Add the checks of the spatial grid against time."""
    result.add("checks/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for name, meaning in (
        ("minimum", "smallest density over the largest"),
        ("edge", "density at the edge of the box over the largest"),
    ):
        result.add(f"checks/{name}", np.array(series.values[name]), ("time", "valley"), "1", meaning)
