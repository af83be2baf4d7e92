# ranks: 1 2
"""Trion: the symmetric, matrix-free solver against other ways to the lowest singlet of MoS2 (k0 = 0.1).

On one rank: whole solution times, products per second, share of the solver's own work. On two: how products scale.
Every time is wall clock / processor time of rank 0; on a busy machine trust the second.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import scipy.sparse as sparse
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse.linalg import LinearOperator, eigsh
from slepc4py import SLEPc

from hpcx.exciton.observables import level_width
from hpcx.exciton.solve import solve_exciton
from hpcx.materials.loader import load_material
from hpcx.petsc.eigen import lowest_states
from hpcx.physics.screening import interaction_between
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.trion.states import start_vector

TOLERANCE = 1e-6
COMM = MPI.COMM_WORLD


class Clock:
    """Wall-clock and processor seconds since it was made."""

    def __init__(self):
        self.begin = time.perf_counter(), time.process_time()

    def read(self):
        return np.array([time.perf_counter() - self.begin[0], time.process_time() - self.begin[1]])


def show(label, seconds, text=""):
    if COMM.rank == 0:
        print(f"{label:<44}{seconds[0]:9.3f} s{seconds[1]:9.3f} s  {text}", flush=True)


def best(work, repeats=5):
    """Return the smallest wall and processor times of `work`."""
    times = []
    for _ in range(repeats):
        clock = Clock()
        work()
        times.append(clock.read())
    return np.min(times, axis=0)


def problem_of(N, name="MoS2", **tables):
    config = Config(model="trion", material=name, mesh={"N": N, "k0": 0.1}, **tables)
    material = load_material(name)
    exciton = exciton_of(config, material)
    return exciton, trion_problem(config, material, exciton, "singlet")


class Plain:
    """Products without symmetry: C as an n x n array, six n x n x n matrix products, index tables."""

    def __init__(self, problem):
        self.problem, mesh, n = problem, problem.mesh, problem.mesh.size
        k = np.arange(n)
        self.k3 = mesh.add(k[:, None], k[None])
        self.k1, self.k2 = np.nonzero(self.k3 >= 0)
        self.k2_of = mesh.add(k[None], mesh.inverse_k[:, None])  # [k1, k3] -> k3 - k1
        w = interaction_between(problem.w_ij, mesh.index_kx, mesh.index_kx)
        self.w1, self.w2 = (
            w * (band.spinor_ck.conj().T @ band.spinor_ck) for band in (problem.photoexcited, problem.resident)
        )
        self.kinetic = problem.kinetic(self.k1, self.k2)
        self.shape = (len(self.k1),) * 2

    def spread(self, spinor_ck, index):
        return np.where(index >= 0, spinor_ck.take(index, axis=1, mode="clip"), 0)

    def prepare(self):
        """Gather the spinors once; returns self."""
        self.v = self.spread(self.problem.opposite.spinor_ck, self.k3)
        self.c = self.spread(self.problem.resident.spinor_ck, self.k2_of).conj()
        self.column = np.maximum(self.k2_of, 0)
        self.row = np.arange(len(self.column))[:, None]
        return self

    def apply(self, x):
        table = np.zeros(self.k3.shape, complex)
        table[self.k1, self.k2] = x.ravel()
        first = (self.v * (self.w1 @ (self.v.conj() * table))).sum(0)
        second = (self.v * ((self.v.conj() * table) @ self.w2.T)).sum(0)
        turned = table[self.row, self.column]
        both = (self.c * (self.w1 @ (self.c.conj() * turned))).sum(0)
        back = both[self.k1, self.k3[self.k1, self.k2]]
        return self.kinetic * x.ravel() - (first + second)[self.k1, self.k2] + back

    def csr(self):
        """Return the Hamiltonian as a sparse matrix, from dense blocks."""
        number = np.full(self.k3.shape, -1)
        number[self.k1, self.k2] = np.arange(len(self.k1))
        v, c = self.problem.opposite.spinor_ck, self.problem.resident.spinor_ck
        total = sparse.diags(self.kinetic.astype(complex), format="csr")
        for term in range(3):
            rows, columns, values = [], [], []
            for r in range(self.k3.shape[0]):
                p = np.flatnonzero((self.k3[:, r] if term < 2 else self.k2_of[:, r]) >= 0)
                if term == 0:
                    place, u, w, sign = number[p, r], v[:, self.k3[p, r]], self.w1, -1
                elif term == 1:
                    place, u, w, sign = number[r, p], v[:, self.k3[r, p]], self.w2, -1
                else:
                    place, u, w, sign = number[p, self.k2_of[p, r]], c[:, self.k2_of[p, r]].conj(), self.w1, 1
                rows.append(np.repeat(place, len(p)).astype(np.int32))
                columns.append(np.tile(place, len(p)).astype(np.int32))
                values.append((sign * w[np.ix_(p, p)] * (u.T @ u.conj())).ravel())
            parts = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
            total = total + sparse.csr_matrix(parts, shape=self.shape)
        return total


def reduced(N, symmetry, kernel="auto"):
    """Whole solution as the program does it: mesh, exciton, set-up, Krylov-Schur."""
    exciton, problem = problem_of(N)
    amplitude = solve_exciton(COMM, exciton, 1, TOLERANCE).lowest(COMM)
    operator = TrionOperator(COMM, problem, symmetry, kernel)
    return lowest_states(
        COMM, operator, 1, TOLERANCE, "trion_", partial(start_vector, operator, amplitude), level_width(TOLERANCE)
    )


def plain_eigsh(N):
    plain = Plain(problem_of(N)[1]).prepare()
    count = []
    operator = LinearOperator(plain.shape, matvec=lambda x: count.append(1) or plain.apply(x), dtype=complex)
    return eigsh(operator, 1, which="SA", tol=TOLERANCE, v0=np.exp(-plain.kinetic / 0.15), ncv=20)[0][0], len(count)


def csr_eigsh(N):
    plain = Plain(problem_of(N)[1])
    return eigsh(plain.csr(), 1, which="SA", tol=TOLERANCE, v0=np.exp(-plain.kinetic / 0.15), ncv=20)[0][0]


def petsc_aij(N):
    plain = Plain(problem_of(N)[1])
    matrix = plain.csr()
    aij = PETSc.Mat().createAIJ(matrix.shape, csr=(matrix.indptr, matrix.indices, matrix.data), comm=PETSc.COMM_SELF)
    eps = SLEPc.EPS().create(PETSc.COMM_SELF)
    eps.setOperators(aij)
    eps.setProblemType(SLEPc.EPS.ProblemType.HEP)
    eps.setWhichEigenpairs(SLEPc.EPS.Which.SMALLEST_REAL)
    eps.setDimensions(1, 20)
    eps.setTolerances(TOLERANCE, 1000)
    eps.setConvergenceTest(SLEPc.EPS.Conv.ABS)
    start = aij.createVecRight()
    start.getArray()[:] = np.exp(-plain.kinetic / 0.15)
    eps.setInitialSpace(start)
    eps.solve()
    energy = eps.getEigenvalue(0).real
    for item in (eps, start, aij):
        item.destroy()
    return energy


def whole_solutions():
    print("\nlowest singlet, from nothing to the energy, one core             wall      processor")
    for N in (80, 100, 120):
        energies, times = [], {}
        for symmetry in ("C6v", "C6", "none"):
            clock = Clock()
            pairs = reduced(N, symmetry)
            times[symmetry] = clock.read()
            energies.append(pairs.values[0])
            show(f"N = {N}: symmetry {symmetry}", times[symmetry], f"{pairs.products} products")
        for label, way in (
            ("unreduced matrix products, eigsh", plain_eigsh),
            ("CSR, eigsh", csr_eigsh),
            ("AIJ, SLEPc", petsc_aij),
        ):
            clock = Clock()
            energy = way(N)
            times[label] = clock.read()
            energies.append(energy[0] if isinstance(energy, tuple) else energy)
            ratio = (times[label] / times["C6v"])[1]
            show(f"N = {N}: {label}", times[label], f"{ratio:.1f} times C6v in processor time")
            print(
                f"ratio: trion, N = {N}, processor time of {label} over that of hpcx (symmetry C6v): {ratio:.1f}",
                flush=True,
            )
        if np.ptp(energies) > 1e-8:
            raise SystemExit(f"the ways differ: {energies}")


def zgemm_rate(size=1000):
    a = np.random.default_rng(0).normal(size=(size, size, 2)) @ [1, 1j]
    return 8 * size**3 / best(lambda: a @ a)


def product_rates():
    print("\nproducts (C6v)                                                   wall      processor")
    rate = zgemm_rate()
    for N in (80, 120, 180, 240):
        problem = problem_of(N)[1]
        for kernel in ("gemm", "gemm-single", "fft"):
            operator = TrionOperator(COMM, problem, "C6v", kernel)
            x = np.ones(operator.rows, complex)
            seconds = best(lambda: operator.apply(x))
            speed = (
                f"{operator.flops / seconds[1] / 1e9:.0f} of {rate[1] / 1e9:.0f} GF/s zgemm" if kernel != "fft" else ""
            )
            show(f"N = {N}: {kernel}", seconds, speed)


def three_orbitals():
    print(
        "\nthree effective orbitals (WSe2, Liu et al., C3v) against the Dirac model (C6v), processor time per product"
        " and unknown, in alternation"
    )
    valley = {"bands": {"model": "tight-binding"}, "tight_binding": {"builtin": "liu2013:WSe2"}}
    # transforms alone: nine products of components in place of four
    for N, kernel in ((160, "auto"), (190, "auto"), (250, "auto"), (320, "auto"), (250, "fft")):
        operators = [
            TrionOperator(COMM, problem_of(N, "WSe2", **tables)[1], symmetry, kernel)
            for tables, symmetry in (({}, "C6v"), (valley, "C3v"))
        ]
        seconds = np.array([[alone(operator) for operator in operators] for _ in range(7)])
        dirac, orbitals = 1e9 * np.median(seconds, axis=0)
        ratio = np.median(seconds[:, 1] / seconds[:, 0])
        print(f"N = {N}, {kernel}: {orbitals:.0f} and {dirac:.0f} ns")
        print(
            f"ratio: trion of three orbitals, N = {N}, kernel {kernel}, per product and unknown over the Dirac one:"
            f" {ratio:.2f}",
            flush=True,
        )


def alone(operator):
    """Return the processor time of one product over the number of unknowns."""
    x, clock = np.ones(operator.rows, complex), Clock()
    operator.apply(x)
    return clock.read()[1] / operator.rows


def own_work():
    print("\nshare of the solver's time outside the products (N = 180, C6v, 4 states)")
    exciton, problem = problem_of(180)
    amplitude = solve_exciton(COMM, exciton, 1, TOLERANCE).lowest(COMM)
    for kernel in ("gemm", "fft"):
        operator = TrionOperator(COMM, problem, "C6v", kernel)
        multiply = Stopwatch()
        operator.kernel.multiply = multiply.around(operator.kernel.multiply)
        pairs = lowest_states(
            COMM, operator, 4, 1e-8, "trion_", partial(start_vector, operator, amplitude), level_width(1e-8)
        )
        outside, inside = 1 - pairs.product_seconds / pairs.seconds, 1 - multiply.seconds / pairs.seconds
        print(
            f"{kernel}: orthogonalisation {100 * outside:.1f} %, all but matrix products or transforms"
            f" {100 * inside:.1f} %"
        )


class Stopwatch:
    """Adds up the wall-clock time of a function."""

    def __init__(self):
        self.seconds = 0.0

    def around(self, function):
        def timed(*arguments):
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


def wait_quietly(comm):
    """A barrier that leaves the core to others."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(1e-3)


