"""The only package that imports petsc4py and slepc4py: shell matrices, eigensolver, time stepper, options."""
