# Needs Python 3.11+ with venv, make, git and ssh-keygen (Debian: python3-venv make git openssh-client).
PYTHON ?= python3
DEV := .venv
DEMO := .venv-demo
# For the two cores that CI has: what only computes has a worker for each core; tests outside of
# core/ wait for processes now and then, and one worker more fills the gaps.
WORKERS ?= 2
WAITING_WORKERS ?= 3

.PHONY: help demo test mutants kill lint bench clean

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(DEV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(DEV)/bin/python -m pip install --quiet --editable '.[sandbox]' --group dev
	@touch $@

$(DEMO)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --editable '.[sandbox]'
	@touch $@

demo: $(DEMO)/.installed  ## play the whole story against a sandbox organization
	$(DEMO)/bin/orgroot demo

test: $(DEV)/.installed  ## the whole suite; core/ must keep 100 % branch coverage
	$(DEV)/bin/python -m coverage erase
	$(DEV)/bin/python -m coverage run -m pytest -q -n $(WORKERS) tests/core
	$(DEV)/bin/python -m coverage combine -q
	$(DEV)/bin/python -m coverage report --include='orgroot/core/*' --fail-under=100
	$(DEV)/bin/python -m pytest -q -n $(WAITING_WORKERS) --dist worksteal --ignore=tests/core

mutants: $(DEV)/.installed  ## take each mitigation out and show that its test turns red
	$(DEV)/bin/python -m tests.mutants --workers $(WORKERS)

kill: $(DEV)/.installed  ## hurt real processes at every point they have (test takes a part of these)
	ORGROOT_TEST_EVERY_POINT=1 $(DEV)/bin/python -m pytest -q -n $(WORKERS) --dist worksteal tests/e2e/test_threats_crash.py

lint: $(DEV)/.installed  ## ruff, mypy strict, import contracts
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

bench: $(DEV)/.installed  ## ratios and counts, never a pass or fail
	$(DEV)/bin/python -m bench

clean:  ## remove what the other targets made
	rm -rf $(DEV) $(DEMO) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
