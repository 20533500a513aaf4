# The README's two commands are `make demo` and `make test`; each makes its own virtual environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types unit coverage unit-newest unit-lowest properties fuzz e2e bench docs pictures dist generated lock-tools clean

demo: $(VENV)/.runs
	rm -rf .demo
	$(BIN)/pinner demo .demo

test: lint types unit

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

unit: $(VENV)/.test
	$(BIN)/pytest -m "not e2e" -n auto --dist worksteal

# The same with coverage, which takes twice as long; CI runs this one.
coverage: $(VENV)/.test
	$(BIN)/pytest -m "not e2e" -n auto --dist worksteal --cov --cov-report=term-missing:skip-covered

# The property tests on many times the examples of `make test` and of a new seed; SEED=... repeats a run, FACTOR=... sets how many times.
properties: $(VENV)/.test
	seed=$(or $(SEED),$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10**9))')); \
	echo "repeat this run with: make properties SEED=$$seed FACTOR=$(or $(FACTOR),20)"; \
	HYPOTHESIS_PROFILE=random PROPERTIES_FACTOR=$(or $(FACTOR),20) \
	$(BIN)/pytest -m "hypothesis and not e2e" -n auto --hypothesis-seed=$$seed

# All readers of untrusted text on mutated samples of the tests; SEED=... repeats a run, FUZZ_SECONDS=... sets how long it takes (default: 180).
fuzz: $(VENV)/.test
	$(BIN)/python -m tools.fuzz --seconds $(or $(FUZZ_SECONDS),180) $(if $(SEED),--seed $(SEED))

e2e: $(VENV)/.e2e
	$(BIN)/pytest -m e2e

bench: $(VENV)/.test
	$(BIN)/python -m tools.bench

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Needs Debian's chromium; for changes of the pages and reports that the pictures show.
pictures: $(VENV)/.e2e
	$(BIN)/python -m tools.take_pictures

# The same bytes for the same commit on every machine.
dist: $(VENV)/.dist
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --quiet --no-isolation

# What is written from the code: schemas, pages of the reference, man pages and completions. Tests keep it current.
generated: $(VENV)/.runs
	$(BIN)/python -m tools.write_schemas
	$(BIN)/python -m tools.write_findings
	$(BIN)/python -m tools.write_reference
	$(BIN)/python -m tools.write_man

# Exact versions with hashes; pinner itself is built by the backend among them.
LOCKED := install --quiet --require-hashes --requirement
EDITABLE := install --quiet --no-deps --no-build-isolation --editable .

$(VENV)/.runs: pyproject.toml requirements/run.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip $(LOCKED) requirements/run.txt
	$(BIN)/pip $(EDITABLE)
	touch $@

$(VENV)/.%: requirements/%.txt $(VENV)/.runs
	$(BIN)/pip $(LOCKED) $<
	touch $@

# Renews the versions and hashes of all that is installed here.
lock-tools: $(VENV)/.lock
	$(BIN)/python -m tools.requirements lock

# The tests with pinner's own requirements at the newest and at the lowest versions that pyproject.toml allows.
unit-newest unit-lowest: unit-%: requirements/test.txt pyproject.toml
	rm -rf .venv-$*
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip $(LOCKED) requirements/test.txt
	.venv-$*/bin/pip $(EDITABLE)
	.venv-$*/bin/pip install --quiet --upgrade --upgrade-strategy eager $$(.venv-$*/bin/python -m tools.requirements $*)
	.venv-$*/bin/pip list
	.venv-$*/bin/pytest -m "not e2e" -n auto --dist worksteal

clean:
	rm -rf $(VENV) .venv-newest .venv-lowest dist .demo .site .e2e .bench .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
