"""A lattice shared by ranks: every cell has one owner, work is even, borders are short,
and what is sent follows from the layout.
"""

import numpy as np
import pytest

from hpcx.parallel.tiling import DISTANCES, REACH, border_traffic, make_tiling, neighbour

LATTICES = [(4,), (30,), (4, 4), (8, 5), (5, 8), (7, 30), (30, 7), (24, 24)]


def ranks_of(points):
    most = int(np.prod(points))
    return sorted(count for count in {1, 2, 3, 5, 7, most // 2 + 1, most - 1, most} if 0 < count <= most)


@pytest.mark.parametrize("points", LATTICES)
def test_every_cell_has_one_owner(points):
    for ranks in ranks_of(points):
        tiling = make_tiling(points, ranks)
        owner = np.full(points, -1)
        for rank in range(ranks):
            assert (owner[tiling.box(rank)] == -1).all() and owner[tiling.box(rank)].size
            owner[tiling.box(rank)] = rank
        assert np.array_equal(owner, tiling.owner(tuple(np.indices(points))))
        assert np.array_equal(np.bincount(owner.ravel()), tiling.cells())


@pytest.mark.parametrize("points", LATTICES)
def test_more_ranks_than_cells_are_refused(points):
    most = int(np.prod(points))
    with pytest.raises(ValueError, match=f"use at most {most} ranks"):
        make_tiling(points, most + 1)


def test_any_number_of_ranks_has_even_work():
    """Whole rows would leave 40 % of 32 ranks without work on 40 rows."""
    for ranks in range(1, 129):
        cells = make_tiling((60, 60), ranks).cells()
        assert cells.max() * ranks < 1.3 * 3600, ranks


def neighbours_by_hand(points, mirror):
    """Yield pairs of cells that are neighbours."""
    for cell in np.ndindex(*points):
        for axis, length in enumerate(points):
            for distance in DISTANCES:
                place = cell[axis] + distance
                if mirror and not 0 <= place < length:
                    place = -1 - place if place < 0 else 2 * length - 1 - place
                yield cell, (*cell[:axis], place % length, *cell[axis + 1 :])


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("points", [(9,), (4, 4), (8, 5)])
def test_what_is_sent_is_what_the_others_need(points, mirror):
    for ranks in ranks_of(points):
        tiling = make_tiling(points, ranks)
        owner = tiling.owner(tuple(np.indices(points)))
        needed = {(owner[b], owner[a], b) for a, b in neighbours_by_hand(points, mirror) if owner[a] != owner[b]}
        found = border_traffic(tiling, mirror)
        assert found.cells.tolist() == np.bincount([sender for sender, *_ in needed], minlength=ranks).tolist()
        pairs = {(sender, receiver) for sender, receiver, _ in needed}
        assert found.messages.tolist() == np.bincount([sender for sender, _ in pairs], minlength=ranks).tolist()


def test_neighbours_of_cells():
    for mirror in (False, True):
        pairs = set(neighbours_by_hand((6, 5), mirror))
        index = tuple(np.indices((6, 5)).reshape(2, -1))
        for axis in range(2):
            for distance in DISTANCES:
                near, mirrored = neighbour((6, 5), index, axis, distance, mirror)
                assert {(tuple(a), tuple(b)) for a, b in zip(np.transpose(index), np.transpose(near))} <= pairs
                beyond = (index[axis] + distance < 0) | (index[axis] + distance >= (6, 5)[axis])
                assert np.array_equal(mirrored, beyond & mirror)


def test_borders_become_shorter_with_the_root_of_the_number_of_ranks():
    """Four times the ranks halve what each of them sends; slabs would send the same on any number of ranks."""
    cells = {ranks: border_traffic(make_tiling((96, 96), ranks), False).cells.max() for ranks in (4, 16, 64, 256)}
    assert cells == {ranks: 4 * REACH * 96 // int(np.sqrt(ranks)) for ranks in cells}
    for ranks in (9, 25, 36, 100):  # and about so where the cells cannot be divided evenly
        most = border_traffic(make_tiling((96, 96), ranks), False).cells.max()
        assert most <= 1.2 * 4 * REACH * 96 / np.sqrt(ranks), ranks
