"""Spin-valley dynamics of excitons and circular dichroism in monolayer semiconductors, mechanism by mechanism.

Solves the coherent A and B polarisations under a circularly polarised pump and the linear Boltzmann equation of 12 (24
with single-electron spin flips) exciton species on a radial grid of the centre-of-mass momentum, after Dogadov,
Mittenzwey et al., npj 2D Mater. Appl. (2025), doi 10.1038/s41699-025-00653-2. Inside: eV, nm, fs, K; masses in m0.

A matrix W of a mechanism holds rates (1/fs) as W[final, initial] over flattened (species, cell); its generator is
G = W - diag(column sums), so that numbers of particles are conserved by construction.
"""
