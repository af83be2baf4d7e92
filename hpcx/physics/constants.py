"""Constants of nature (CODATA 2018). Every name carries its unit."""

from __future__ import annotations

#: reduced Planck constant
HBAR_EV_FS = 0.6582119569
#: Boltzmann constant
BOLTZMANN_EV_PER_K = 8.617333262e-5
#: hbar^2 / (2 m0), m0 the free-electron mass
HBAR2_OVER_2M0_EV_A2 = 3.809982112
#: e^2 / (2 eps0): the two-dimensional Coulomb potential is this over q
COULOMB_2D_EV_A = 90.4756
#: hbar^2 / (areal mass density in kg/m^2)
HBAR2_EV_A4_KG_PER_M2 = 6.9411e-10
