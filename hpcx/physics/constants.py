"""Constants of nature in the units of the band-structure models: eV, Angstrom, fs."""

#: e^2 / (4 pi epsilon_0), eV Angstrom
COULOMB = 14.399645
#: reduced Planck constant, eV fs
HBAR = 0.6582119569
#: hbar^2 / m0, eV Angstrom^2
HBAR2_PER_ELECTRON_MASS = 7.6199642
#: Boltzmann constant, eV / K
BOLTZMANN_EV_PER_K = 8.617333262e-5
#: hbar^2 times (kg / m^2) / areal mass density, eV Angstrom^4
HBAR2_EV_A4_KG_PER_M2 = 6.941318e-10
