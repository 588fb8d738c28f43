# `make demo` and `make test` set up all that they need in .venv; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

$(VENV)/dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

demo: $(VENV)/demo  ## Turn a photo into a painting, offline, in about a minute.
	@$(BIN)/python examples/demo.py

test: $(VENV)/dev  ## Run all tests.
	$(BIN)/python -m pytest --numprocesses auto --max-worker-restart 0

check: $(VENV)/dev  ## Format, lint, types, blocks and tables in the docs.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.docs --check
	$(BIN)/python -m tools.page --check

format: $(VENV)/dev  ## Format the code, and renew the tables in the docs.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/python -m tools.docs

page: $(VENV)/dev  ## Build the studio's page from web/ (needs node and npm).
	$(BIN)/python -m tools.page

# PEERS are other programs' commands: see docs/benchmarks.md
bench: $(VENV)/dev  ## Measure everything again (over an hour; needs VGG-19).
	$(BIN)/python -m benchmarks.steps
	$(BIN)/python -m benchmarks.convergence
	$(BIN)/python -m benchmarks.backbones
	$(BIN)/python -m benchmarks.realtime quality
	$(BIN)/python -m benchmarks.photoreal
	$(BIN)/python -m benchmarks.speed $(PEERS)
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.batch

clean:  ## Remove the virtual environment and all that was built.
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help demo test check format page bench clean
