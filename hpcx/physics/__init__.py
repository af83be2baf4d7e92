"""Shared ingredients, pure numpy and scipy: constants, bands, screening, meshes, Wannier states, phonons, optics."""
