# Everything a contributor runs. `make help` lists it; CI runs .ci/run, which is `make check test test-long`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# An installation is done again only when what it depends on has changed.
RUNTIME := .venv/.stamp-runtime
DEV := .venv/.stamp-dev
INPUTS := pyproject.toml requirements.lock .ci/install

# What the demo is run with; empty means the command's own default.
STORE ?=
CUSTOMERS ?=
# What `make quick` looks at; API, scoring, ingest and pages take minutes.
QUICK := tests/schema tests/services tests/stores tests/tooling
# Where the minutes of a run went.
SLOWEST := --durations=25 --durations-min=3
# Benchmarks to run: each module of benchmarks/ whose name does not start with an underscore.
BENCH ?= $(filter-out _%,$(basename $(notdir $(wildcard benchmarks/*.py))))

##@ Use it

.PHONY: demo
demo: $(RUNTIME) ## Make a portfolio, load it, score it, fill the marketer's pages, start API and UI (STORE=…, or STORE=neo4j to start one; CUSTOMERS=…)
ifeq ($(STORE),neo4j)
	@$(MAKE) --no-print-directory $(DEV)
	@$(BIN)/python -m tests.neo4j_server.demo $(if $(CUSTOMERS),--customers "$(CUSTOMERS)")
else
	@$(BIN)/guanxi demo $(if $(STORE),--store "$(STORE)") $(if $(CUSTOMERS),--customers "$(CUSTOMERS)")
endif

.PHONY: install
install: $(RUNTIME) ## Install the product into .venv (no torch)

##@ Work on it

.PHONY: install-dev
install-dev: $(DEV) ## Install all extras, the test tools and the checks into .venv

.PHONY: neo4j
neo4j: $(DEV) ## Start a Neo4j for yourself in var/neo4j until Ctrl-C (needs Java 17 or 21, and Maven once)
	@$(BIN)/python -m tests.neo4j_server.server --home var/neo4j

.PHONY: quick
quick: $(DEV) ## The fast tests of what all else rests on (schema, SQLite store, services), stopping at the first failure (under a minute)
	@echo "==> quick tests"
	@$(PYTEST) -x -q -m "not slow and not browser and not long" -k "not neo4j" $(QUICK)

.PHONY: test
test: $(DEV) ## All tests but the long ones; real browser included
	@browser=$$(.ci/browser) && echo "==> tests (browser: $${browser:-none, its tests are skipped})" && \
	GUANXI_TEST_BROWSER="$$browser" .ci/halves $(PYTEST) -m "not long" $(SLOWEST)

.PHONY: test-long
test-long: $(DEV) ## The tests that take minutes
	@browser=$$(.ci/browser) && echo "==> long tests" && \
	{ GUANXI_TEST_BROWSER="$$browser" $(PYTEST) -m long $(SLOWEST) || { code=$$?; \
	  if [ $$code -eq 5 ]; then echo "No test is marked long: nothing to run."; else exit $$code; fi; }; }

.PHONY: check
check: lint types layers generated ## All checks: lint, format, types, layers, generated files

.PHONY: lint
lint: $(DEV) ## ruff: lint and format
	@echo "==> ruff check"
	@$(BIN)/ruff check
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check

.PHONY: types
types: $(DEV) ## mypy --strict
	@echo "==> mypy --strict"
	@$(BIN)/mypy --strict

.PHONY: layers
layers: $(DEV) ## import-linter: who may import whom
	@echo "==> lint-imports"
	@$(BIN)/lint-imports --no-logo

.PHONY: generated
generated: $(DEV) ## Are the files made from the code (api/schema.graphql) up to date, and is the API's contract kept?
	@echo "==> generated files"
	@$(BIN)/python -m api.export_schema --check
	@echo "==> API contract"
	@$(BIN)/python -m api.contract

.PHONY: fmt
fmt: $(DEV) ## Mend what ruff can mend, and format
	@$(BIN)/ruff check --fix --exit-zero
	@$(BIN)/ruff format

.PHONY: bench
bench: $(DEV) ## Run the benchmarks (BENCH="name name" for some of them)
	@for name in $(BENCH); do echo "==> benchmarks.$$name"; $(BIN)/python -m "benchmarks.$$name" || exit 1; done

.PHONY: clean
clean: ## Remove caches and build output; keeps .venv and your data
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -path ./.venv -prune -o -type d -name __pycache__ -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(RUNTIME): $(INPUTS)
	@.ci/install runtime
	@touch $@

$(DEV): $(INPUTS)
	@.ci/install dev
	@touch $@ $(RUNTIME)
