"""Orbits of pairs and the coordinates of symmetric states, for meshes of any size."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcx.physics.lattice import hexagonal
from hpcx.physics.mesh import lattice_mesh
from hpcx.trion.sector import Sector, pair_group

meshes = st.builds(lattice_mesh, st.integers(20, 60), st.floats(0.05, 0.12), st.just(hexagonal(3.2)))
groups = st.builds(pair_group, meshes, st.sampled_from(["none", "C6", "C6v"]), st.booleans())
few = settings(max_examples=40)


def all_pairs(group):
    return group.pairs_of_columns(np.arange(group.mesh.size))


def symmetrised(group, seed):
    """Return an amplitude on all pairs, as a table over keys, that has the symmetry of the group:
    an average over it.
    """
    k1, k2 = all_pairs(group)
    value = np.random.default_rng(seed).normal(size=(group.mesh.size**2, 2)) @ [1, 1j]
    total = np.zeros(group.mesh.size**2, complex)
    for g in range(group.order):
        move = group.permutation_gk[g]
        image = group.key(move[k2], move[k1]) if group.swaps_g[g] else group.key(move[k1], move[k2])
        moved = value[image].conj() if group.conjugates_g[g] else value[image]
        total[group.key(k1, k2)] += -moved if group.swaps_g[g] else moved
    return total / group.order


@given(groups)
@few
def test_canonical_pairs_are_the_smallest_and_stay_so(group):
    k1, k2 = all_pairs(group)
    key, operation = group.canonical(k1, k2)
    assert np.all(key <= group.key(k1, k2))
    again, _ = group.canonical(*group.pair(key))
    assert np.array_equal(again, key)
    assert np.isin(group.pair(key)[1], group.columns).all()
    move = group.permutation_gk[operation, k1], group.permutation_gk[operation, k2]
    swapped = group.swaps_g[operation]
    assert np.array_equal(group.key(np.where(swapped, move[1], move[0]), np.where(swapped, move[0], move[1])), key)


@given(groups)
@few
def test_orbits_cover_all_pairs_once(group):
    sector = Sector(group, group.columns)
    k1, _ = all_pairs(group)
    assert sector.pairs == len(k1)
    assert np.all(np.diff(sector.key) > 0)


@given(meshes, st.sampled_from(["C3", "C6"]), st.booleans())
@few
def test_angular_momenta_share_all_pairs(mesh, symmetry, identical):
    plain = Sector(pair_group(mesh, "none", identical), np.arange(mesh.size))
    turns = {"C3": 3, "C6": 6}[symmetry]
    sectors = [pair_group(mesh, symmetry, identical, momentum) for momentum in range(turns)]
    assert sum(Sector(group, group.columns).rows for group in sectors) == plain.rows


@given(groups, st.integers(1, 4))
@few
def test_orbits_are_dealt_with_their_columns(group, parts):
    sectors = [Sector(group, group.columns[part::parts]) for part in range(parts)]
    whole = Sector(group, group.columns)
    assert np.array_equal(np.sort(np.concatenate([sector.key for sector in sectors])), whole.key)
    assert sum(sector.rows for sector in sectors) == whole.rows


@given(groups, st.integers(0, 99))
@few
def test_coordinates_hold_a_symmetric_state_with_its_norm(group, seed):
    state = symmetrised(group, seed)
    sector = Sector(group, group.columns)
    x = sector.pack(state[sector.key])
    assert np.isclose(np.linalg.norm(x), np.linalg.norm(state), rtol=1e-12)
    assert np.allclose(sector.amplitudes(x), state[sector.key], atol=1e-14)
    if sector.real:
        assert not x.imag.any()


@given(groups, st.integers(0, 99))
@few
def test_number_of_coordinates_is_the_dimension_of_the_sector(group, seed):
    sector = Sector(group, group.columns)
    x = np.random.default_rng(seed).normal(size=sector.rows).astype(complex)
    assert np.allclose(sector.pack(sector.amplitudes(x)), x, atol=1e-13)
    if group.mesh.size > 1 and not group.conjugates_g.any():
        k1, k2 = all_pairs(group)
        move, fixed = group.permutation_gk, 0.0
        for g in range(group.order):  # trace of the projector
            image = (move[g][k2], move[g][k1]) if group.swaps_g[g] else (move[g][k1], move[g][k2])
            fixed += (-1 if group.swaps_g[g] else 1) * np.count_nonzero((image[0] == k1) & (image[1] == k2))
        assert sector.rows == round(fixed / group.order)
