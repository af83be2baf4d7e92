"""Constants of nature (CODATA 2018), each once; in other units they are conversions. Without a unit in the name: eV, Angstrom, fs."""

from __future__ import annotations

from math import pi

#: e^2 / (4 pi epsilon_0), eV Angstrom
COULOMB = 14.399645
#: reduced Planck constant, eV fs
HBAR = 0.6582119569
#: hbar^2 / m0, eV Angstrom^2
HBAR2_PER_ELECTRON_MASS = 7.6199642
#: Boltzmann constant, eV / K
BOLTZMANN_EV_PER_K = 8.617333262e-5
#: speed of light
SPEED_OF_LIGHT_NM_PER_FS = 299.792458
#: impedance of free space
FREE_SPACE_IMPEDANCE_OHM = 376.730313668
#: hbar^2 times (kg / m^2) / areal mass density, eV Angstrom^4
HBAR2_EV_A4_KG_PER_M2 = 6.941318e-10

HBAR_EV_FS = HBAR
HBAR_MEV_PS = HBAR
BOLTZMANN_MEV_PER_K = 1e3 * BOLTZMANN_EV_PER_K
SPEED_OF_LIGHT_NM_PER_PS = 1e3 * SPEED_OF_LIGHT_NM_PER_FS
HBAR2_PER_M0_EV_NM2 = 1e-2 * HBAR2_PER_ELECTRON_MASS
COULOMB_EV_NM = 0.1 * COULOMB
#: e / epsilon_0
CHARGE_PER_EPS0_V_NM = 4 * pi * COULOMB_EV_NM
#: e^2 / (2 epsilon_0): the two-dimensional Coulomb potential is this over q
COULOMB_2D_MEV_NM = 2e3 * pi * COULOMB_EV_NM
HBAR_C_EV_NM = HBAR * SPEED_OF_LIGHT_NM_PER_FS
