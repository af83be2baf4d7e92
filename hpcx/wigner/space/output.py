"""Maps and phase-space distributions as named datasets in the units of the users."""

from __future__ import annotations

import numpy as np

from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.wigner.parameters import VALLEYS
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series
from hpcx.wigner.space.observables import CentralLine, density_maps, momentum_axis
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport

NM_PER_UM = 1e3


def _axes(spatial_grid: SpatialGrid) -> tuple[str, ...]:
    return ("x",) if spatial_grid.dimension == 1 else ("y", "x")


def _density_unit(spatial_grid: SpatialGrid) -> str:
    return f"1/um{'^2' if spatial_grid.dimension == 2 else ''}"


def _declare(outputs: Result, path: str, part: Part, dims: tuple[str, ...], units: str, meaning: str) -> None:
    """Add a dataset whose values will come."""
    outputs.add(path, np.empty((0,) * len(dims)), dims, units, meaning, part=part)


class DensityMaps:
    """Densities, emitted light and shape variation against time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def declare(self, outputs: Result, times: np.ndarray) -> None:
        """Add what there will be at these times (ps)."""
        spatial_grid, part, count = self._transport.spatial.grid, self._transport.part(), len(times)
        axes, unit = _axes(spatial_grid), _density_unit(spatial_grid)
        _add_axes(outputs, "density", times, axes, spatial_grid)
        by_valley, dims = part.under(count, len(VALLEYS)), ("time", "valley", *axes)
        _declare(outputs, "density/density", by_valley, dims, unit, "excitons per generated exciton")
        meaning = "rate of emitted light, per generated exciton"
        _declare(outputs, "density/photoluminescence", part.under(count), ("time", *axes), f"{unit}/ps", meaning)
        meaning = "change of the shape by intervalley scattering"
        _declare(outputs, "density/shape_variation", by_valley, dims, f"{unit}/ps", meaning)

    def values(self) -> dict[str, np.ndarray]:
        """Return this rank's part of the maps of the present state; collective."""
        scale = NM_PER_UM**self._transport.spatial.grid.dimension
        return {name: scale * values for name, values in density_maps(self._transport).items()}


class PhaseSpaceMaps:
    """Phase-space distributions at y = ky = 0 against time."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self._line = transport, CentralLine(transport)

    def declare(self, outputs: Result, times: np.ndarray) -> None:
        """Add what there will be at these times (ps)."""
        spatial_grid = self._transport.spatial.grid
        _add_axes(outputs, "wigner", times, ("x",), spatial_grid)
        momenta = momentum_axis(self._transport)
        outputs.add("wigner/kx", momenta, ("kx",), "1/nm", "momentum along x")
        part = self._line.part().under(len(times), len(VALLEYS))
        for name, sign in (("forward", ">"), ("backward", "<")):
            meaning = f"excitons with kx {sign} 0, per generated exciton"
            _declare(outputs, f"wigner/{name}", part, ("time", "valley", "x"), _density_unit(spatial_grid), meaning)
        unit, meaning = ("nm", "excitons per state, integrated over y") if spatial_grid.dimension == 1 else ("1", "excitons per state at y = ky = 0")
        whole = Part((*part.shape, len(momenta)), (*part.runs, (slice(0, len(momenta)),)))
        _declare(outputs, "wigner/distribution", whole, ("time", "valley", "x", "kx"), unit, meaning)

    def values(self) -> dict[str, np.ndarray]:
        """Return this rank's part of the distributions of the present state; collective."""
        found, scale = self._line.distributions(), NM_PER_UM**self._transport.spatial.grid.dimension
        return found | {name: scale * found[name] for name in ("forward", "backward")}


def add_landscape(result: Result, transport: Transport, problem: Problem, energy_v: np.ndarray) -> None:
    """Add the landscape (valley, *cells; meV) and the equilibrium density in it, one exciton in all."""
    spatial_grid, part = transport.spatial.grid, transport.part().under(len(VALLEYS))
    dims = ("valley", *_axes(spatial_grid))

    def add(name: str, field: np.ndarray, units: str, meaning: str) -> None:
        """Add this rank's part of a field."""
        own = transport.with_images(transport.local(field))
        result.add(f"density/{name}", own, dims, units, meaning, part=part)

    add("landscape", energy_v, "meV", "energy of the valleys against position")
    share_v = problem.grid.sum_v(problem.grid.weight_i).reshape(-1, *(1,) * spatial_grid.dimension)
    weight_v = share_v * np.exp(-(energy_v - energy_v.min()) / problem.grid.kT)
    cell = (spatial_grid.spacing / NM_PER_UM) ** spatial_grid.dimension
    add("equilibrium", weight_v / weight_v.sum() / cell, _density_unit(spatial_grid), "thermal equilibrium of one exciton")


def add_checks(result: Result, series: Series) -> None:
    """Add what the grid in space did to the densities."""
    result.add("checks/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add("checks/minimum", np.array(series.values["minimum"]), ("time", "valley"), "1", "smallest density over the largest")
    result.add("checks/edge", np.array(series.values["edge"]), ("time", "valley"), "1", "density at the edge of the box over the largest")


def _add_axes(outputs: Result, group: str, times: np.ndarray, axes: tuple[str, ...], spatial_grid: SpatialGrid) -> None:
    outputs.add(f"{group}/time", times, ("time",), "ps", "time")
    outputs.add(f"{group}/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for axis in axes:
        outputs.add(f"{group}/{axis}", spatial_grid.axis / NM_PER_UM, (axis,), "um", axis)
