"""Constants of nature in the units of the band-structure models: eV, Angstrom, fs; others carry their unit in the name."""

#: e^2 / (4 pi epsilon_0), eV Angstrom
COULOMB = 14.399645
#: reduced Planck constant, eV fs
HBAR = 0.6582119569
#: hbar^2 / m0, eV Angstrom^2
HBAR2_PER_ELECTRON_MASS = 7.6199642

#: reduced Planck constant
HBAR_MEV_PS = 0.6582119569
#: Boltzmann constant
BOLTZMANN_MEV_PER_K = 0.08617333262
#: e^2 / (2 epsilon_0): the two-dimensional Coulomb potential is this over q
COULOMB_2D_MEV_NM = 9047.56
#: speed of light
SPEED_OF_LIGHT_NM_PER_PS = 299792.458
