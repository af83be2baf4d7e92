"""Rates on file: the same to the last bit, not used when damaged or of other physics, not assembled twice."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.serving import load_for
from hpcx.parallel.run import Run
from hpcx.wigner import rate_cache
from hpcx.wigner.energy_grid import energy_edges, make_grid
from hpcx.wigner.parameters import read_excitons
from hpcx.wigner.processes import emission_processes
from hpcx.wigner.rate_cache import flat_rates, load_rates, rates_key
from hpcx.wigner.rates import assemble_rates


@pytest.fixture(scope="module")
def physics():
    excitons = read_excitons(load_for("wigner", "WS2"))
    return excitons, make_grid(excitons, 77.0, energy_edges(1e-3, 1.3, 8e-3, 0.08), radiative=True)


def test_second_run_reads_what_the_first_has_assembled(physics, tmp_path, monkeypatch):
    excitons, grid = physics
    first = flat_rates(MPI.COMM_SELF, excitons, grid, 2, Run(tmp_path))
    monkeypatch.setattr(rate_cache, "assemble_rates", lambda *arguments: pytest.fail("assembled again"))
    second = flat_rates(MPI.COMM_SELF, excitons, grid, 2, Run(tmp_path))
    assert np.array_equal(first.intravalley_mij, second.intravalley_mij)
    assert np.array_equal(first.intervalley_mij, second.intervalley_mij)
    assert not list(tmp_path.rglob("*.part"))


def test_key_knows_what_rates_depend_on(physics):
    excitons, grid = physics
    every = emission_processes(excitons)
    first = rates_key(excitons, grid, 2, every)
    again = read_excitons(load_for("wigner", "WS2"))
    assert first == rates_key(again, replace(grid), 2, emission_processes(again))
    others = [
        rates_key(replace(excitons, hole_acoustic=excitons.hole_acoustic * (1 + 1e-15)), grid, 2, every),
        rates_key(excitons, replace(grid, kT=1.01 * grid.kT), 2, every),
        rates_key(excitons, grid, 3, every),
        rates_key(excitons, grid, 2, [process for process in every if process.intervalley]),
    ]
    assert first not in others and len(set(others)) == 4


def test_damaged_files_are_made_again(physics, tmp_path, caplog):
    excitons, grid = physics
    processes = emission_processes(excitons)
    run, key = Run(tmp_path), rates_key(excitons, grid, 1, processes)
    rate_cache.save_rates(run, assemble_rates(MPI.COMM_SELF, excitons, grid, 1, processes), key)
    (path,) = tmp_path.rglob("*.h5")
    assert load_rates(run, grid, key) is not None
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # one bit
    path.write_bytes(content)
    assert load_rates(run, grid, key) is None and "damaged" in caplog.text
    caplog.clear()
    rate_cache.save_rates(run, assemble_rates(MPI.COMM_SELF, excitons, grid, 1, processes), key)
    with h5py.File(path, "r+") as file:
        file["intervalley_flux"][0, 0] *= 1.001
    assert load_rates(run, grid, key) is None and "damaged" in caplog.text
    path.write_bytes(path.read_bytes()[:1000])
    assert load_rates(run, grid, key) is None
    path.rename(path.with_name(f"{'0' * 16}.h5"))
    assert load_rates(run, grid, "0" * 64) is None
