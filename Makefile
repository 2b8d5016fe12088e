# What a checkout needs is made under build/; nothing outside of it is touched, but for what the
# containers need (`make system`, as root).
#
#   make demo     deploy the example to this machine, under build/demo/, and show its answer
#   make test     everything that CI runs, quick checks first
#   make bench    collect and deploy a real lock, beside other tools
#   make help     the single targets

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
BUILD := $(CURDIR)/build
DEV := $(BUILD)/venv/dev
# the collection as Ansible wants to find it, and beside it the collections of the tools' environment
TREE := $(BUILD)/ansible_collections/airgap/uv
SITE = $(shell $(DEV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
WITH_TOOLS = PATH=$(DEV)/bin:$$PATH PYTHONPATH=$(BUILD) \
  ANSIBLE_COLLECTIONS_PATH=$(BUILD):$(SITE) ANSIBLE_HOME=$(BUILD)/ansible
IN_TREE = cd $(TREE) && $(WITH_TOOLS)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: test
test: ## everything that CI runs
	@$(PYTHON) tests/tools/ci.py

# --- the environments ---------------------------------------------------------------------------

.PHONY: setup
setup: ## the tools' environment, build/venv/dev
	@$(PYTHON) tests/tools/venv.py $(DEV) tests/requirements/dev.txt

.PHONY: tree
tree: ## a copy of the collection where Ansible's tools look for it
	@$(PYTHON) tests/tools/tree.py $(TREE)

.PHONY: system
system: ## what the containers need: Debian packages, and emulation of arm64 (as root)
	@tests/bed/system

.PHONY: pins
pins: setup ## write the exact versions of tests/requirements/ anew
	@tests/tools/pins $(DEV)/bin/uv

# --- quick checks -------------------------------------------------------------------------------

.PHONY: lint
lint: setup tree ## ruff, mypy, yamllint, ansible-lint, antsibull-docs, the README's table
	@$(IN_TREE) $(CURDIR)/tests/tools/lint $(BUILD)/mypy

.PHONY: unit
unit: setup tree ## unit tests
	@$(IN_TREE) pytest -q -n 2 -o cache_dir=$(BUILD)/pytest tests/unit

.PHONY: sanity
sanity: setup tree ## ansible-test sanity, with Python 3.9 and 3.13
	@tests/sanity/run $(DEV) $(BUILD)

.PHONY: collection
collection: setup tree ## build the tarball and install it with no Galaxy in reach
	@tests/tools/collection $(DEV) $(BUILD)

# --- deployments --------------------------------------------------------------------------------

.PHONY: demo
demo: ## deploy the example to this machine and show its answer
	@$(PYTHON) tests/tools/venv.py $(BUILD)/venv/core-2.19 tests/requirements/core-2.19.txt
	@$(BUILD)/venv/core-2.19/bin/python examples/demo/demo.py

.PHONY: demo-matrix
demo-matrix: ## the demo under ansible-core 2.16, 2.19 and 2.21
	@tests/tools/demo-matrix $(PYTHON) $(BUILD)

.PHONY: locks locks-all
locks: ## collect real locks from ../shared/locks, where that folder is
locks-all: ## the large ones too
locks: MARK := -m "not locks_large"
locks locks-all: setup tree
	@if [[ -d ../shared/locks && -d tests/locks ]]; then \
	  $(WITH_TOOLS) pytest -q -o cache_dir=$(BUILD)/pytest $(MARK) tests/locks; \
	else echo "SKIPPED: real locks: there is no folder ../shared/locks"; fi

.PHONY: images
IMAGES ?= bookworm bookworm/arm64 bullseye trixie bullseye+compiler trixie+compiler
images: system ## the images of the test bed's hosts (as root)
	@$(PYTHON) tests/bed/bed.py image $(IMAGES)

.PHONY: molecule
SCENARIOS ?= default ways fleet sources
molecule: setup collection images ## real hosts without a way out (as root); SCENARIOS=default for some of them
	@for scenario in $(SCENARIOS); do tests/bed/molecule $(DEV) $(BUILD) $$scenario; done

.PHONY: bench
bench: setup tree ## ratios to pip, wheel-getter and curl, from one run
	@$(WITH_TOOLS) python tests/benchmarks/bench.py

.PHONY: clean
clean: ## remove build/
	@rm -rf -- build
