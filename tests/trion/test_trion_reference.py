"""Trion energies against reference numbers and the published binding energies."""

import numpy as np
import pytest
from mpi4py import MPI

from hpcx.materials.loader import load_material
from hpcx.parallel.run import Run
from hpcx.trion.config import Config
from hpcx.trion.solve import solve

#: lowest energies in eV at N = 40, k0 = 0.075, and dimension
SMALL = {
    ("MoS2", "singlet"): ((-0.47589023, -0.44158395), 217),
    ("MoS2", "triplet"): ((-0.44152864, -0.44085014), 105),
    ("WSe2", "singlet"): ((-0.42971505, -0.38941062), 217),
    ("WSe2", "triplet"): ((-0.42977962, -0.38946272), 217),
}
SIZES = (24, 36, 48, 60, 72, 80, 90, 100, 120)
#: singlet binding energies in meV by k0 for SIZES
BINDING = {
    "MoS2": {
        0.06: (27.3, 20.6, 17.8, 18.2, 17.8, 17.0, 17.6, 16.5, 16.4),
        0.08: (27.3, 23.6, 22.2, 22.1, 21.7, 21.9, 21.9, 21.8, 22.3),
        0.10: (33.5, 27.5, 25.9, 25.7, 25.9, 25.8, 25.9, 26.2, 26.2),
        0.12: (33.5, 29.4, 28.1, 28.4, 28.7, 29.0, 29.0, 28.9, None),
        0.14: (35.0, 30.4, 29.9, 30.5, 30.6, 30.8, None, 30.8, None),
        0.16: (35.5, 30.9, 31.0, 31.3, 31.6, None, 31.8, None, None),
    },
    "MoSe2": {
        0.10: (28.0, 23.1, 21.9, 21.9, 22.0, 22.0, 22.1, 22.4, None),
        0.12: (28.0, 24.7, 23.7, 24.1, 24.3, 24.6, None, 24.6, None),
        0.14: (29.2, 25.5, 25.2, 25.7, 25.9, None, None, 26.1, None),
        0.16: (29.6, 25.9, 26.0, 26.4, None, None, 26.8, None, None),
    },
}
POINTS = [
    (material, k0, N, value)
    for material, table in BINDING.items()
    for k0, values in table.items()
    for N, value in zip(SIZES, values, strict=True)
    if value is not None
]
#: exciton minus lowest energy of the MoS2 triplet without symmetry in meV, k0 = 0.10
DARK = {48: -4.5, 60: -1.5, 80: 0.47, 100: 1.18, 120: 1.44, 150: 1.64, 180: 1.69}


def run(material, N, k0, species="singlet", states=1, w0="cell-average", trion=None, **solver):
    config = Config(
        model="trion",
        material=material,
        mesh={"N": N, "k0": k0},
        screening={"w0": w0},
        trion={"species": [species], **(trion or {})},
        solver={"states": states, "tolerance": 1e-7, **solver},
    )
    return solve(MPI.COMM_SELF, config, load_material(material), Run())


def binding(material, N, k0, species="singlet", **solver):
    return 1e3 * float(run(material, N, k0, species, **solver).value(f"{species}/binding_energy"))


@pytest.mark.parametrize("kernel", ["gemm", "fft", "gemm-single"])
@pytest.mark.parametrize("symmetry", ["none", "C6", "C6v"])
@pytest.mark.parametrize(("material", "species"), SMALL)
def test_small_mesh(material, species, symmetry, kernel):
    energy, dimension = SMALL[material, species]
    result = run(material, 40, 0.075, species, 2, symmetry=symmetry, kernel=kernel)
    found = result.value(f"{species}/energy")
    seen = 1 if (material, species) == ("MoS2", "triplet") and symmetry != "none" else 2
    assert found[:seen] == pytest.approx(energy[:seen], abs=1e-8 if kernel != "gemm-single" else 1e-7)
    assert result.value(f"{species}/dimension") == dimension
    assert result.value(f"{species}/residual").max() < (1e-7 if kernel != "gemm-single" else 2e-6)


