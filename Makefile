# Two commands do everything on a fresh machine (Python 3.11 and make): `make demo` and `make test`.
PYTHON ?= python3.11
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STATE ?= .nightshift/state

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format up down doctor bench evals lock requirements clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## set up the virtual environment and the npm part

$(READY): pyproject.toml uv.lock local_host/azurite/package-lock.json
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say where it is: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	$(BIN)/uv sync --locked --quiet
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --prefix local_host/azurite --no-audit --no-fund --loglevel=error
	@touch $(READY)

demo: $(READY)  ## tell the story on real data, on the embedded local host
	$(BIN)/nightshift demo

test: $(READY)  ## run the tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(READY)  ## format, lint, types, import contracts, requirements in step
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.requirements_in_step

format: $(READY)  ## format and mend what the linter can
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

up: $(READY)  ## leave the local stack running
	$(BIN)/nightshift up --state $(STATE)

down: $(READY)  ## end the local stack
	$(BIN)/nightshift down --state $(STATE)

doctor: $(READY)  ## say which part is ill and what to do
	$(BIN)/nightshift doctor --state $(STATE)

bench: $(READY)  ## measure, beside the peers that install here; one with ONLY=name
	$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

evals: $(READY)  ## hold the planner and the critic against the golden and the red-team set
	$(BIN)/python -m evals.run

lock: $(READY)  ## renew the lock and what is exported from it
	$(BIN)/uv lock --upgrade
	$(MAKE) requirements

requirements: $(READY)  ## export the requirements of the deployed app and of the training jobs from the lock
	$(BIN)/uv export --quiet --frozen --no-default-groups --no-emit-project --no-hashes --no-header -o requirements.txt
	$(BIN)/uv export --quiet --frozen --only-group training --no-emit-project --no-hashes --no-header -o training/requirements.txt

clean:  ## remove everything that the commands above have made
	rm -rf $(VENV) .nightshift local_host/azurite/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
