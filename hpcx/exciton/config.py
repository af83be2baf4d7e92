"""What a user may write for the exciton; the trion uses the same tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hpcx.config.base import RunInput, Section, Unit


class Mesh(Section):
    """The Monkhorst-Pack mesh and its cut-off radius around the valley."""

    N: int = Field(ge=2, le=20000, description="mesh points along each reciprocal lattice vector")
    k0: float = Field(gt=0, le=0.5, description="cut-off radius in units of 2 pi / a")


class Screening(Section):
    """The interaction W(q) = 2 pi e^2 / (q (kappa + 2 pi chi q))."""

    w0: Literal["cell-average", "zero", "disk", "qmin"] = Field(
        "cell-average", description="what stands for W(0): mean over the mesh's hexagonal cell, 0, mean over a disk, W(smallest q)"
    )
    kappa: Annotated[float, Field(gt=0)] | str = Field(
        1.0, description="dielectric constant of the surroundings, or an environment of `hpcx materials`"
    )


class Solver(Section):
    """The eigensolver."""

    states: int = Field(4, ge=1, le=1000, description="number of lowest states")
    tolerance: Annotated[float, Unit("eV")] = Field(1e-8, gt=0, description="largest residual |H x - E x| of a state")


class Config(RunInput):
    """Input of the exciton."""

    mesh: Mesh = Field(description="Monkhorst-Pack mesh")
    screening: Screening = Field(default_factory=Screening, description="screened interaction")
    solver: Solver = Field(default_factory=Solver, description="eigensolver")
    gap: Annotated[float, Unit("eV")] | None = Field(
        None, gt=0, description="optical gap added to all energies; without it energies are from the band edges"
    )
