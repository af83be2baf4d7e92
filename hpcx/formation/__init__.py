"""Exciton formation: TMD Bloch equations for a pump above the gap and a probe at the A and B excitons.

Unknowns: polarisations, two-exciton amplitudes and exciton populations of the A and B manifolds of both valleys
(Trovatello et al., Nat. Commun. 11, 5277 (2020), Eqs. 2-5, with the corrections explained in `operator.py` and
`cascade.py`), in third order in the field for all delays at once (`third_order.py`), or to all orders in time
(`time_domain.py`). Internal units: eV, fs, nm, V/nm, e = 1 (dipole moments e nm), masses in free-electron masses.
A polarisation oscillates as exp(-i energy t / hbar), a field is E exp(-i omega t) + c.c.
"""
