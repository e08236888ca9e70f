# Needs git, make and Python 3.11+; every target does its own set-up in .venv and skips what is done already.

# `make PYTHON=/path/to/python3.12 ...` names the interpreter; otherwise the first of these that will do is taken.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14)

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq

PAIRS ?= 5000
BATCHES ?= 10000
QUERIES ?= 20000
STUDIES ?= 5000
ABDUCTIONS ?= 2000
MODELS ?= 5000
FIRST ?= 0
PYTEST_ARGS ?= -n auto --maxprocesses 4
BENCH_ARGS ?=
UNITS_ARGS ?=
BOUNDS_ARGS ?=

QUESTION ?= If the court orders the execution, the captain gives the signal. \
If the captain gives the signal, rifleman A shoots and rifleman B shoots. \
If rifleman A or rifleman B shoots, the prisoner dies. We observed that the prisoner died. \
Would the prisoner have died if rifleman A had not shot?
export QUESTION

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint format verify bench bench-units bench-bounds constraints clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.run-ready ## Ask a counterfactual question in plain words and show how it is answered
	@echo; echo "$$QUESTION" | fold -s -w 100 | sed 's/^/> /'; echo
	@$(VENV)/bin/twinworld ask "$$QUESTION" --explain

test: lint ## Run every check: lint, types, tests
	$(PY) -m pytest $(PYTEST_ARGS)

# pyright's wrapper would ask the network for its newest release; we run the pinned one. The project is named because a
# stray pyrightconfig.json in a folder above would otherwise be taken first.
lint: $(VENV)/.dev-ready ## Check style and types only
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright --project pyproject.toml

format: $(VENV)/.dev-ready ## Mend style where it can be mended by machine
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

verify: $(VENV)/.dev-ready ## Run the long randomised checks (PAIRS=5000 BATCHES=10000 QUERIES=20000 STUDIES=5000 ABDUCTIONS=2000 MODELS=5000; FIRST=n goes on)
	$(PY) -m tests.verify_random --pairs $(PAIRS) --batches $(BATCHES) --first $(FIRST)
	$(PY) -m tests.verify_identify --queries $(QUERIES) --first $(FIRST)
	$(PY) -m tests.verify_coverage --studies $(STUDIES) --first $(FIRST)
	$(PY) -m tests.verify_abduction --cases $(ABDUCTIONS) --first $(FIRST)
	$(PY) -m tests.verify_bounds --models $(MODELS) --first $(FIRST)

bench: $(VENV)/.bench-ready ## Measure speed, beside other engines (half an hour; BENCH_ARGS=--quick for a look)
	$(PY) -m benchmarks $(BENCH_ARGS)

# dowhy pins an older SciPy, so it has an environment of its own; UNITS_ARGS=--quick for a look.
bench-units: $(VENV)/.bench-ready build/peers/.ready ## Measure worlds of a million units, beside dowhy.gcm and NumPy
	$(PY) -m benchmarks.units $(UNITS_ARGS)

bench-bounds: $(VENV)/.bench-ready ## Measure bounds, beside one linear programme each through SciPy (BOUNDS_ARGS=--quick for a look)
	$(PY) -m benchmarks.bounds $(BOUNDS_ARGS)

# Python 3.11 is the oldest release supported, so what it needs is what every release needs.
constraints: ## Pin anew every package that a development install and the benchmarks bring (needs Python 3.11)
	@python3.11 -m venv --clear build/constraints
	@build/constraints/bin/python -m pip --disable-pip-version-check -qq install -e '.[dev,bench]'
	@build/constraints/bin/python -m pip freeze --exclude-editable > build/constraints.txt
	@if grep -vE '^[A-Za-z0-9._-]+==[A-Za-z0-9.!]+$$' build/constraints.txt; then \
	    echo "These lines are not plain pins; constraints.txt was left as it was." >&2; exit 1; fi
	@mv build/constraints.txt constraints.txt && rm -rf build/constraints
	@echo "constraints.txt: $$(wc -l < constraints.txt) pins"

clean: ## Remove the environment and everything that can be made again
	rm -rf $(VENV) build dist .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ---------------------------------------------------------------------------------------------------------
# A stamp that is older than one of these is out of date.
INPUTS := $(VENV)/.home pyproject.toml constraints.txt

$(VENV)/.run-ready: $(INPUTS)
	@echo "Installing what Twinworld runs on into $(VENV) (about 650 MB the first time) ..."
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev-ready: $(INPUTS)
	@echo "Installing what Twinworld and its checks run on into $(VENV) (about 1.8 GB the first time) ..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.run-ready $@

$(VENV)/.bench-ready: $(VENV)/.dev-ready
	@echo "Installing the engines that Twinworld is measured beside into $(VENV) (about 150 MB) ..."
	@$(PIP) install -c constraints.txt -e '.[bench]'
	@touch $@

build/peers/.ready: benchmarks/peers.txt
	@echo "Installing dowhy into build/peers (about 700 MB) ..."
	@$(PY) -m venv --clear build/peers
	@build/peers/bin/python -m pip --disable-pip-version-check -qq install -r benchmarks/peers.txt
	@touch $@

# `.home` says where the environment was made. One whose Python is gone, or that came along with a checkout that was
# moved or copied and still points at the old place, is made again; one that somebody made by hand is kept.
ifneq ($(shell test -x $(PY) && cat $(VENV)/.home 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.home
endif

$(VENV)/.home:
	@if test -x $(PY) && ! test -e $@; then echo '$(CURDIR)' > $@; exit; fi; \
	for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" --version) ..."; \
	        "$$python" -m venv --clear $(VENV) && echo '$(CURDIR)' > $@; exit; \
	    fi; \
	done; \
	echo "Twinworld needs Python 3.11 or newer with its venv module. Tried: $(PYTHONS)." >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," >&2; \
	echo "or name yours: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	exit 1
