# Two commands on a machine with Debian, Python 3.11 and make:
#   make run     install, then start the demo line; dashboard on http://127.0.0.1:8501
#   make test    install, then run all checks and tests

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check format bench lock clean

BIN := .venv/bin
# ONNX Runtime 1.29 and later would report its use to its maker.
export ORT_DISABLE_TELEMETRY := 1

help:            ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

setup:           ## install what is needed to run a line
	@deploy/setup.sh run

setup-dev:       ## also install what tests and training need
	@deploy/setup.sh dev

run: setup       ## start the demo line with a simulated camera and PLC; Ctrl-C stops it
	@$(BIN)/referee up --line lines/demo.yaml

test: setup-dev check  ## run all checks and tests
	@$(BIN)/python -m pytest -n 2 tests/unit
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/contract
	@$(BIN)/python -m pytest tests/browser
	@$(BIN)/python -m pytest -n 2 tests/e2e tests/faults

check:           ## check style, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format:          ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev ## compare the line with the network alone; write docs/benchmarks.md
	@mkdir -p build
	@$(BIN)/referee bench line --json --memory-parts 10000 > build/benchmarks.json
	@mv build/benchmarks.json docs/benchmarks.json
	@$(BIN)/referee bench page docs/benchmarks.json --out docs/benchmarks.md

lock: setup-dev  ## update the two lock files from pyproject.toml
	@deploy/lock.sh

clean:           ## remove everything that set-up and runs created
	rm -rf .venv .runtime .run runs build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
