# Two commands: `make demo` and `make test`. Both start from Python 3.11+, make and the package registries.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python on this machine that is new enough; override with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Made again when the lock file or the package's metadata changed.
READY := $(VENV)/.ready
ARGS ?=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(READY) ## Everything at work: questions, a fault, an alert, its notification, its end
	@$(BIN)/heliograph demo $(ARGS)

.PHONY: test
test: lint unit processes foreign hostile stack reliability ## All checks: lint, types, unit tests, processes, configuration and the real servers

.PHONY: lint
lint: $(READY) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: unit
unit: $(READY) ## Tests that need no server (minutes)
	$(BIN)/pytest tests/unit -n auto --dist loadfile $(ARGS)

.PHONY: processes
processes: $(READY) ## Whole programs: exact totals over threads, forks, workers and servers, and however they end
	$(BIN)/pytest -v tests/processes $(ARGS)

.PHONY: hostile
hostile: $(READY) servers ## Odd answers, files, requests and names; planted secrets
	$(BIN)/pytest -v tests/hostile $(ARGS)

.PHONY: fuzz
fuzz: $(READY) servers ## The same with thousands of new inputs (an hour or more)
	HELIOGRAPH_FUZZ_EXAMPLES=5000 $(BIN)/pytest -v tests/hostile $(ARGS)

GUIDED := $(VENV)/guided

.PHONY: fuzz-guided
fuzz-guided: $(READY) ## Coverage-guided fuzzing of answers, heliograph.yaml and OTLP; FUZZ_SECONDS=60 for each
	$(BIN)/pip install --quiet --upgrade --target $(GUIDED) --require-hashes -r tests/hostile/guided/requirements.txt
	for target in answers configuration meter; do \
		PYTHONPATH=$(GUIDED) $(BIN)/python -m tests.hostile.guided $$target --seconds $(or $(FUZZ_SECONDS),60) || exit; \
	done

.PHONY: stack
stack: $(READY) servers ## Configuration, rules, routing, boards, and the signal matrix on the real servers
	$(BIN)/pytest -v tests/config tests/rules tests/routing tests/dashboards tests/stack $(ARGS)

.PHONY: reliability
reliability: $(READY) servers ## Outages, kills, full disks, bad input: the short form (minutes)
	$(BIN)/pytest -v tests/reliability $(ARGS)

.PHONY: test-reliability
test-reliability: $(READY) servers ## The same in full: hours; HELIOGRAPH_RELIABILITY_OUTAGE, _RATE, _KILLS make it shorter
	HELIOGRAPH_RELIABILITY=long $(BIN)/pytest -v tests/reliability $(ARGS)

.PHONY: coexistence
coexistence: $(READY) ## Other people's instrumentors beside ours, each in its own environment; writes docs/coexistence.md
	$(BIN)/python -m tests.coexistence --write $(ARGS)

.PHONY: foreign
foreign: $(READY) ## The same for two of them, and whether the page is what was last seen
	$(BIN)/pytest -v tests/coexistence $(ARGS)

.PHONY: servers
servers: $(READY) ## Build the servers, and what the tests check with, into the user cache
	$(BIN)/heliograph build
	$(BIN)/heliograph build docker-compose jsonnetfmt

.PHONY: bench
bench: $(READY) ## Measurements (minutes; a figure belongs to the machine it was made on)
	$(BIN)/python -m benchmarks.boards
	$(BIN)/python -m benchmarks.boards --rules --series 10000 --instances 6 --step 5 --times 1
	$(BIN)/python -m benchmarks.meter
	$(BIN)/python -m benchmarks.first_hop
	$(BIN)/python -m benchmarks.footprint
	$(BIN)/python -m benchmarks.overhead

.PHONY: audit
audit: $(READY) ## Is anything known against a part of the bill of materials? (needs the internet: api.osv.dev)
	@$(BIN)/python -m heliograph.supply audit $(ARGS)

.PHONY: sbom
sbom: $(READY) servers ## Make the bill of materials and docs/licences.md anew, after `make lock` or a new version of a server
	@$(BIN)/python -m heliograph.supply sbom --write
	@$(BIN)/python -m heliograph.supply licences --write

.PHONY: generate
generate: $(READY) ## Render rules, routing and boards from heliograph.yaml
	$(BIN)/heliograph generate
	@$(BIN)/python -m heliograph.secure._render

.PHONY: install
install: $(READY) ## The development environment in .venv, from the lock file

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; install one, or: make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "making $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "make: '$(PYTHON) -m venv' failed; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@( seconds=0; while sleep 30; do seconds=$$((seconds + 30)); echo "  installing packages: $$seconds s"; done ) & ticker=$$!; \
	trap 'kill $$ticker' EXIT; \
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: $(READY) ## Resolve the development environment again
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements-dev.lock
	$(BIN)/uv pip compile tests/hostile/guided/requirements.in --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file tests/hostile/guided/requirements.txt

.PHONY: clean
clean: ## Remove the development environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
