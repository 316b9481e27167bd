# make run         open the app with the sample graph (without a display: run the sample in the terminal)
# make test        everything; test-quick leaves the slow ones out
# make lint        ruff, mypy, lint-imports
# make bench       the table of speeds; QUICK=1 for a rough one
# make bench-gui   the speed of the app's surface beside its targets; QUICK=1
# make bench-peers the same work done by Dask, Ray, HyperQueue, Parsl and ipyparallel beside it; QUICK=1
# make chaos       a mixed load against faults of every kind, then an audit; SEED="1 2 3"
# make mutants     take safeties out of a copy of the sources: the tests must notice each
# make screenshots draw the pictures of the docs anew
# make strings     the app's words for translators; LANGUAGES="de" (docs/translating.md)
# make clean       remove the virtual environment and what tools left behind
#
# All of them make their own virtual environment first. PYTHON=/path/to/python chooses the interpreter.

VENV ?= .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# The tests start hundreds of Pythons: none compiles again what another has, even where a person wants no bytecode.
PYTEST := PYTHONDONTWRITEBYTECODE= QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest --timeout 300
# A test a processor; each takes the next ones of a file, whose tests may share a window, and then helps the others.
PARALLEL := -n auto --maxprocesses 4 --dist worksteal
SOURCES := core agent gui resources tests bench docs tools

.PHONY: help run test test-quick bench bench-gui bench-peers lint chaos mutants screenshots strings clean

help:
	@sed -n 's/^# //p' Makefile | head -n 11

$(BIN)/python:
	@python=$$(tools/find_python.sh "$(PYTHON)") && echo "making $(VENV) with $$python" && "$$python" -m venv "$(VENV)"

# The stamps say which extras are installed; they go stale with pyproject.toml.
$(VENV)/.gui: pyproject.toml | $(BIN)/python
	@echo "installing Windlass with its app into $(VENV)"
	@$(PIP) --editable '.[gui]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "installing Windlass with the developers' tools into $(VENV)"
	@$(PIP) --editable '.[gui,dev,bench]'
	@touch $@ $(VENV)/.gui

run: $(VENV)/.gui
	@tools/run_app.sh $(BIN) monte-carlo

test: $(VENV)/.dev
	@$(BIN)/python tools/check_qt.py
	$(PYTEST) $(PARALLEL) $(ARGS)

test-quick: $(VENV)/.dev
	@$(BIN)/python tools/check_qt.py
	$(PYTEST) -m 'not slow' --hypothesis-profile quick $(PARALLEL) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check --no-cache
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PATH=$(BIN):$$PATH $(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m bench $(if $(QUICK),--quick) $(ARGS)

bench-gui: $(VENV)/.dev
	@$(BIN)/python tools/check_qt.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m bench.gui $(if $(QUICK),--quick) $(ARGS)

bench-peers: $(VENV)/.dev
	$(BIN)/python -m bench.peers $(if $(QUICK),--quick) $(ARGS)

chaos: $(VENV)/.dev
	$(BIN)/python tests/chaos/chaos.py --seed $(or $(SEED),1) $(ARGS)

mutants: $(VENV)/.dev
	$(BIN)/python tools/mutants.py $(ARGS)

screenshots: $(VENV)/.dev
	@$(BIN)/python tools/check_qt.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python docs/make_screenshots.py
	$(BIN)/python docs/make_tour.py

strings: $(VENV)/.dev
	$(BIN)/python tools/strings.py --compile $(LANGUAGES)

clean:
	rm -rf "$(VENV)" .bench-peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
