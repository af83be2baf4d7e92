"""Exciton Wigner function in time, space, momentum and valley with phonon scattering
(Rosati et al., Nanoscale 12, 356 (2020)).

Energy bins of each valley are counted from its own minimum.
Order of the valleys everywhere: KK (bright), KK' and K-Lambda (momentum-dark).
"""
