"""What the tests of trion spectra share: set-ups of small meshes, and exact diagonalisation."""

import numpy as np
from mpi4py import MPI

from hpcx.exciton.solve import solve_exciton
from hpcx.io.stages import Stages
from hpcx.materials.sets import load_numbers
from hpcx.parallel.run import Run
from hpcx.physics.spectra import lorentzian_spectrum
from hpcx.trion.absorption import optical_vector, trion_spectrum
from hpcx.trion.config import Config
from hpcx.trion.operator import TrionOperator
from hpcx.trion.problem import exciton_of, trion_problem

COMM = MPI.COMM_SELF


def config_of(material="MoS2", N=40, k0=0.1, **tables):
    tables = {"absorption": {"enabled": True}, "solver": {"states": 1}} | tables
    return Config.model_validate({"model": "trion", "material": material, "mesh": {"N": N, "k0": k0}, **tables})


def material_of(config):
    """Return the material as a run takes it."""
    return load_numbers(config.material, config.model, config.parameter_set, config.numbers_from)


def prepare(config, species):
    """Return the operator and the energy of the 1s exciton."""
    data = material_of(config)
    exciton = exciton_of(config, data)
    problem = trion_problem(config, data, exciton, species)
    energy = solve_exciton(COMM, exciton, 1, 1e-9).energy[0]
    return TrionOperator(COMM, problem, config.solver.symmetry, config.solver.kernel), energy


def spectrum_of(config, species, dress=lambda operator: operator):
    operator, energy = prepare(config, species)
    return trion_spectrum(config, operator, energy, species, Stages(COMM, Run()), dress)[0]


def matrix_of(operator):
    return np.array([operator.apply(unit) for unit in np.eye(operator.rows, dtype=complex)]).T


def exact_sticks(operator, hamiltonian=None):
    """Return all eigenvalues and their weights by diagonalising the matrix."""
    matrix = matrix_of(hamiltonian or operator)
    real = operator.sector.real
    energy, vectors = np.linalg.eigh(matrix.real if real else matrix)
    return energy, np.abs(vectors.conj().T @ optical_vector(operator)) ** 2


def true_error(config, species):
    """Return the spectrum with its true largest error relative to the peak."""
    operator, exciton_energy = prepare(config, species)
    spectrum = trion_spectrum(config, operator, exciton_energy, species, Stages(COMM, Run()))[0]
    exact_w = lorentzian_spectrum(spectrum.photon_energy, *exact_sticks(operator), config.absorption.broadening)
    return spectrum, np.abs(spectrum.absorption_w - exact_w).max() / exact_w.max()
