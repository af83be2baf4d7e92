# make env       the Python environment (.venv); quick and silent when nothing is missing     jobs/environment.sh tells more
# make run       exciton and trion binding energies of MoS2 on two ranks, with a figure
# make table1    exciton and trion binding energies of four materials with error bars, some minutes on two ranks
# make test      all tests: serial, then under mpirun with 1, 2, 3 and 4 ranks
# make test-slurm  the job scripts on a SLURM of one node, made for the test (needs root and apt-get, else skipped)
# make test-container  a container of Debian's packages is built and computes (docker, podman or apptainer, else root and debootstrap)
# make bench     every benchmark                                                               tests/benchmarks/README.md
# make validate  every statement of the papers against results: results/validation/index.html
# make validate-large  a spot in the plane at 77, 20 and 300 K (ten minutes on two idle cores); stores its numbers for the page of `make validate`.
#                At 20 K energy bins are wide: the spot shrinks from 29 to 65 ps, on fine bins from 34 to 81
# make validate-bars  error bars of hpcx converge against much finer calculations (six minutes); stores the table for that page
# make validate-tests  slow tests that are not part of `make test`
# make validate-restart  runs killed at twenty random moments per model, or stopped in every way, and continued; full disks; idle share
# make clean     removes build products and .venv; never results, and never .venv-pypi, which takes long to make
# make pypi      the environment built from PyPI (.venv-pypi); `make run STACK=pypi` and so on use it
#
# The launcher is `mpirun` of the PATH; another one: make test MPIRUN=/path/to/mpiexec

STACK  ?= auto
MPIRUN ?= mpirun
VENV   := $(if $(filter pypi,$(STACK)),.venv-pypi,.venv)
PYTHON_IN_VENV := $(VENV)/bin/python
export MPIRUN

# What mpirun needs to know stands here alone, in variables that a foreign MPI ignores: more ranks than cores (Open MPI 4 and 5),
# no binding (two jobs on one machine would be bound to the same cores), leave to run as root in a container, one thread per rank.
export OMPI_MCA_rmaps_base_oversubscribe := 1
export OMPI_MCA_hwloc_base_binding_policy := none
export PRTE_MCA_rmaps_default_mapping_policy := :oversubscribe
export PRTE_MCA_hwloc_default_binding_policy := none
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif

.PHONY: env run table1 test test-slurm test-container bench validate validate-large validate-bars validate-tests validate-restart clean pypi

env:
	@STACK=$(STACK) bash jobs/environment.sh

pypi:
	@$(MAKE) --no-print-directory env STACK=pypi

run: env
	$(MPIRUN) -n 2 $(VENV)/bin/hpcx run inputs/trion_quickstart.toml
	$(PYTHON_IN_VENV) postprocess/binding_energies.py results/trion_quickstart/sweep.h5

table1: env
	$(MPIRUN) -n 2 $(VENV)/bin/hpcx run inputs/trion_table1.toml
	$(PYTHON_IN_VENV) postprocess/convergence.py results/trion_table1/sweep.h5

test: env
	@bash tests/run.sh $(PYTHON_IN_VENV)

test-slurm: env
	@bash tests/slurm/run.sh $(PYTHON_IN_VENV)

test-container:
	@bash tests/container/run.sh

bench: env
	@mkdir -p results
	@BENCH="$(BENCH)" bash -o pipefail -c 'bash tests/benchmarks/run.sh $(PYTHON_IN_VENV) 2>&1 | tee results/bench.log'

validate: env
	$(PYTHON_IN_VENV) postprocess/validate.py

validate-large: env
	@for name in trion_large trion_largest wigner_plane wigner_plane_20K wigner_plane_300K; do \
	    $(MPIRUN) -n 2 $(VENV)/bin/hpcx run inputs/$$name.toml && $(PYTHON_IN_VENV) postprocess/store_large.py results/$$name/result.h5 || exit 1; \
	done

validate-bars: env
	rm -f results/validation/error_bars.json
	$(PYTHON_IN_VENV) -m pytest -q -m validate tests/converge/test_honesty.py
	cp results/validation/error_bars.json postprocess/validation/stored/bars/

validate-tests: env
	$(PYTHON_IN_VENV) -m pytest -m validate --ignore=tests/command --ignore=tests/slurm

validate-restart: env
	$(PYTHON_IN_VENV) -m pytest -m validate tests/command

clean:
	rm -rf .venv build *.egg-info .pytest_cache .hypothesis
	find hpcx tests postprocess jobs -name __pycache__ -prune -exec rm -rf {} +
