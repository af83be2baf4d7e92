"""Materials whose bands do not have the gap that the Dirac model needs: as for the exciton."""

from hpcx.exciton.refusals import refusals

__all__ = ["refusals"]
