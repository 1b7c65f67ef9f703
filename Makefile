.DEFAULT_GOAL := help
.PHONY: help install lint check test bench chaos-monkey demo docs dist generate lock

PYTHON ?= python3
BIN := .venv/bin
# Compiled tests are kept: pytest rewrites the asserts of each file, which takes longer than to run most of them.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

.venv/installed: requirements.lock pyproject.toml scripts/install-python
	@PYTHON=$(PYTHON) scripts/install-python

install: .venv/installed ## the virtual environment, Prometheus and Alertmanager
	@scripts/install-programs

lint: .venv/installed ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: install lint ## the quick part of the tests, under a minute
	@scripts/install-programs --tests
	$(BIN)/dev-hq generate --check
	$(BIN)/dev-hq rules lint
	$(BIN)/pytest -q -n 3 -m "not e2e"

test: check ## the whole suite, the closed loop among it, in about 20 minutes on two cores
	$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m e2e

bench: install ## what the figures in the README come from
	$(BIN)/python -m bench.data_plane
	$(BIN)/python -m bench.detection
	$(BIN)/python -m bench.gate_errors
	$(BIN)/python -m bench.gates
	$(BIN)/python -m bench.rules
	$(BIN)/python -m bench.score

N ?= 30
chaos-monkey: install ## kill -9 of each process at N random moments; some 25 s each
	$(BIN)/python -m bench.chaos_monkey --kills $(N)

demo: install ## the closed loop on this machine, in at most 4 minutes
	@$(BIN)/dev-hq demo

docs: .venv/installed ## the pages that are generated, and the list of commands that no test runs
	$(BIN)/python -m tests.docs.reference

generate: .venv/installed ## rules and dashboards from stack.yaml
	$(BIN)/dev-hq generate

dist: .venv/installed ## the wheel and the sdist, into dist/; TAG=v1.2.3 must be the version
	scripts/make-dist $(TAG)

lock: .venv/installed ## requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --all-extras --universal --generate-hashes --no-header --quiet --output-file requirements.lock
