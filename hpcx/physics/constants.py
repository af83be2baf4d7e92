"""Constants of nature (CODATA 2018), each once, in the units of all models: eV, nm, fs, m0, K."""

from __future__ import annotations

from math import pi

#: e^2 / (4 pi epsilon_0), eV nm
COULOMB = 1.4399645
#: reduced Planck constant, eV fs
HBAR = 0.6582119569
#: Boltzmann constant, eV / K
BOLTZMANN_EV_PER_K = 8.617333262e-5
#: speed of light
SPEED_OF_LIGHT_NM_PER_FS = 299.792458
ELEMENTARY_CHARGE_C = 1.602176634e-19
#: mass of the free electron, eV fs^2 / nm^2: its rest energy over c^2
ELECTRON_MASS = 510998.95 / SPEED_OF_LIGHT_NM_PER_FS**2

#: hbar^2 / m0, eV nm^2
HBAR2_PER_M0 = HBAR**2 / ELECTRON_MASS
#: Bohr magneton, eV / T; 1 T is 1e-3 V fs / nm^2
BOHR_MAGNETON = 1e-3 * HBAR / (2 * ELECTRON_MASS)
#: e / epsilon_0
CHARGE_PER_EPS0_V_NM = 4 * pi * COULOMB
HBAR_C_EV_NM = HBAR * SPEED_OF_LIGHT_NM_PER_FS
