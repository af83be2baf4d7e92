"""Constants of nature (CODATA 2018). Every name carries its unit."""

from __future__ import annotations

#: reduced Planck constant
HBAR_MEV_PS = 0.6582119569
#: Boltzmann constant
BOLTZMANN_MEV_PER_K = 0.08617333262
#: free-electron mass, as m c^2 / c^2
ELECTRON_MASS_MEV_PS2_PER_NM2 = 5.685630e-3
#: e^2 / (2 eps0): the two-dimensional Coulomb potential is this over q
COULOMB_2D_MEV_NM = 9047.56
#: speed of light
SPEED_OF_LIGHT_NM_PER_PS = 299792.458
