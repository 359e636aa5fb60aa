# Two commands do everything on a fresh machine (Python 3.11, 3.12 or 3.13, and make): `make demo` and `make test`.
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AZURITE := local_host/src/local_host/azurite
# Which Python: the one that PYTHON names, else that of the environment that is there, else the first of these that runs.
# pyenv puts a command on the PATH for every version, which runs only if the version is selected: its folders are
# looked through, too.
PYTHONS := python3.11 python3.12 python3.13
PYENV := $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions
supported_version = $(shell $(1) -c 'import sys; v = sys.version_info[:2]; print("%d.%d" % v if (3, 11) <= v <= (3, 13) else "")' 2>/dev/null)
first_that_runs = $(firstword $(foreach found,$(foreach name,$(1),$(name) $(wildcard $(PYENV)/*/bin/$(name))),\
  $(if $(call supported_version,$(found)),$(found))))
VENV_VERSION := $(call supported_version,$(BIN)/python)
ifneq ($(PYTHON),)
BASE_PYTHON := $(call first_that_runs,$(PYTHON))
else ifneq ($(VENV_VERSION),)
BASE_PYTHON := $(BIN)/python
else
BASE_PYTHON := $(call first_that_runs,$(PYTHONS))
endif
BASE_VERSION := $(if $(BASE_PYTHON),$(call supported_version,$(BASE_PYTHON)))
STATE ?= .nightshift/state
# One order of the tests for everybody, so that no landing depends on luck; `make test SEED=last` and other numbers look
# for tests that need each other.
SEED ?= 20261121
TFCHECK := ../shared/tfcheck/tfcheck
# What the release workflow publishes.
RELEASE := .nightshift/release
MODULES := terraform terraform/bootstrap $(wildcard terraform/modules/*)
# Tools with many dependencies of their own run apart from ours, at these versions.
TOOL := $(BIN)/uv tool run --quiet --from
# At night nothing is set up first: any Python from 3.11 on rolls back.
ANY_PYTHON = $(or $(wildcard $(BIN)/python),python3)
CHECKOV := checkov==3.3.30
PIP_AUDIT := pip-audit==2.10.1
COSMIC_RAY := cosmic-ray==8.7.0

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format up down doctor bench kill-loop evals mutants lock requirements clean histories records docs-check pictures \
	workflows-check worker-check terraform-check policy-check dependency-audit secret-scan package wheels release-notes bundle versions gate deploy rollback smoke drift env

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

ifneq ($(VENV_VERSION),$(BASE_VERSION))
.PHONY: $(READY)
else ifeq ($(BASE_VERSION),)
.PHONY: $(READY)
endif

setup: $(READY)  ## set up the virtual environment and the npm part

$(READY): pyproject.toml uv.lock local_host/pyproject.toml $(AZURITE)/package-lock.json
	@test -n "$(BASE_PYTHON)" || { echo "tried $(or $(PYTHON),$(PYTHONS)): no Python 3.11, 3.12 or 3.13 that runs;" \
	  "install one, or say where it is: make PYTHON=..."; exit 1; }
	@if [ "$(VENV_VERSION)" = "$(BASE_VERSION)" ]; then exit 0; fi; \
	  if [ -d $(VENV) ]; then echo "$(VENV) is of $(if $(VENV_VERSION),Python $(VENV_VERSION),a Python that does not run):" \
	    "it is made again with Python $(BASE_VERSION)"; fi; \
	  $(BASE_PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	$(BIN)/uv sync --locked --quiet --python $(BIN)/python
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --prefix $(AZURITE) --no-audit --no-fund --loglevel=error
	@touch $(READY)

demo: $(READY)  ## tell the story on the embedded local host; on real data if NIGHTSHIFT_DATA names its folder
	$(BIN)/nightshift demo

test: $(READY)  ## run the tests; those in a browser only where chromium is installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup --randomly-seed=$(SEED)

check: $(READY) workflows-check secret-scan  ## format, lint, types, import contracts, requirements in step, workflows, secrets
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

doctor: $(READY)  ## say which part is unhealthy and what to do
	$(BIN)/nightshift doctor --state $(STATE)

histories: $(READY)  ## record the histories of this release, which later releases must be able to replay
	$(BIN)/python -W ignore -m tests.histories.record

docs-check: $(READY)  ## hold the pages against the product, and execute their commands on a local stack; UNTIL=20 ends early
	$(BIN)/python -m pytest -q -n 0 tests/docs
	$(BIN)/python -m tests.docs.check $(if $(UNTIL),--until $(UNTIL))

pictures: $(READY)  ## renew the pictures of the pages and of the demo, with ONLY=pages or ONLY=demo some; needs chromium
	$(BIN)/python -m tests.browser.screens $(if $(ONLY),--only $(ONLY))

records: $(READY)  ## record a state folder of this release, which later releases must be able to read
	$(BIN)/python -W ignore -m tests.records.record

bench: $(READY)  ## measure, beside the peers that install here; one with ONLY=name
	$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

kill-loop: $(READY)  ## kill parts of a running stack and check every invariant; KILLS=100 KILL_SEED=1
	$(BIN)/python -m benchmarks.kill_loop --kills $(or $(KILLS),100) $(if $(KILL_SEED),--seed $(KILL_SEED))

evals: $(READY)  ## hold the planner and the critic against the golden and the red-team set
	$(BIN)/python -m evals.run

mutants: $(READY)  ## change the code of the decisions, line by line, and look whether a test fails; ONLY=agents/champions
	@mkdir -p .nightshift
	$(TOOL) $(COSMIC_RAY) python tests/mutants/generate.py $(ONLY) >.nightshift/mutants.jsonl
	$(BIN)/python -m tests.mutants.run .nightshift/mutants.jsonl

lock: $(READY)  ## renew the lock and what is exported from it
	$(BIN)/uv lock --upgrade
	$(MAKE) requirements

requirements: $(READY)  ## export the requirements of the deployed app and of the training jobs from the lock
	$(BIN)/uv export --quiet --frozen --only-group app --no-emit-project --no-hashes --no-header -o requirements.txt
	$(BIN)/uv export --quiet --frozen --only-group training --no-emit-project --no-hashes --no-header -o training/requirements.txt

workflows-check: $(READY)  ## hold the workflows against GitHub's schema and their own safety
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet .github

terraform-check: $(READY)  ## fmt, validate and test of the root and of every module, and what Azure refuses at apply
	@if [ -x $(TFCHECK) ]; then $(TFCHECK) $(MODULES); else \
	  set -e; terraform fmt -check -diff -recursive terraform; \
	  for module in $(MODULES); do echo "== $$module"; \
	    terraform -chdir=$$module init -backend=false -input=false -no-color >/dev/null; \
	    terraform -chdir=$$module validate -no-color; terraform -chdir=$$module test -no-color; done; fi
	$(BIN)/python -m nightshift.delivery.terraform_rules $(if $(wildcard $(TFCHECK)),--wrapper $(TFCHECK))
	$(BIN)/python -m nightshift.delivery.terraform_rules.prove $(if $(wildcard $(TFCHECK)),--wrapper $(TFCHECK))

worker-check: $(READY)  ## run the commit's package under Microsoft's own worker; needs a Python 3.13
	$(BIN)/python -m tests.worker.check

policy-check: $(READY)  ## hold the infrastructure against checkov's policies
	$(TOOL) $(CHECKOV) checkov --config-file terraform/.checkov.yaml

dependency-audit: $(READY)  ## look up known vulnerabilities of what is deployed and of what trains
	@mkdir -p .nightshift
	$(BIN)/uv export --quiet --frozen --only-group app --only-group training --no-emit-project --no-header -o .nightshift/audit.txt
	$(TOOL) $(PIP_AUDIT) pip-audit --strict --require-hashes --disable-pip --requirement .nightshift/audit.txt

secret-scan: $(READY)  ## look for secrets in what git keeps
	$(BIN)/python -m nightshift.delivery.secret_scan

package: $(READY)  ## build the app's package and the training wheel from the commit, with digests and bill of materials
	$(BIN)/python -m nightshift.delivery.package

wheels: $(READY)  ## build the wheels of the command line and of the local host
	$(BIN)/uv build --quiet --wheel --out-dir $(RELEASE)
	$(BIN)/uv build --quiet --wheel --out-dir $(RELEASE) local_host
	@ls $(RELEASE)

release-notes: $(READY)  ## hold a tag against the version, and write its section of CHANGELOG.md; TAG=v0.1.0
	@test -n "$(TAG)" || { echo "say which tag: TAG=v..., with the version in pyproject.toml"; exit 1; }
	@mkdir -p $(RELEASE)
	$(BIN)/python -m nightshift.delivery.changelog --tag "$(TAG)" >$(RELEASE)/NOTES.md

bundle: $(READY)  ## make databricks.yml from the job definitions
	$(BIN)/python -m nightshift.delivery.bundle

env:
	@test -n "$(ENV)" || { echo "say which environment: ENV=dev"; exit 1; }

versions: env  ## list what can be put back; ENV=dev
	$(ANY_PYTHON) -m nightshift.delivery.rollback $(ENV) --list

gate: env $(READY)  ## ask whether containers, queues, roles and the registry are there; ENV=dev
	$(BIN)/python -m nightshift.delivery.gate $(ENV)

deploy: env gate  ## deploy the package of the commit, once the gate is open; ENV=dev, DRAIN=60 waits for what would break
	$(BIN)/python -m nightshift.delivery.deploy $(ENV) $(if $(DRAIN),--drain "$(DRAIN)")

rollback: env  ## put an earlier release back, without setting anything up; ENV=dev VERSION=0123456789ab
	@test -n "$(VERSION)" || { echo "say which version: VERSION=..., one of make versions ENV=$(ENV)"; exit 1; }
	@$(ANY_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(ANY_PYTHON) is too old: a rollback needs Python 3.11 or later"; exit 1; }
	$(ANY_PYTHON) -m nightshift.delivery.rollback $(ENV) "$(VERSION)"

smoke: env $(READY)  ## prove an environment: upload, verdict, alert, incident; ENV=dev
	$(BIN)/nightshift --env $(ENV) smoke $(if $(VERSION),--version $(VERSION))

# Once the lock file is committed, another provider than the one that it names is refused.
LOCKED = $(if $(wildcard terraform/.terraform.lock.hcl),-lockfile=readonly)

drift: env  ## plan without applying: exit 2 if the environment differs from the code; ENV=dev
	terraform -chdir=terraform init -reconfigure -input=false -no-color $(LOCKED) -backend-config=envs/$(ENV).tfbackend
	terraform -chdir=terraform plan -lock=false -input=false -no-color -detailed-exitcode -var check_settings=true -var-file=envs/$(ENV).tfvars

clean:  ## remove everything that the commands above have made
	rm -rf $(VENV) .nightshift $(AZURITE)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
