"""Maps and phase-space distributions as named datasets in the units of the users."""

from __future__ import annotations

import numpy as np

from hpcx.io.result import Result
from hpcx.wigner.lattice import Lattice
from hpcx.wigner.maps import Checks, Distributions, Maps, momentum_axis
from hpcx.wigner.parameters import VALLEYS
from hpcx.wigner.problem import Problem
from hpcx.wigner.setting import Setting
from hpcx.wigner.transport import Transport

NM_PER_UM = 1e3


def add_maps(result: Result, setting: Setting, maps: Maps) -> None:
    """Add densities, emitted light and shape variation."""
    if not maps.time:
        return
    lattice = setting.lattice
    axes = ("x",) if lattice.dimension == 1 else ("y", "x")
    unit, scale = f"1/um{'^2' if lattice.dimension == 2 else ''}", NM_PER_UM**lattice.dimension
    _add_axes(result, "density", maps.time, lattice)
    dims = ("time", "valley", *axes)
    result.add("density/density", np.array(maps.density) * scale, dims, unit, "excitons, per exciton made")
    light = np.array(maps.photoluminescence) * scale
    result.add("density/photoluminescence", light, ("time", *axes), f"{unit}/ps", "rate of emitted light, per exciton made")
    variation = np.array(maps.shape_variation) * scale
    result.add("density/shape_variation", variation, dims, f"{unit}/ps", "change of the shape by intervalley scattering")


def add_landscape(result: Result, setting: Setting, problem: Problem, energy_v: np.ndarray) -> None:
    """Add the landscape (valley, *lattice; meV) and the equilibrium density in it, one exciton in all."""
    dims = ("valley", "x") if setting.lattice.dimension == 1 else ("valley", "y", "x")
    result.add("density/landscape", energy_v, dims, "meV", "energy of the valleys against position")
    share_v = problem.grid.sum_v(problem.grid.weight_i).reshape(-1, *(1,) * setting.lattice.dimension)
    weight_v = share_v * np.exp(-(energy_v - energy_v.min()) / problem.grid.kT)
    cell = (setting.lattice.spacing / NM_PER_UM) ** setting.lattice.dimension
    unit = f"1/um{'^2' if setting.lattice.dimension == 2 else ''}"
    result.add("density/equilibrium", weight_v / weight_v.sum() / cell, dims, unit, "thermal equilibrium of one exciton")


def add_checks(result: Result, checks: Checks) -> None:
    """Add what the grid in space did to the densities."""
    result.add("checks/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add("checks/minimum", np.array(checks.minimum), ("time", "valley"), "1", "smallest density over the largest")
    result.add("checks/edge", np.array(checks.edge), ("time", "valley"), "1", "density at the edge of the box over the largest")


def _add_axes(result: Result, group: str, times: list[float], lattice: Lattice) -> None:
    result.add(f"{group}/time", np.array(times), ("time",), "ps", "time")
    result.add(f"{group}/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    for axis in ("x", "y")[: lattice.dimension]:
        result.add(f"{group}/{axis}", lattice.axis / NM_PER_UM, (axis,), "um", axis)


def add_distributions(result: Result, transport: Transport, distributions: Distributions) -> None:
    """Add phase-space distributions."""
    if not distributions.time:
        return
    lattice = transport.setting.lattice
    result.add("wigner/time", np.array(distributions.time), ("time",), "ps", "time")
    result.add("wigner/valley", np.array(VALLEYS), ("valley",), "1", "valley")
    result.add("wigner/x", lattice.axis / NM_PER_UM, ("x",), "um", "x")
    result.add("wigner/kx", momentum_axis(transport), ("kx",), "1/nm", "momentum along x")
    unit, meaning = ("nm", "excitons per state, integrated over y") if lattice.dimension == 1 else ("1", "excitons per state at y = ky = 0")
    density, scale = f"1/um{'^2' if lattice.dimension == 2 else ''}", NM_PER_UM**lattice.dimension
    for name, sign in (("forward", ">"), ("backward", "<")):
        values = np.array(getattr(distributions, name)) * scale
        result.add(f"wigner/{name}", values, ("time", "valley", "x"), density, f"excitons with kx {sign} 0, per exciton made")
    result.add("wigner/distribution", np.array(distributions.distribution), ("time", "valley", "x", "kx"), unit, meaning)
