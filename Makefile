# Everything here works from a clean clone; the only needs are Python 3.11 or newer and make.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NOTEBOOK_VIEWER := $(VENV)/share/jupyter/lab/settings/overrides.json

.DEFAULT_GOAL := help
.PHONY: help env book notebooks pdf lab check test bench record gpu clean

help:  ## show this list
	@echo "Targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile
	@echo "Use another Python with: make book PYTHON=python3.12"

# The environment is made once and renewed only when one of these two files changes.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "This needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make book PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu the package python3-venv provides it."; exit 1; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[book,test]"
	@touch $@

# Lets a double click in JupyterLab open a chapter, which is a text file, as a notebook.
$(NOTEBOOK_VIEWER): $(STAMP)
	@mkdir -p $(@D)
	@printf '%s\n' '{"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}}}' > $@

env: $(STAMP)  ## make the environment in .venv, which all others do too

book: $(STAMP)  ## execute the chapters and build the site into _build/html
	@$(BIN)/python -m book._tools.build

notebooks: $(STAMP)  ## build, then say where the clean and the executed notebooks are
	@$(BIN)/python -m book._tools.build
	@echo "Notebooks without outputs: _build/html/notebooks/clean"
	@echo "Notebooks with outputs:    _build/html/notebooks/executed"

pdf: $(STAMP)  ## build, then print the whole book into one PDF (needs Chromium)
	@$(BIN)/python -m book._tools.build
	@$(BIN)/python -m book._tools.pdf

lab: $(NOTEBOOK_VIEWER)  ## open JupyterLab on the book
	$(BIN)/jupyter lab --notebook-dir=.

# Tests run side by side, one file in one process. Threads that wait sleep, or they would take the other's core. What
# Python compiles is kept for the next run, also where the environment says not to: each process would compile it again.
WORKERS ?= 2
SIDE_BY_SIDE = OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

check: $(STAMP)  ## run the fast checks in about three minutes: style, types, layers, all tests not marked slow
	@$(SIDE_BY_SIDE) -m "not slow" --hypothesis-profile=check

# The tests of the book share one site, which its build makes with all cores, as the browser that most of them need takes
# them: one after the other. Both parts run, whatever the first says.
test: $(STAMP)  ## run every check: code, chapters from scratch, site in a browser
	@failed=0; \
	$(SIDE_BY_SIDE) --ignore=tests/book || failed=1; \
	$(BIN)/python -m pytest tests/book || failed=1; \
	exit $$failed

bench: $(STAMP)  ## race the library against others on this machine; ARGS="--device cuda" on a GPU
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# A record takes hours on a GPU; PRESET=record-cpu is for a machine without one. Stopped, it goes on from OUT.
PRESET ?= record
OUT ?= runs/$(NAME)-$(PRESET)
PROCESSES ?= 1

record: $(STAMP)  ## run an experiment in full and write its record: make record NAME=autoencoder-distances
	@test -n "$(NAME)" || { echo "Which one? make record NAME=..."; $(BIN)/python -m pcl_lib.experiments list; exit 1; }
	$(BIN)/python -m pcl_lib.experiments run $(NAME) --preset $(PRESET) --processes $(PROCESSES) --out $(OUT)

# On a machine with a GPU, with or without a network and this environment; PYTHON is one that has torch.
MINUTES ?= 9
RECORD ?=

gpu:  ## races, gpu tests and recorded runs within MINUTES: make gpu MINUTES=9 RECORD="completion-losses:record-gpu"
	@$(if $(filter command line,$(origin PYTHON)),$(PYTHON),$$(test -x $(BIN)/python && echo $(BIN)/python || echo $(PYTHON))) \
	  -m tests.device --minutes $(MINUTES) --record $(RECORD) --processes $(PROCESSES) $(ARGS)

clean:  ## remove the built site and all caches, keep the environment
	rm -rf _build build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
