"""What a user may write for the trion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hpcx.config.base import RunInput, Section, Unit
from hpcx.exciton import config as exciton

Species = Literal["singlet", "triplet"]
Symmetry = Literal["none", "C6", "C6v"]
Kernel = Literal["auto", "gemm", "gemm-single", "fft"]


class Solver(exciton.Solver):
    """The eigensolver of the trion."""

    symmetry: Symmetry = Field(
        "C6v", description="symmetry that is used; C6 and C6v look at the fully symmetric (bright) states only"
    )
    kernel: Kernel = Field("auto", description="how products are formed: matrix products, also in single precision, or FFT")
    start: str | None = Field(None, description="directory of an earlier run (or a file of saved states) to start from")
    save_states: bool = Field(False, description="save the eigenvectors, from which a later run on any number of ranks can start")


class Trion(Section):
    """Which trions."""

    species: list[Species] = Field(["singlet", "triplet"], min_length=1, max_length=2, description="spin species to solve")
    charge: Literal[-1, 1] = Field(-1, description="-1: two electrons and a hole, 1: two holes and an electron")
    transition: Literal["A", "B"] = Field("A", description="exciton to which the trion belongs")


class Config(RunInput):
    """Input of the trion."""

    mesh: exciton.Mesh = Field(description="Monkhorst-Pack mesh")
    bands: exciton.Bands = Field(default_factory=exciton.Bands, description="bands")
    absorption: exciton.Absorption = Field(default_factory=exciton.Absorption, description="absorption spectra")
    screening: exciton.Screening = Field(default_factory=exciton.Screening, description="screened interaction")
    solver: Solver = Field(default_factory=Solver, description="eigensolver")
    trion: Trion = Field(default_factory=Trion, description="species, charge, transition")
    gap: Annotated[float, Unit("eV")] | None = Field(
        None, gt=0, description="optical gap added to all energies; without it energies are from the band edges"
    )
