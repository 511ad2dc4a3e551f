# Everything a newcomer needs: `make demo` and `make test`. Both set up what is missing.
# A Python from 3.11 to 3.13 is the only requirement.

# The first that starts and is of a supported version; the engine, dbt and Dagster all have wheels for these.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check format up down bench bench-engine lock clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.installed  ## create .venv from the lock
setup-dev: .venv/.installed-dev  ## the same, with what tests and checks need

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one, or run: make PYTHON=/path/to/it"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked packages into .venv; this takes some minutes."
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup  ## load the whole default data set, build and check the marts, and show where to look
	$(BIN)/zeno demo

test: setup-dev  ## run the whole suite
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=3 --dist=loadfile --no-loadscope-reorder

check: setup-dev  ## lint, types, import rules, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt/models

format: setup-dev  ## format Python and SQL
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt/models

up: setup  ## start warehouse, Dagster UI and daemon
	$(BIN)/zeno up

down: setup  ## stop them
	$(BIN)/zeno down

bench: setup-dev  ## run every benchmark and print its figures
	$(BIN)/python -m benchmarks

bench-engine: setup-dev  ## run the backtest engine side by side with others
	$(BIN)/python -m benchmarks engine

lock:  ## resolve the dependencies anew
	$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade pyproject.toml -o requirements.lock
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	rm -rf .venv/lock

clean:  ## remove the environment and caches (not the data: that is zeno's data folder)
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
