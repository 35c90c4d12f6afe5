# Plain `make` prints this manual. Everything lives in .venv, $DATA_DIR (default: var) and nowhere else.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
QUICK ?=
BROWSER ?= 1
PYTEST_ARGS ?=

REQUIREMENTS := deploy/requirements
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help up test test-unit e2e check fmt bench lock clean browser

help: ## this manual
	@echo "Tessera: a vector cloud that anyone can run."
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: PORT=8000 DATA_DIR=var (up), QUICK=1 (bench), BROWSER=0 (test), PYTEST_ARGS='-k name' (test),"
	@echo "  PYTHON=python3.12 (which Python makes .venv); DATABASE_URL and REDIS_URL to use servers of your own."

up: .venv/up.stamp ## start everything, show the main job on real data, stay up until Ctrl-C
	@exec .venv/bin/python manage.py up

test: .venv/dev.stamp browser ## every test, beside a running `make up`
	@exec .venv/bin/python -m pytest $(if $(filter 0,$(BROWSER)),-m "not browser") $(PYTEST_ARGS)

test-unit: .venv/dev.stamp ## the tests that need no database: seconds
	@exec .venv/bin/python -m pytest tests/unit $(PYTEST_ARGS)

e2e: .venv/dev.stamp browser ## the tests that drive a browser
	@exec .venv/bin/python -m pytest -m browser $(PYTEST_ARGS)

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

UV_FLAGS := --quiet --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header

lock: ## write deploy/requirements/*.txt anew from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile $(UV_FLAGS) --extra up pyproject.toml -o $(REQUIREMENTS)/up.txt
	uv pip compile $(UV_FLAGS) --extra up --extra dev \
	    -c $(REQUIREMENTS)/up.txt pyproject.toml -o $(REQUIREMENTS)/dev.txt
	uv pip compile $(UV_FLAGS) --extra bench pyproject.toml -o $(REQUIREMENTS)/bench.txt

clean: ## remove .venv, .venv-bench and caches; data in $DATA_DIR stays
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .import_linter_cache .hypothesis
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

# Tests marked `browser` drive the system's Chromium.
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
