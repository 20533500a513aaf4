# The README's two commands are `make demo` and `make test`; each makes its own virtual environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types unit e2e bench docs dist generated clean

demo: $(VENV)/.runs
	rm -rf .demo
	$(BIN)/pinner demo .demo

test: lint types unit

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tests
	$(BIN)/mypy

unit: $(VENV)/.tests
	$(BIN)/pytest -m "not e2e" -n auto --cov --cov-report=term-missing:skip-covered

e2e: $(VENV)/.e2e
	$(BIN)/pytest -m e2e

bench: $(VENV)/.tests
	$(BIN)/python -m tools.bench

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The same bytes for the same commit on every machine.
dist: $(VENV)/.dist
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --quiet --no-isolation

# What is written from the code: schemas, pages of the reference, man pages and completions. Tests keep it current.
generated: $(VENV)/.runs
	$(BIN)/python -m pinner.project.json_schema
	$(BIN)/python -m tools.write_findings
	$(BIN)/python -m tools.write_reference
	$(BIN)/python -m tools.write_man

$(VENV)/.runs: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.tests: $(VENV)/.runs
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.e2e: $(VENV)/.tests
	$(BIN)/pip install --quiet --editable '.[e2e]'
	touch $@

$(VENV)/.docs: $(VENV)/.runs
	$(BIN)/pip install --quiet --editable '.[docs]'
	touch $@

$(VENV)/.dist: $(VENV)/.runs
	$(BIN)/pip install --quiet --editable '.[dist]'
	touch $@

clean:
	rm -rf $(VENV) dist .demo .site .e2e .bench .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
