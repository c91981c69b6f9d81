# Two commands on a machine with Debian, Python 3.11 and make:
#   make run     set-up, then the demo line; dashboard on http://127.0.0.1:8501
#   make test    set-up, then everything that checks the project

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check format bench lock clean

BIN := .venv/bin
# ONNX Runtime 1.29 and later would report its use to its maker.
export ORT_DISABLE_TELEMETRY := 1

help:            ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

setup:           ## install what running a line needs (again in seconds)
	@deploy/setup.sh run

setup-dev:       ## install what tests and training need as well
	@deploy/setup.sh dev

run: setup       ## the demo line with a simulated camera and PLC, until Ctrl-C
	@$(BIN)/referee up --line lines/demo.yaml

test: setup-dev check  ## everything that checks the project
	@$(BIN)/python -m pytest -n 2 tests/unit
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/contract tests/browser
	@$(BIN)/python -m pytest -n 2 tests/e2e tests/faults

check:           ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format:          ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev ## the line against its bare network, into docs/benchmarks.md with plots and figures
	@mkdir -p build
	@$(BIN)/referee bench line --json --memory-parts 10000 > build/benchmarks.json
	@mv build/benchmarks.json docs/benchmarks.json
	@$(BIN)/referee bench page docs/benchmarks.json --out docs/benchmarks.md

lock: setup-dev  ## resolve pyproject's ranges into the two lock files again
	@deploy/lock.sh

clean:           ## remove everything that set-up and runs have made
	rm -rf .venv .runtime .run runs build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
