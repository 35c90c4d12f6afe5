# Plain `make` prints this manual. Everything lives in .venv, $DATA_DIR (default: var) and nowhere else.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
QUICK ?=
PEER ?=
SEED ?=
CONFORMANCE_ARGS ?=
BROWSER ?= 1
CLIENTS ?= 1
PYTEST_ARGS ?=
WORKERS ?= 2
CASES ?= 10000
SEQUENCES ?= 2000

REQUIREMENTS := deploy/requirements
NPM_CLIENTS := tests/clients/npm
ASSETS := cloud/dashboard/assets
# The lock files name everything, so that nothing is left to be resolved.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.PHONY: help up test test-unit e2e screenshots fuzz model conformance check fmt bench lock clean assets browser clients node

help: ## this manual
	@echo "Tessera: a vector cloud that anyone can run."
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: PORT=8000 DATA_DIR=var (up), QUICK=1 (bench), BROWSER=0 CLIENTS=0 PYTEST_ARGS='-k name' (test),"
	@echo "  WORKERS=2 (test: at a time, each with servers of its own; 0: all in one process, for a debugger),"
	@echo "  PEER=1 SEED=7 (conformance: against chroma run too; with the random numbers of an earlier run),"
	@echo "  CASES=10000 (fuzz), SEQUENCES=2000 (model; MODEL_SEED=… repeats them),"
	@echo "  PYTHON=python3.12 (which Python makes .venv); DATABASE_URL and REDIS_URL to use servers of your own."

up: .venv/up.stamp ## start everything, show the main job on real data, stay up until Ctrl-C
	@exec .venv/bin/python manage.py up

WITHOUT := $(if $(filter 0,$(BROWSER)),and not browser) $(if $(filter 0,$(CLIENTS)),and not clients)

test: browser ## every test, beside a running `make up`
	@$(MAKE) --silent --jobs=2 .venv/dev.stamp .venv-conformance/conformance.stamp clients
	@exec .venv/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder \
	    $(if $(strip $(WITHOUT)),-m "$(wordlist 2,9,$(WITHOUT))") $(PYTEST_ARGS)

test-unit: .venv/dev.stamp ## the tests that need no database: seconds
	@exec .venv/bin/python -m pytest tests/unit $(PYTEST_ARGS)

e2e: .venv/dev.stamp browser ## the tests that drive a browser
	@exec .venv/bin/python -m pytest -m browser $(PYTEST_ARGS)

screenshots: .venv/dev.stamp browser ## the pictures of docs/dashboard.md, from the pages as they are
	@exec env SCREENSHOTS=1 .venv/bin/python -m pytest tests/e2e/test_screenshots.py $(PYTEST_ARGS)

fuzz: .venv/dev.stamp ## requests made from the API description: CASES=10000 and more
	@exec env FUZZ_CASES=$(CASES) .venv/bin/python -m pytest -s -p no:logging --timeout 1800 tests/property/test_description.py tests/property/test_control_description.py $(PYTEST_ARGS)

model: .venv/dev.stamp ## random sequences of everything against a model, on every core
	@exec env MODEL_SEQUENCES=$(SEQUENCES) .venv/bin/python -m tests.property.many $(PYTEST_ARGS)

check: .venv/dev.stamp ## format, lints, types, import arrows, migrations
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@echo "migrations are complete:"
	@TESSERA_PROFILE=development DATABASE_URL=postgresql:///none?host=/nonexistent \
	    .venv/bin/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run  # needs no server

fmt: .venv/dev.stamp ## format, and mend what the lints can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: .venv/dev.stamp .venv-bench/bench.stamp ## ours against a Chroma server, same machine, same data
	@exec env QUICK=$(QUICK) .venv/bin/python -m bench

conformance: .venv/dev.stamp .venv-conformance/conformance.stamp ## the suite that Chroma ships, against ours
	@exec .venv/bin/python -m tests.conformance $(if $(filter-out 0,$(PEER)),--peer) \
	    $(if $(SEED),--seed $(SEED)) $(CONFORMANCE_ARGS)

UV_FLAGS := --quiet --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header

