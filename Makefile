# `make run` starts eventmail, `make test` checks everything. Both set up what is missing and are safe to repeat.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check install
LOCKED := --require-hashes --only-binary :all:
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 --dist worksteal
COMPILED := { [ -d tests/__pycache__ ] || found=$$($(PYTEST) -n 0 --collect-only 2>&1) || { echo "$$found"; false; }; }
LOCK := uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

.PHONY: help setup run test soak judges lint style format bench lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile

setup: $(VENV)/.package ## install everything into .venv

run: setup ## start web and worker, print a link that signs in
	@exec $(BIN)/eventmail run

# The types are checked meanwhile. A first collection compiles the tests; else each worker of pytest would.
test: style ## lint, check types, run a test of everything
	@$(BIN)/mypy & types=$$!; tests/browser/install_chromium.sh && $(COMPILED); others=$$?; wait $$types && exit $$others
	@$(PYTEST)

soak: setup $(VENV)/.dev ## every test, also those that only deepen certainty; SOAK=10 multiplies each budget by ten
	@tests/browser/install_chromium.sh
	@for server in postfix exim opensmtpd; do tests/install_mail_server.sh $$server || exit 1; done
	@SOAK=$${SOAK:-10} $(PYTEST) -m 'not judge'

judges: setup $(VENV)/.dev ## what needs Node or somebody else's parser
	@tests/install_libical.sh >/dev/null
	@$(PYTEST) -m judge; status=$$?; test $$status = 5 && echo 'No judges here yet.' || exit $$status

lint: style ## check style and types
	@$(BIN)/mypy

style: setup $(VENV)/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check || { echo 'To put the files above in shape: make format'; exit 1; }

format: setup $(VENV)/.dev ## put the code in shape
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: setup ## list the benchmarks
	@ls bench/*.py 2>/dev/null | sed 's|^|$(BIN)/python |' | grep . || echo 'No benchmarks here.'

lock: ## compile requirements/*.in again (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv on PATH. Nothing else does.'; exit 1; }
	@$(LOCK) requirements/runtime.in --output-file requirements/runtime.txt
	@$(LOCK) requirements/dev.in --output-file requirements/dev.txt

clean: ## remove what set-up and tests made; your data in instance/ stays
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results

# A stamp says that its step ran to the end; a step that was cut short runs again.

$(VENV)/.package: pyproject.toml $(VENV)/.runtime
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo 'Installing what the tests need …'
	@$(PIP) $(LOCKED) -r $<
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt | $(BIN)/pip
	@echo 'Installing eventmail into $(VENV) …'
	@$(PIP) $(LOCKED) -r $<
	@touch $@

$(BIN)/pip:
	@for python in python3 python3.14 python3.13 python3.12 python3.11 none; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	test $$python != none || { echo 'eventmail needs Python 3.11 or newer, and none is on PATH.'; exit 1; }; \
	$$python -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }; \
	$$python -m venv $(VENV)
