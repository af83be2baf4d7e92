"""Input of tight-binding models: files, and pairs of bands on the whole Brillouin zone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hpcx.config.base import Named, Section, Unit

Fraction = Annotated[float, Field(ge=-2, le=2)]


class TightBindingFiles(Section):
    """A tight-binding model: a file, or one that is built in."""

    file: Annotated[str | None, Named("file")] = Field(
        None, description="Wannier90's _tb.dat or _hr.dat, or xatu's .model; its contents count like the input"
    )
    centres: Annotated[str | None, Named("file")] = Field(None, description="with _hr.dat: Wannier90's _centres.xyz")
    lattice: Annotated[str | None, Named("file")] = Field(
        None, description="with _hr.dat: Wannier90's .win, for the lattice vectors"
    )
    wsvec: Annotated[str | None, Named("file")] = Field(
        None, description="with _tb.dat or _hr.dat: Wannier90's _wsvec.dat, if there is one"
    )
    builtin: (
        Literal["liu2013:MoS2", "liu2013:WS2", "liu2013:MoSe2", "liu2013:WSe2", "liu2013:MoTe2", "liu2013:WTe2"] | None
    ) = Field(None, description="three-band model with spin, PRB 88, 085433 (2013), two occupied bands")
    occupied: int | None = Field(
        None, ge=1, le=1000, description="number of bands below the gap, each spin counted; built-in models know it"
    )
    spin: Literal["none", "interlaced", "blocks"] = Field(
        "none",
        description=(
            "order of the spins of a file: orbitals up, down, up, down (Wannier90, xatu), all up then all down, or a"
            " model without spin"
        ),
    )
    valley: str = Field(
        "K",
        description=(
            "centre of disks: G, K, K', M, Q (lowest conduction minimum between G and K), of rectangular lattices X,"
            ' Y, S, or fractions of the reciprocal vectors "(0.1,0.2)"'
        ),
    )
    orbital_tolerance: float = Field(
        1e-3, ge=0, le=0.1, description="largest weight of a state outside the effective orbitals of its band"
    )
    symmetry_tolerance: float = Field(
        5e-3,
        ge=0,
        le=0.1,
        description=(
            "largest change of overlaps (and of energies relative to their range) taken as rounding of the file and"
            " averaged out"
        ),
    )

    @model_validator(mode="after")
    def _one_source(self) -> TightBindingFiles:
        if self.file is not None and self.builtin is not None:
            raise ValueError("tight_binding.file and tight_binding.builtin cannot both be given")
        if self.file is not None and self.occupied is None:
            raise ValueError("tight_binding.occupied is missing: the number of bands of the file below the gap")
        if self.file is not None and self.file.endswith("_hr.dat") and not (self.centres and self.lattice):
            raise ValueError(
                "a _hr.dat file needs tight_binding.centres (_centres.xyz) and tight_binding.lattice (.win)"
            )
        return self


class Zone(Section):
    """Pairs of bands on the whole Brillouin zone, and their momentum."""

    valence: int = Field(1, ge=1, le=100, description="valence bands next to the gap that form pairs")
    conduction: int = Field(1, ge=1, le=100, description="conduction bands next to the gap that form pairs")
    momentum: tuple[Fraction, Fraction] = Field(
        (0.0, 0.0), description="pair momentum Q in fractions of the reciprocal vectors"
    )
    path: str | None = Field(
        None,
        description=(
            'pair momenta along lines in place of one, e.g. "G-K-M": the dispersion; corners G, K, K\', M, or fractions'
            ' "(0.1,0.2)"'
        ),
    )
    points: int = Field(11, ge=2, le=1000, description="pair momenta on the whole path")
    reach: Annotated[float, Unit("angstrom")] | None = Field(
        None,
        ge=1,
        le=1e5,
        description=(
            "distance up to which charges interact; default: half the width of the N x N supercell, and no limit"
            " for exchange"
        ),
    )
    whole_cells: bool = Field(False, description="also drop cells farther away than `reach`, as xatu does")
    scissor: Annotated[float, Unit("eV")] = Field(0.0, ge=-10, le=20, description="added to the gap")
    exchange: bool = Field(False, description="electron-hole exchange, with the interaction screened by the layer")
    spinless_factor: float = Field(
        1.0, ge=1, le=2, description="factor of the exchange: 2 for singlets of a model without spin"
    )
