"""The couplings between exciton populations, one module each, each with its own matrix."""
