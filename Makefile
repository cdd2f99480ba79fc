# make run    environment from requirements.lock, then the figures listed in config/config.yaml (EFFORT=paper, CORES=32)
# make report the same, then all of it as one archive that opens in a browser: results/report.zip
# make test   the same environment, then the tests
# All do nothing twice: the environment is built again only when requirements.lock or pyproject.toml changes.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
CORES ?= all
EFFORT ?=
WORKERS ?= logical
DEAD ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) $(if $(EFFORT),--config effort=$(EFFORT))

# What Snakemake starts finds the environment's python too.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Jobs are the parallelism: two processes of several BLAS threads each slow one another down.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: run resume report test bench gate lint style types workflow format docs environment lock clean help

run: $(READY)  ## build the environment if needed, then every figure of config/config.yaml
	$(SNAKEMAKE)

resume: $(READY)  ## go on after a run was killed: release its lock, unless it is alive, then run
	@$(BIN)/isaclib unlock $(addprefix --dead ,$(DEAD))
	$(SNAKEMAKE) --rerun-incomplete

report: $(READY)  ## what `make run` makes, and results/report.zip: figures, claims, draws by status, times, versions
	$(SNAKEMAKE) -- build page
	$(SNAKEMAKE) --report results/report.zip --report-stylesheet workflow/report/style.css -- build page

test: $(READY)  ## the tests (ARGS is handed to pytest: make test ARGS='-k music')
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

bench: $(READY)  ## times of the kernels (ARGS=--benchmark-save=before, then ARGS=--benchmark-compare)
	$(BIN)/pytest --quiet benchmarks/kernels/table.py --override-ini pythonpath=benchmarks/kernels \
		--benchmark-columns=min,median,max --benchmark-sort=fullname $(ARGS)

gate: $(READY)  ## no kernel more than a tenth slower than at the commit in benchmarks/kernels/baseline
	$(BIN)/python benchmarks/kernels/gate.py $(ARGS)

lint: style types workflow  ## style, types and workflow checks

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow

types: $(READY)
	$(BIN)/mypy

workflow: $(READY)
	$(BIN)/snakemake --lint

format: $(READY)  ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# anew, since tables and reference come from the code
docs: $(READY)  ## the documentation as pages: docs/_build/index.html
	$(BIN)/sphinx-build --builder html --fresh-env --quiet --fail-on-warning --keep-going docs docs/_build
	@echo docs/_build/index.html

environment: $(READY)  ## only the environment

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "isaclib needs Python 3.11 or later: none found (name one with PYTHON=/path/to/python3.11)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "installing the packages of requirements.lock into $(VENV): a few minutes, once"
	@$(PIP) --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## write requirements.lock anew, keeping its versions (ARGS=--upgrade takes the newest)
	tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && $(PYTHON) -m venv "$$tool" \
		&& "$$tool/bin/pip" install --quiet pip-tools \
		&& CUSTOM_COMPILE_COMMAND="make lock" "$$tool/bin/pip-compile" --quiet --extra dev --extra docs --strip-extras \
			--generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(ARGS) \
			--output-file requirements.lock pyproject.toml

clean:  ## remove the environment and caches; results stay
	rm -rf $(VENV) dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find isaclib tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 14
