PYTHON ?= python3
PORT ?= 7071

# Another PYTHON gets a virtual environment of its own, so that the versions do not undo each other.
ifeq ($(origin PYTHON),file)
VENV := .venv
else
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif
BIN := $(VENV)/bin
# Nothing is installed but files whose hashes are here.
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
PIP := $(BIN)/python $(INSTALL)
DEPLOYED := $(VENV)/.deployed
CHECKS := .venv-checks
TOOLS := .venv-tools
# One file for every system, and for every Python from 3.11 on.
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --universal --generate-hashes $(LOCK)
NODE_MODULES := tests/node/node_modules/.installed
# An environment without the app, for the package that sending services install.
CLIENT := $(VENV)/client
WHEEL := client/dist/.built

# The command on the code as it is here; what pip writes where there may be spaces in a path.
define LAUNCHER
#!/bin/sh
'''exec' "$(abspath $(BIN))/python" "$$0" "$$@"
' '''
import sys
sys.path.insert(0, "$(CURDIR)")
from optout.__main__ import main
sys.exit(main())
endef
export LAUNCHER

.PHONY: help setup run test client test-client demo azurite chaos simulate train screenshots bench lint check-infra audit sbom lock clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.dev $(NODE_MODULES) $(DEPLOYED) $(CLIENT)/.wheel ## install what run and test need, which do so by themselves

run: $(VENV)/.app ## serve the app on http://localhost:7071 (PORT=…)
	@$(BIN)/optout serve --port $(PORT)

demo: $(VENV)/.app ## play a conversation and show what happens
	@$(BIN)/optout demo

azurite: $(NODE_MODULES) ## emulate Azure Storage, for func start and for tables on this machine
	@mkdir -p .data/azurite
	@PATH="$(abspath $(BIN)):$$PATH" node tests/node/node_modules/azurite/dist/src/azurite.js \
		--location .data/azurite --disableTelemetry --skipApiVersionCheck

test: $(VENV)/.dev $(NODE_MODULES) $(DEPLOYED) lint test-client ## run all tests (PYTHON=python3.13 for another version)
	@$(BIN)/python -m pytest --numprocesses 3 --dist worksteal

client: $(WHEEL) ## build the wheel of optout-client, the package for sending services, in client/dist

test-client: $(VENV)/.app $(CLIENT)/.wheel ## run the tests of optout-client, installed without the app
	@cd client && OPTOUT_PYTHON=$(abspath $(BIN))/python $(abspath $(CLIENT))/bin/python -m pytest \
		--numprocesses 3 --dist worksteal

chaos: $(VENV)/.dev $(NODE_MODULES) ## lose nothing while everything fails (CHAOS="--seed 1 --messages 2000")
	@$(BIN)/python -m tests.chaos $(CHAOS)

simulate: $(VENV)/.dev ## play whole histories from seeds, until one fails (SIMULATE="--seed 1 --store tables")
	@$(BIN)/python -m tests.simulate $(SIMULATE)

train: $(VENV)/.dev ## learn the second reader's weights from training/ again
	@$(BIN)/python -m training

screenshots: $(VENV)/.dev $(NODE_MODULES) ## take the pictures of the page in docs/images
	@$(BIN)/python -m tests.console.screenshots

bench: $(VENV)/.dev $(NODE_MODULES) ## measure speed, each figure as a ratio to its floor (BENCH=tables for a part)
	@$(BIN)/python -m bench $(BENCH)

lint: $(VENV)/.dev ## check style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@cd client && $(abspath $(BIN))/mypy

check-infra: $(CHECKS)/.installed ## hold the template against checkov's rules
	@$(CHECKS)/bin/checkov --directory infra --framework bicep --compact --quiet --skip-download

audit: $(CHECKS)/.installed ## ask PyPI whether a pinned package has a known weakness (needs the Internet)
	@$(CHECKS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt
	@$(CHECKS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-runtime.txt

sbom: $(TOOLS)/.installed $(DEPLOYED) ## list what is deployed in sbom.json, as CycloneDX
	@$(BIN)/python -m venv --clear --without-pip $(VENV)/sbom
	@PYTHONPATH=$(VENV)/deployed PYTHONWARNINGS=ignore $(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml \
		--output-reproducible --output-file sbom.json $(VENV)/sbom/bin/python

lock: $(TOOLS)/.installed ## pin what requirements*.in bring in, with hashes (LOCK=--upgrade for newer ones)
	@$(COMPILE) --python-version 3.11 requirements.in -o requirements.txt
	@$(COMPILE) --python-version 3.11 requirements-command.in -o requirements-command.txt
	@$(COMPILE) --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	@$(COMPILE) --python-version 3.13 --no-deps requirements-runtime.in -o requirements-runtime.txt
	@$(COMPILE) --python-version 3.11 requirements-checks.in -o requirements-checks.txt
	@$(COMPILE) --python-version 3.11 requirements-tools.in -o requirements-tools.txt
	@$(COMPILE) --python-version 3.11 requirements-client.in -o requirements-client.txt

clean: ## remove the virtual environments, node_modules and caches
	rm -rf .venv .venv-* tests/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "optout needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try: make PYTHON=python3.12 ..." % v)'
	@echo "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt requirements-command.txt | $(BIN)/python
	@echo "installing requirements.txt and requirements-command.txt"
	@$(PIP) -r requirements.txt -r requirements-command.txt
	@printf '%s\n' "$$LAUNCHER" > $(BIN)/optout
	@chmod +x $(BIN)/optout
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-runtime.txt $(VENV)/.app
	@echo "installing requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps --ignore-requires-python -r requirements-runtime.txt
	@touch $@

$(CLIENT)/.installed: requirements-client.txt | $(BIN)/python
	@echo "installing requirements-client.txt"
	@$(BIN)/python -m venv $(CLIENT)
	@$(CLIENT)/bin/python $(INSTALL) -r requirements-client.txt
	@touch $@

$(WHEEL): $(shell find client/src -name '*.py' -o -name py.typed) client/pyproject.toml client/README.md $(CLIENT)/.installed
	@rm -rf client/dist
	@$(CLIENT)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir client/dist ./client
	@touch $@

$(CLIENT)/.wheel: $(WHEEL)
	@$(CLIENT)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps --no-index \
		client/dist/*.whl
	@touch $@

# Where the deployed package has them, by themselves.
$(DEPLOYED): requirements.txt | $(BIN)/python
	@echo "installing requirements.txt once more, for the test of the deployed package"
	@rm -rf $(VENV)/deployed
	@$(PIP) --target $(VENV)/deployed -r requirements.txt
	@touch $@

.venv-%/.installed: requirements-%.txt
	@echo "installing $< in $(@D)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) -r $<
	@touch $@

# With the Node.js that requirements-dev.txt brings: none needs to be installed.
$(NODE_MODULES): tests/node/package.json tests/node/package-lock.json tests/node/unpack.mjs | $(VENV)/.dev
	@echo "installing Azurite and Chromium, which the tests run against"
	@cd tests/node && PATH="$(abspath $(BIN)):$$PATH" && npm ci --ignore-scripts --silent && node unpack.mjs
	@touch $@
