"""Neighbours of cells that are shared among ranks."""

import numpy as np
import pytest

from hpcx.parallel.tiling import REACH, border_traffic
from hpcx.petsc.cells import CellGrid

DISTANCES = (-2, -1, 1, 2)


def shifted(whole: np.ndarray, axis: int, distance: int, mirror: bool) -> np.ndarray:
    """Return for every cell what lies at a distance along an axis of the whole box."""
    ends = np.pad(
        whole,
        [(REACH, REACH) if a == axis else (0, 0) for a in range(whole.ndim)],
        mode="symmetric" if mirror else "wrap",
    )
    return np.take(ends, np.arange(whole.shape[axis]) + REACH + distance, axis=axis)


@pytest.mark.mpi
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("points", [(9,), (8, 5), (11, 4)])
def test_neighbours_are_those_of_the_whole_box(comm, points, mirror):
    cells = CellGrid(comm, points, components=2, values=4, mirror=mirror)
    whole = np.random.default_rng(3).random((*points, 2, 4))
    state = np.ascontiguousarray(whole[cells.box]).reshape(cells.shape)
    cells.start_exchange(state)
    cells.further_exchange()
    known = np.concatenate([state, cells.finish_exchange()])
    near = cells.neighbours
    for direction, axis in enumerate(reversed(range(len(points)))):
        for number, distance in enumerate(DISTANCES):
            expected = shifted(whole, axis, distance, mirror)[cells.box].reshape(cells.shape)
            assert np.array_equal(known[near.places[:, direction, number]], expected)
            numbers = np.broadcast_to(
                np.arange(points[axis]).reshape([-1 if a == axis else 1 for a in range(len(points))]), points
            )
            beyond = (numbers + distance < 0) | (numbers + distance >= points[axis])
            assert np.array_equal(near.mirrored[:, direction, number], mirror & beyond[cells.box].ravel())
    assert comm.size > 1 or len(near.outer) == 0
    expected = border_traffic(cells.tiling, mirror)
    assert cells.traffic.exchanges == 1 and cells.traffic.messages == expected.messages[comm.rank]
    assert cells.traffic.bytes == 8 * 2 * 4 * expected.cells[comm.rank]
    assert np.array_equal(np.sort(np.concatenate([near.inner, near.outer])), np.arange(len(state)))


@pytest.mark.mpi
def test_too_few_cells_for_the_differences(comm):
    with pytest.raises(ValueError, match="too few"):
        CellGrid(comm, (3, 8), components=1, values=2)


@pytest.mark.mpi
def test_odd_number_of_values(comm):
    with pytest.raises(ValueError, match="pairs"):
        CellGrid(comm, (8,), components=1, values=3)
