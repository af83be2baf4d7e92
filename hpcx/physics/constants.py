"""Constants of nature (CODATA 2018). Every name carries its unit."""

from __future__ import annotations

#: reduced Planck constant
HBAR_EV_FS = 0.6582119569
#: hbar^2 over the free-electron mass
HBAR2_PER_M0_EV_NM2 = 0.0761996423
#: e^2 / (4 pi eps0)
COULOMB_EV_NM = 1.4399645478
#: e / eps0
CHARGE_PER_EPS0_V_NM = 18.0951282
#: hbar times the speed of light
HBAR_C_EV_NM = 197.3269804
#: speed of light
SPEED_OF_LIGHT_NM_PER_FS = 299.792458
#: impedance of free space
FREE_SPACE_IMPEDANCE_OHM = 376.730313668
