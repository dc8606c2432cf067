# `make` alone lists what there is. Everything sets itself up; see scripts/setup.sh.
# Kept to what GNU make 3.81 (macOS) knows. Paths are relative, so that the folder's name may contain a space.

PORT    ?= 8501
ADDRESS ?= 127.0.0.1
# The names under which the dashboard is asked for (see app/.streamlit/config.toml). Shared with other machines it takes any.
HOSTS   ?=
LOAD_REPORT ?= bench-load.json
python  := .venv/bin/python

.PHONY: help run test bench bench-ui bench-load screenshots film lint format clean setup setup-dev

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  PORT=8600 make run           another port (8501 by default)'
	@echo '  ADDRESS=0.0.0.0 make run     reachable from other machines (only from this one by default)'
	@echo '  HOSTS=gpu-box make run       ... and only under this name (or several, with commas)'
	@echo '  PYTHON=python3.12 make run   set up with this Python (3.11 to 3.14)'

run: setup ## start the dashboard
	@exec $(python) -m app.startup.command run --address "$(ADDRESS)" --port "$(PORT)" --hosts "$(HOSTS)"

test: setup-dev ## run all tests, those in a real Chromium too
	@$(python) scripts/find_chromium.py --install
	@$(python) -m scripts.find_program --install
	@$(python) -m pytest -n 2 --no-loadscope-reorder

bench: setup ## measure speed side by side with plain ways
	@$(python) -m benchmarks

bench-ui: setup-dev ## measure how the dashboard feels, in a real Chromium
	@$(python) scripts/find_chromium.py --install
	@$(python) -m benchmarks.ui
	@$(python) -m benchmarks.painting

bench-load: setup-dev ## measure many visitors at once, and faults, on this machine alone
	@$(python) scripts/find_chromium.py --install
	@$(python) -m benchmarks.load all --last-minutes 10 --out "$(LOAD_REPORT)"

screenshots: setup-dev ## take the pictures of the documentation
	@$(python) scripts/find_chromium.py --install
	@$(python) scripts/screenshots.py

film: setup-dev ## film a story for the README
	@$(python) scripts/find_chromium.py --install
	@$(python) scripts/film.py

lint: setup-dev ## check format, lint and types, and the scripts of the browser
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy
	@$(python) scripts/check_javascript.py

format: setup-dev ## format the code and mend what ruff can mend
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .

clean: ## remove the virtual environment and everything else that was made
	rm -rf .venv .venv-transformer-lens-2 .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

setup-dev:
	@PYTHON="$(PYTHON)" sh scripts/setup.sh --dev
