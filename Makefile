# Everything a person does with a checkout. `make help` prints itself.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
DEMO := $(if $(CLUSTER),var/demo-cluster/home,var/demo)
BIN := $(VENV)/bin
ROOMS := kernel stores content_hub data_hub channels matching engagement schemas juzhen
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help: ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q $(ROOMS)
	@touch $@

$(VENV)/tested: requirements/test.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/test.txt
	@touch $@

demo: $(if $(CLUSTER),$(VENV)/tested,$(VENV)/installed) ## Build the demo company and start everything (PORT=8000, CLUSTER=1 on real servers)
	@$(if $(CLUSTER),$(BIN)/python tests/servers/desk.py var/demo-cluster/servers) $(BIN)/juzhen demo --home $(DEMO) --port $(PORT)$(if $(CLUSTER), --elsewhere)

demo-reset: $(VENV)/installed ## Forget the demo company, so that the next `make demo` builds it anew
	@$(BIN)/juzhen demo --home $(DEMO) --reset
	$(if $(CLUSTER),@$(BIN)/python tests/servers/desk.py var/demo-cluster/servers)

test: $(VENV)/tested ## Run the whole suite; what fails beside others is asked once more, alone
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20 \
	|| $(BIN)/python -m pytest --last-failed --last-failed-no-failures none --maxfail 1 -vv

lint: $(VENV)/tested ## Style, types, floors, wording
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m kernel.wording

bench: $(VENV)/tested ## Measure the hot paths (ONLY=name SIZE=10 ENGINES=cluster)
	@$(BIN)/python bench/run.py $(if $(ONLY),ONLY=$(ONLY)) $(if $(SIZE),SIZE=$(SIZE)) $(if $(ENGINES),ENGINES=$(ENGINES))

ranking: $(VENV)/tested ## Measure how well lists rank, and write the table of docs/matching.md
	@$(BIN)/python bench/run.py ONLY=matching
	@$(BIN)/python -m bench.lib.ranking

rules: $(VENV)/tested ## Which product rules are shown by a passing test
	@$(BIN)/juzhen rules

soak: $(VENV)/tested ## The fault tests at full size (hours)
	JUZHEN_SOAK=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/flows tests/engines tests/stores tests/content_hub tests/data_hub tests/channels tests/schemas tests/matching tests/juzhen tests/web

docs: $(VENV)/tested ## Write the reference pages, the SDL and OpenAPI anew
	$(BIN)/juzhen docs

lock: | $(BIN)/python ## Pin what pyproject.toml allows, with hashes
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-header --build-deps-for editable --output-file requirements/run.txt pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-header --extra test --output-file requirements/test.txt pyproject.toml

.PHONY: help demo demo-reset test lint bench ranking rules soak docs lock