@pytest.mark.parametrize("kernel", ["gemm", "fft", "gemm-single"])
def test_larger_mesh(kernel):
    result = run("MoS2", 80, 0.10, kernel=kernel)
    assert result.value("singlet/energy")[0] == pytest.approx(-0.52405189, abs=1e-8)
    assert result.value("singlet/binding_energy") == pytest.approx(0.02582506, abs=1e-8)
    assert result.value("singlet/dimension") == 16735


@pytest.mark.parametrize(
    ("N", "species", "symmetry", "exciton", "trion"),
    [
        (40, "singlet", "C6v", -0.490236070, -0.516413981),
        (40, "triplet", "C6v", -0.490236070, -0.481199170),
        (60, "singlet", "C6v", -0.495128179, -0.520852062),
        (60, "triplet", "none", -0.495128179, -0.493584087),
    ],
)
def test_nine_digits(N, species, symmetry, exciton, trion):
    """Specification of bands, section 9.2, whose bindings are these to the digits printed (26.177911, -9.036900,
    25.723882, -1.544092 meV); its trions of N = 40, ...979 and ...174, deviate from its own bindings by 2e-9 and 4e-9,
    and ours are the same at tolerances of 1e-7 and 1e-11.
    """
    result = run("MoS2", N, 0.1, species, symmetry=symmetry)
    assert result.value("exciton/energy")[0] == pytest.approx(exciton, abs=1e-9)
    assert result.value(f"{species}/energy")[0] == pytest.approx(trion, abs=2e-9)


def test_binding_does_not_depend_on_w0():
    values = [
        float(run("MoS2", 60, 0.1, w0=w0).value("singlet/binding_energy")) for w0 in ("zero", "cell-average", "qmin")
    ]
    assert np.ptp(values) < 1e-11


@pytest.mark.parametrize(("material", "k0", "N", "value"), [point for point in POINTS if point[1] * point[2] <= 10.1])
def test_singlet_binding(material, k0, N, value):
    assert binding(material, N, k0) == pytest.approx(value, abs=0.1)


@pytest.mark.parametrize(("material", "k0", "N", "value"), [point for point in POINTS if point[1] * point[2] > 10.1])
@pytest.mark.validate
def test_singlet_binding_on_large_meshes(material, k0, N, value):
    assert binding(material, N, k0) == pytest.approx(value, abs=0.1)


@pytest.mark.parametrize(("material", "published"), [("MoS2", 31), ("MoSe2", 27), ("WS2", 40), ("WSe2", 37)])
def test_published_singlets(material, published):
    assert binding(material, 72, 0.14) == pytest.approx(published, abs=2)


@pytest.mark.parametrize(("material", "value"), [("MoS2", 30.8), ("MoSe2", 26.1), ("WS2", 41.1), ("WSe2", 37.6)])
@pytest.mark.validate
def test_singlets_at_n_100(material, value):
    assert binding(material, 100, 0.14) == pytest.approx(value, abs=0.051)


@pytest.mark.parametrize(("material", "value"), [("WS2", 41.1), ("WSe2", 37.6)])
@pytest.mark.validate
def test_triplets_of_tungsten_materials(material, value):
    assert binding(material, 100, 0.14, "triplet") - value == pytest.approx(0.3, abs=0.11)


@pytest.mark.parametrize(("N", "value"), [(N, value) for N, value in DARK.items() if N <= 80])
def test_dark_triplet(N, value):
    result = run("MoS2", N, 0.1, "triplet", symmetry="none")
    assert 1e3 * float(result.value("triplet/binding_energy")) == pytest.approx(
        value, abs=0.051 if value < 0 else 0.0051
    )
    if N >= 60:
        assert result.value("triplet/oscillator_strength")[0] < 1e-11


@pytest.mark.parametrize(("N", "value"), [(N, value) for N, value in DARK.items() if N > 80])
@pytest.mark.validate
def test_dark_triplet_on_large_meshes(N, value):
    assert binding("MoS2", N, 0.1, "triplet", symmetry="none") == pytest.approx(value, abs=0.0051)


@pytest.mark.parametrize(("N", "value"), [(40, -9.0), (60, -2.4), (80, -1.0), (100, -0.5)])
def test_bright_triplet_is_not_bound(N, value):
    assert binding("MoS2", N, 0.1, "triplet") == pytest.approx(value, abs=0.051)