lock: ## write deploy/requirements/*.txt anew from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile $(UV_FLAGS) --extra up pyproject.toml -o $(REQUIREMENTS)/up.txt
	uv pip compile $(UV_FLAGS) --extra up --extra dev \
	    -c $(REQUIREMENTS)/up.txt pyproject.toml -o $(REQUIREMENTS)/dev.txt
	uv pip compile $(UV_FLAGS) --extra bench pyproject.toml -o $(REQUIREMENTS)/bench.txt
	uv pip compile $(UV_FLAGS) --extra clients pyproject.toml -o $(REQUIREMENTS)/clients.txt
	uv pip compile $(UV_FLAGS) --extra conformance pyproject.toml -o $(REQUIREMENTS)/conformance.txt
	cd $(NPM_CLIENTS) && npm install --package-lock-only --silent
	cd $(ASSETS) && npm install --package-lock-only --silent

assets: $(ASSETS)/node_modules/assets.stamp ## build the style sheet of the pages (cloud/dashboard/static/dashboard.css)
	@$(ASSETS)/build.sh

clean: ## remove .venv, .venv-* and caches; data in $DATA_DIR stays
	rm -rf .venv .venv-bench .venv-clients .venv-conformance $(NPM_CLIENTS)/node_modules $(ASSETS)/node_modules
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- installations: a stamp bears the date of the lock file it was made from; dev holds all of up -----

.venv/bin/python:
	@echo "making .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or newer is needed; name one with PYTHON=… make"; exit 1; }
	@$(PYTHON) -m venv .venv \
	    || { rm -rf .venv; echo "python3 -m venv failed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/up.stamp: $(REQUIREMENTS)/up.txt | .venv/bin/python
	@echo "installing what \`make up\` needs into .venv (about a minute, once)"
	@.venv/bin/python $(PIP_INSTALL) -r $<
	@touch $@

.venv/dev.stamp: $(REQUIREMENTS)/dev.txt | .venv/bin/python
	@echo "installing what the tests need into .venv (about a minute, once)"
	@.venv/bin/python $(PIP_INSTALL) -r $<
	@touch $@ .venv/up.stamp

.venv-bench/bench.stamp: $(REQUIREMENTS)/bench.txt
	@echo "installing the peer of the bench into .venv-bench (about a minute, once)"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP_INSTALL) -r $<
	@touch $@

.venv-clients/clients.stamp: $(REQUIREMENTS)/clients.txt
	@echo "installing the clients that the tests drive into .venv-clients (about a minute, once)"
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python $(PIP_INSTALL) --no-compile -r $<
	@touch $@

# Without optional packages: 50 MB of bindings that only the command-line tool needs.
$(NPM_CLIENTS)/node_modules/clients.stamp: $(NPM_CLIENTS)/package-lock.json | node
	@echo "installing the JavaScript client into $(NPM_CLIENTS)/node_modules"
	@cd $(NPM_CLIENTS) && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts --omit=optional > /dev/null
	@touch $@

$(ASSETS)/node_modules/assets.stamp: $(ASSETS)/package-lock.json | node
	@echo "installing the tools of the pages' style sheet into $(ASSETS)/node_modules"
	@cd $(ASSETS) && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts > /dev/null
	@touch $@

# Tests marked `clients` drive the published clients.
ifneq ($(CLIENTS),0)
clients: .venv-clients/clients.stamp $(NPM_CLIENTS)/node_modules/clients.stamp
endif

node:
	@if ! command -v node > /dev/null || ! command -v npm > /dev/null; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	        echo "installing nodejs and npm for the tests of the JavaScript client"; \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm > /dev/null; \
	    else \
	        echo "The tests of the JavaScript client need node and npm. Ask an administrator for:"; \
	        echo "apt-get install nodejs npm"; \
	        echo "Or leave all tests of clients out, explicitly: CLIENTS=0 make test"; \
	        exit 1; \
	    fi; \
	fi

.venv-conformance/conformance.stamp: $(REQUIREMENTS)/conformance.txt
	@echo "installing Chroma's own suite into .venv-conformance (about a minute, once)"
	@$(PYTHON) -m venv .venv-conformance
	@.venv-conformance/bin/python $(PIP_INSTALL) --no-compile -r $<
	@touch $@

# Tests marked `browser` drive the system's Chromium, with axe-core.
ifneq ($(BROWSER),0)
browser: $(ASSETS)/node_modules/assets.stamp
endif
browser:
ifneq ($(BROWSER),0)
	@if [ ! -x /usr/bin/chromium ]; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	        echo "installing chromium for the browser tests"; \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium > /dev/null; \
	    else \
	        echo "The browser tests need /usr/bin/chromium. Ask an administrator for: apt-get install chromium"; \
	        echo "Or leave them out, explicitly: BROWSER=0 make test"; \
	        exit 1; \
	    fi; \
	fi
endif
