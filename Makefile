# Each command installs its tools into .venv; the machine needs only Python 3.11 and make.
PYTHON ?= python3
PORT ?= 8000
CI ?=
QUICK ?=
SEED ?= 1
EXAMPLES ?= fast
BIN := .venv/bin
# Compiled modules are kept: tests start some hundred processes, and pytest compiles every test module.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

run: .venv/runs ## serve the demo on http://127.0.0.1:8000 (PORT=8123 for another port)
	@$(BIN)/python -m openapi.compile_contract
	@$(BIN)/onereply demo --port $(PORT)

test: .venv/develops ## run the fast tests, on SQLite and on a throwaway PostgreSQL
	@$(BIN)/python -m openapi.compile_contract
	@EXAMPLES=$(EXAMPLES) $(BIN)/pytest -q -n 2 --dist loadgroup -m "not slow and not second_database" --hypothesis-profile=$(EXAMPLES)

check: .venv/develops ## run what CI runs: format, lint, types, imports, contract, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.contract.lint
	$(MAKE) test EXAMPLES=thorough
	TEST_POSTGRES=15 $(BIN)/pytest -q -n 2 --dist loadgroup -m "not slow and (second_database or oldest_postgresql)"
	$(BIN)/pytest -q -n 2 --dist loadgroup -m slow

openapi: .venv/develops ## compile openapi/ into the document that the service sends
	$(BIN)/python -m openapi.compile_contract

chaos: .venv/develops ## kill servers, workers and a webhook receiver fifty times (SEED=2 for another sequence)
	@SEED=$(SEED) KILLS=50 $(BIN)/pytest -q -s -m slow tests/promises/test_chaos.py

bench: .venv/develops ## measure on this machine, beside baselines (QUICK=1 takes a minute)
	@$(BIN)/python -m openapi.compile_contract
	@QUICK=$(QUICK) $(BIN)/python -m tests.bench

fmt: .venv/develops ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

embed: .venv/develops ## bundle service/reading/pages/embed into service/reading/pages/static/embed.js
	$(BIN)/python -m tests.reading.pages.bundling

docs-bundle: .venv/develops ## bundle Scalar, which renders /docs, from its pin in tests/reading/pages/scalar
	$(BIN)/python -m tests.reading.pages.scalar_bundle

desk-bundle: .venv/develops ## bundle htmx, which the desk loads, from its pin in tests/desk/htmx
	$(BIN)/python -m tests.desk.htmx_bundle

lock: .venv/develops ## pin every dependency by hash again, from pyproject.toml
	$(BIN)/uv pip compile -q $(LOCK) -o requirements.txt pyproject.toml --extra redis
	$(BIN)/uv pip compile -q $(LOCK) -o requirements-dev.txt pyproject.toml --group dev
	$(BIN)/uv pip compile -q $(LOCK) -o tests/contract/tools-requirements.txt --group contract
	$(BIN)/uv pip compile -q $(LOCK) -o tests/host/requirements.txt --group host
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade

.venv/runs: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/develops: .venv/runs requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: help run test check openapi chaos bench fmt embed docs-bundle desk-bundle lock
.DEFAULT_GOAL := help