def scaling(N=240):
    if COMM.rank == 0:
        print(f"\none rank against {COMM.size} (N = {N}, C6v)                                  wall      processor")
    problem = problem_of(N)[1]
    for kernel in ("gemm", "fft"):
        alone = np.zeros(2)
        if COMM.rank == 0:
            operator = TrionOperator(MPI.COMM_SELF, problem, "C6v", kernel)
            x = np.ones(operator.rows, complex)
            alone = best(lambda: operator.apply(x), 8)
        wait_quietly(COMM)
        operator = TrionOperator(COMM, problem, "C6v", kernel)
        x = np.ones(operator.rows, complex)
        together = best(lambda: (COMM.Barrier(), operator.apply(x)), 8)
        # processor time spent waiting is not work
        operator.waited = 0.0
        clock = Clock()
        operator.apply(x)
        busy = max(COMM.allgather(clock.read()[1] - operator.waited))
        show(f"{kernel}: one rank", alone)
        efficiency = alone / np.maximum(together, 1e-12) / COMM.size
        show(
            f"{kernel}: {COMM.size} ranks",
            together,
            f"efficiency {efficiency[0]:.2f}; work alone {alone[1] / busy / COMM.size:.2f}",
        )
        if COMM.rank == 0:
            print(
                f"ratio: trion, N = {N}, products by {kernel}, efficiency of {COMM.size} ranks: {efficiency[0]:.2f}",
                flush=True,
            )


if COMM.size == 1:
    whole_solutions()
    product_rates()
    three_orbitals()
    own_work()
else:
    scaling()
