"""Looking at results and at the installation: `hpcx show`, `hpcx compare`, `hpcx info`. Needs no MPI and no PETSc."""
