# make demo    the whole story on the built-in corpus, in minutes
# make test    the quick tests
# make check   what CI runs: style, types, docstrings, imports, docs, then the slow tests
# make bench   every benchmark
# make xquad-r the XQuAD-R experiment on ../shared/data, about half an hour
# make docs    the site, in site/
# make clean   remove the environment, caches and built files (never runs/)
#
# Each sets up its own .venv with the versions of constraints.txt; the second time there is nothing to do.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

# Both, because newer releases of pip read the second one for build environments. Relative, because pip splits
# these at spaces.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Nothing here downloads a model or a data set.
export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports docs slow bench xquad-r clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.all: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[all]"
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $(VENV)/.all $@

demo: $(VENV)/.all
	$(BIN)/isoglot demo

test: $(VENV)/.dev
	$(PYTEST) -n auto -m "not slow and not browser"

check: lint types imports docs slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pydoclint --quiet src

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# Exit status 5 is pytest's "nothing matched", as in a checkout without slow tests.
slow: $(VENV)/.dev
	$(PYTEST) -n auto -m "slow or browser" --durations=10 || test $$? -eq 5

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[bench]"
	@touch $@

bench: $(VENV)/.bench
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python "$$benchmark" || exit 1; done

xquad-r: $(VENV)/.dev
	$(BIN)/python configs/xquad-r/run.py

clean:
	rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
