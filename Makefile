# The commands of this project. They need Python 3.11 or newer and make; `make help` lists them.

PYTHON ?= python3
STATE_DIR ?= .demo
AIRFLOW_PORT ?= 8080
LOCALCLOUD_PORT ?= 9090
ONCE ?=
FLEET ?=
TESTS ?= tests

export STATE_DIR AIRFLOW_PORT LOCALCLOUD_PORT ONCE FLEET
# Modules of another installation must not get in the way.
unexport PYTHONPATH PYTHONHOME

VENV := .venv
RUN := $(VENV)/bin/python
REQUIREMENTS := requirements.txt $(foreach part,localcloud demo tryout cluster dev,requirements-$(part).txt)
CODE := localcloud plugins/oss_crr config dags devstack bench tests
PIP := -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help setup demo env clients test lint format bench fleet-check constraints clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: PYTHON, STATE_DIR, AIRFLOW_PORT, LOCALCLOUD_PORT; for example make demo AIRFLOW_PORT=9000'

setup: $(VENV)/.installed ## Make the virtual environment in .venv, with pinned versions.

$(VENV)/.installed: $(REQUIREMENTS) constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo '"$(PYTHON)" is missing or older than Python 3.11. Choose another: make PYTHON=python3.12 setup' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo 'This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Installing into $(VENV); this takes about two minutes the first time.'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) $(PIP) install -qq --prefer-binary --constraint constraints.txt \
	  $(REQUIREMENTS:%=--requirement %)
	@touch $@

demo: setup ## Set up a bucket pair on the local cloud, break it, find that out, repair it. FLEET=1: fifty pairs. ONCE=1: stop afterwards.
	@$(RUN) -m devstack.demo

env: ## Write the settings of docker-compose.yaml, with fresh secrets, into .env.
	@$(PYTHON) -m devstack.env_file .env

clients: setup ## Install the SDKs of other languages and generations that the local cloud is tested with, where possible.
	@$(RUN) -m tests.clients.install

test: setup clients ## Run every test, also those with the real Airflow. TESTS=tests/plugins: only those.
	@$(RUN) -m pytest $(TESTS)

lint: setup ## Check style, types, and who may import whom.
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy $(CODE)
	@PYTHONPATH=.:plugins $(VENV)/bin/lint-imports --no-logo

format: setup ## Put the code into the project's style.
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench: setup ## Measure one pair's setup, and fleets beside scripts. SIZE=short: minutes; SIZE=full: an hour or more.
	@PYTHONPATH=plugins $(RUN) -m bench
	@PYTHONPATH=plugins $(RUN) -m bench.fleet

fleet-check: setup ## Check the inventory include/fleet.yaml, or another one: make fleet-check FLEET_FILE=PATH.
	@PYTHONPATH=plugins $(RUN) -m oss_crr.fleet.check $(FLEET_FILE)

constraints: ## Choose the newest version of everything, and pin it in constraints.txt.
	@$(PYTHON) -m devstack.constraints $(REQUIREMENTS) > constraints.part
	@mv constraints.part constraints.txt

clean: ## Remove the demo's state and the virtual environment.
	@if [ -x $(RUN) ]; then $(RUN) -m devstack.clean; fi
	@rm -rf $(VENV) .clients .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
