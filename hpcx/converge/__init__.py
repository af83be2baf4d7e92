"""Limits with error bars: numerical parameters are refined until a quantity is known as well as it was asked for."""
