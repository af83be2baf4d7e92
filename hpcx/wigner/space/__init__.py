"""Exciton distributions in space: cells, landscapes, free flight, and the run of the full equation."""
