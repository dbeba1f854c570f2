# The front door: `make help`.
.DEFAULT_GOAL := help
.PHONY: help setup lab data report pack why sweep spark test test-slow test-full lint bench validate lock clean

PYTHON ?= python3
# An active conda environment made from environment.yml is used as it is.
ENV := $(if $(filter placement-gaps,$(CONDA_DEFAULT_ENV)),$(CONDA_PREFIX),.venv)
BIN := $(ENV)/bin
READY := $(ENV)/.placement-gaps
SPARK := $(ENV)/.placement-gaps-spark
UV := $(shell command -v uv)
ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

WORKERS ?= 2

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo '  make report takes STUDY=name COHORT=name EXTRACT=folder PARAMS=file.yaml AUDIENCE=internal|public'
	@echo '    SCHEDULER=address TO=address; make why takes the first four and AUDIENCE'
	@echo '  make sweep takes GRID=file.yaml JOBS=number SCHEDULER=address AUDIENCE=internal|public'
	@echo '  make pack takes STUDY=name COHORT=name AUDIENCE=internal|public'
	@echo '  make data takes STUDY=name EXTRACT=folder; make test takes WORKERS=number'

setup: $(READY) ## install everything that is needed into .venv

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(ENV)
	@echo "Installing the packages of requirements.lock into $(ENV) …"
	@$(INSTALL) --no-deps --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m ipykernel install --prefix $(ENV) --name placement-gaps --display-name "Placement gaps" \
		--env OPENBLAS_NUM_THREADS 1 --env OMP_NUM_THREADS 1 > /dev/null
	@touch $@

spark: $(SPARK) ## install Spark too, half a gigabyte, which only its own tests need

$(SPARK): $(READY) spark.lock
	@echo "Installing the packages of spark.lock into $(ENV) …"
	@$(INSTALL) --no-deps --require-hashes --requirement spark.lock
	@touch $@

lab: $(READY) ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

data: $(READY) ## check an extract, or generate one, and derive its processed table
	@$(BIN)/placement-gaps data $(if $(STUDY),--study '$(STUDY)') $(if $(EXTRACT),--extract '$(EXTRACT)')

report: $(READY) ## execute the notebooks and publish the report: figures, tables, pages, documents
	@$(BIN)/placement-gaps report $(if $(STUDY),--study '$(STUDY)') $(if $(COHORT),--cohort '$(COHORT)') \
		$(if $(EXTRACT),--extract '$(EXTRACT)') $(if $(PARAMS),--params '$(PARAMS)') $(if $(AUDIENCE),'--$(AUDIENCE)') \
		$(if $(SCHEDULER),--scheduler '$(SCHEDULER)') $(if $(TO),--to '$(TO)')

sweep: $(READY) ## execute a grid of parameters and compare its runs: GRID=file.yaml (docs/sweeps.md)
	@test -n '$(GRID)' || { echo 'Give a grid: make sweep GRID=docs/sweep-example.yaml' >&2; exit 2; }
	@$(BIN)/placement-gaps sweep '$(GRID)' $(if $(JOBS),--jobs '$(JOBS)') $(if $(SCHEDULER),--scheduler '$(SCHEDULER)') \
		$(if $(AUDIENCE),'--$(AUDIENCE)')

why: $(READY) ## tell, per notebook, what changed since the report was made
	@$(BIN)/placement-gaps why $(if $(STUDY),--study '$(STUDY)') $(if $(COHORT),--cohort '$(COHORT)') \
		$(if $(PARAMS),--params '$(PARAMS)') $(if $(AUDIENCE),'--$(AUDIENCE)')

pack: $(READY) ## renew the pages and documents of a finished report, without running a notebook
	@$(BIN)/placement-gaps pack $(if $(STUDY),--study '$(STUDY)') $(if $(COHORT),--cohort '$(COHORT)') \
		$(if $(AUDIENCE),'--$(AUDIENCE)')

# Tests run side by side; each with all cores for its linear algebra would be slower by far.
test test-slow: export OPENBLAS_NUM_THREADS = 1

test: lint ## check the code and run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow"

test-slow: $(SPARK) ## run the slow tests alone, and those on Spark
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m slow

test-full: test test-slow ## run all tests

lint: $(READY) ## check format, style, types and the direction of imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > /dev/null || $(BIN)/lint-imports

bench: $(READY) ## measure time and memory of 10^4 to 10^8 persons, and of runs of notebooks (an hour)
	@$(BIN)/python -m benchmarks

validate: $(READY) ## count how often intervals hold the truth, into docs/validation.md (30 minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m validation

lock: ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --generate-hashes \
		--no-emit-index-url --no-header --quiet --upgrade --output-file requirements.lock
	@echo 'pyspark>=4.0' | uv pip compile - --universal --generate-hashes \
		--no-emit-index-url --no-header --quiet --upgrade --output-file spark.lock

clean: ## remove the environment and everything derived
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find data/processed outputs -mindepth 1 ! -name .gitkeep -delete
