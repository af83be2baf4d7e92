"""Maps and phase-space distributions as named datasets in the units of the users."""

from __future__ import annotations

import numpy as np

from hpcx.io.part import Part
from hpcx.io.result import Result
from hpcx.physics.valley_excitons import VALLEYS
from hpcx.units import from_internal
from hpcx.wigner.problem import Problem
from hpcx.wigner.recorder import Series
from hpcx.wigner.space.observables import CentralLine, density_maps, momentum_axis
from hpcx.wigner.space.spatial_grid import SpatialGrid
from hpcx.wigner.space.transport import Transport


def _axes(spatial_grid: SpatialGrid) -> tuple[str, ...]:
    return ("x",) if spatial_grid.dimension == 1 else ("y", "x")


def _units(spatial_grid: SpatialGrid) -> dict[str, str]:
    """Return the units of what is written against position."""
    unit = f"1/um{'^2' if spatial_grid.dimension == 2 else ''}"
    rates, densities = ("photoluminescence", "shape_variation"), ("density", "equilibrium", "forward", "backward")
    return (
        dict.fromkeys(densities, unit)
        | dict.fromkeys(rates, f"{unit}/ps")
        | {"distribution": "nm" if spatial_grid.dimension == 1 else "1"}
    )


def _declare(outputs: Result, path: str, part: Part, dims: tuple[str, ...], units: str, meaning: str) -> None:
    """Add a dataset whose values will come."""
    outputs.add(path, np.empty((0,) * len(dims)), dims, units, meaning, part=part)


def _as_declared(values: dict[str, np.ndarray], spatial_grid: SpatialGrid) -> dict[str, np.ndarray]:
    """Return arrays in the units in which they are written."""
    units = _units(spatial_grid)
    return {name: from_internal(array, units[name]) for name, array in values.items()}


class DensityMaps:
    """Densities, emitted light and shape variation against time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def declare(self, outputs: Result, times: np.ndarray) -> None:
        """Add what there will be at these times (fs)."""
        spatial_grid, part, count = self._transport.spatial.grid, self._transport.part(), len(times)
        axes, units = _axes(spatial_grid), _units(spatial_grid)
        _add_axes(outputs, "density", times, axes, spatial_grid)
        by_valley, dims = part.under(count, len(VALLEYS)), ("time", "valley", *axes)
        _declare(outputs, "density/density", by_valley, dims, units["density"], "excitons per generated exciton")
        meaning = "rate of emitted light, per generated exciton"
        _declare(
            outputs,
            "density/photoluminescence",
            part.under(count),
            ("time", *axes),
            units["photoluminescence"],
            meaning,
        )
        meaning = "change of the shape by intervalley scattering"
        _declare(outputs, "density/shape_variation", by_valley, dims, units["shape_variation"], meaning)

    def values(self) -> dict[str, np.ndarray]:
        """Return this rank's part of the maps of the present state; collective."""
        return _as_declared(density_maps(self._transport), self._transport.spatial.grid)


class PhaseSpaceMaps:
    """Phase-space distributions at y = ky = 0 against time."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self._line = transport, CentralLine(transport)

    def declare(self, outputs: Result, times: np.ndarray) -> None:
        """Add what there will be at these times (fs)."""
        spatial_grid = self._transport.spatial.grid
        _add_axes(outputs, "wigner", times, ("x",), spatial_grid)
        momenta = momentum_axis(self._transport)
        outputs.add_internal("wigner/kx", momenta, ("kx",), "1/nm", "momentum along x")
        units, part = _units(spatial_grid), self._line.part().under(len(times), len(VALLEYS))
        for name, sign in (("forward", ">"), ("backward", "<")):
            meaning = f"excitons with kx {sign} 0, per generated exciton"
            _declare(outputs, f"wigner/{name}", part, ("time", "valley", "x"), units[name], meaning)
        meaning = (
            "excitons per state, integrated over y"
            if spatial_grid.dimension == 1
            else "excitons per state at y = ky = 0"
        )
        whole = Part((*part.shape, len(momenta)), (*part.runs, (slice(0, len(momenta)),)))
        _declare(outputs, "wigner/distribution", whole, ("time", "valley", "x", "kx"), units["distribution"], meaning)

    def values(self) -> dict[str, np.ndarray]:
        """Return this rank's part of the distributions of the present state; collective."""
        return _as_declared(self._line.distributions(), self._transport.spatial.grid)


def add_landscape(result: Result, transport: Transport, problem: Problem, energy_v: np.ndarray) -> None:
    """Add the landscape (valley, *cells; eV) and the equilibrium density in it, one exciton in all."""
    spatial_grid, part = transport.spatial.grid, transport.part().under(len(VALLEYS))
    dims = ("valley", *_axes(spatial_grid))

    def add(name: str, field: np.ndarray, units: str, meaning: str) -> None:
        """Add this rank's part of a field."""
        own = transport.with_images(transport.local(field))
        result.add_internal(f"density/{name}", own, dims, units, meaning, part=part)

    add("landscape", energy_v, "meV", "energy of the valleys against position")
    share_v = problem.grid.sum_v(problem.grid.weight_i).reshape(-1, *(1,) * spatial_grid.dimension)
    weight_v = share_v * np.exp(-(energy_v - energy_v.min()) / problem.grid.kT)
    cell = spatial_grid.spacing**spatial_grid.dimension
    add(
        "equilibrium",
        weight_v / weight_v.sum() / cell,
        _units(spatial_grid)["equilibrium"],
        "thermal equilibrium of one exciton",
    )


def add_checks(result: Result, series: Series) -> None:
    """Add what the grid in space did to the densities."""
    result.add("checks/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add(
        "checks/minimum",
        np.array(series.values["minimum"]),
        ("time", "valley"),
        "1",
        "smallest density over the largest",
    )
    result.add(
        "checks/edge",
        np.array(series.values["edge"]),
        ("time", "valley"),
        "1",
        "density at the edge of the box over the largest",
    )


def _add_axes(outputs: Result, group: str, times: np.ndarray, axes: tuple[str, ...], spatial_grid: SpatialGrid) -> None:
    outputs.add_internal(f"{group}/time", times, ("time",), "ps", "time")
    outputs.add(f"{group}/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for axis in axes:
        outputs.add_internal(f"{group}/{axis}", spatial_grid.axis, (axis,), "um", axis)
