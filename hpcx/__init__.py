"""hpcx: excitons and trions in two-dimensional semiconductors on parallel machines."""

__version__ = "0.1.0"
