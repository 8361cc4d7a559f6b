# Broadsheet. `make demo` tries it, `make test` tests it, `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV      = $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
SYNC    = VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --require-hashes --compile-bytecode

.DEFAULT_GOAL := help
.PHONY: help demo up test faults mailcheck check words format lock clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

demo: $(VENV)/installed ## Start Broadsheet with a sample publication (ARGS="--fresh --port 8100")
	@exec $(BIN)/broadsheet demo $(ARGS)

up: $(VENV)/installed ## Start an empty Broadsheet for a real, small install
	@exec $(BIN)/broadsheet up $(ARGS)

test: $(VENV)/installed-dev ## Run every test
	@$(BIN)/pytest $(ARGS)

faults: $(VENV)/installed-dev ## Break a whole installation (SEEDS=200 JSON=1 ONLY="Redis" PRODUCTION=1 MUTATIONS=1)
	@$(BIN)/python -m tests.faults$(if $(MUTATIONS),.mutations) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ONLY),--only "$(ONLY)") \
		$(if $(FIRST),--first $(FIRST)) $(if $(NAME),--name "$(NAME)") $(if $(JSON),--json) $(if $(PRODUCTION),--production)

mailcheck: $(VENV)/installed-dev ## Ask SpamAssassin, where it is installed, what it thinks of every mail
	@$(BIN)/python -m tests.mailcheck

check: $(VENV)/installed-dev ## Lint, format, types, import layers, migrations match models
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/architecture

words: $(VENV)/installed-dev ## Write what is marked for translation into the catalogues, and say what waits
	@$(BIN)/python -m tests.words

format: $(VENV)/installed-dev ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Resolve the dependencies again into the lock files
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		--group build pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
		--group build --group test --group lint pyproject.toml -c requirements.lock -o requirements-dev.lock

clean: ## Remove the virtual environment and caches (your data stays)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Broadsheet needs Python 3.11 or newer; name one with 'make PYTHON=python3.12 ...'."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python $(PYTHON) $(VENV); \
	 else $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; fi

$(VENV)/installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(SYNC) -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing what the tests and checks need ..."
	@$(SYNC) -r requirements-dev.lock
	@touch $@
