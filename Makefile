# Two commands for a newcomer: `make run` and `make test`. CI calls the same recipes.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := src/otelier/_core.abi3.so
UI := src/otelier/ui/dist/manifest.json
NODE := $(shell command -v npm)
# Rust's build folder stays outside git and is kept between builds.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/otelier/target
export OTELIER_SHARED ?= ../shared
PYTEST := $(BIN)/python -m pytest
ARGS ?=

.PHONY: help setup run test test-slow check format docs ui bench peers conformance-promql conformance-logql conformance-remote-write conformance-s3 spark-check wheel wheel-check clean

help:  ## what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(VENV)/.dependencies $(CORE) $(UI)  ## .venv with everything, native core and web UI built

run: setup  ## start otelier, all in one (ARGS="run --config FILE" for a configuration)
	$(BIN)/otelier $(ARGS)

test: setup  ## every test (ARGS="-k name" for some of Python's)
	cd rust && cargo test -q --workspace --exclude otelier-core
	$(if $(NODE),cd ui && npm test --silent,@echo "the UI's own tests need Node 20 or newer: skipped")
	@tools/install_chromium
	$(PYTEST) -m "not slow" $(ARGS)

test-slow: setup  ## the tests that take minutes
	$(PYTEST) -m slow --timeout 1800 $(ARGS)

check: setup  ## format, lint, types, structure, import rules, docs in step with code
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	cd rust && cargo fmt --all --check
	cd rust && cargo clippy -q --all-targets -- -D warnings
	$(BIN)/lint-imports --no-cache --config pyproject.toml
	$(BIN)/python tools/check_structure.py
	$(BIN)/python tools/gen_reference.py --check
	$(BIN)/python tools/gen_inventory.py --check
	$(BIN)/python tools/gen_sql.py --check
	$(BIN)/pyright --warnings
	$(if $(NODE),cd ui && npm run --silent check,@echo "the UI's checks need Node 20 or newer: skipped")

format: setup  ## format Python and Rust, fix what can be fixed
	$(BIN)/ruff format -q .
	$(BIN)/ruff check -q --fix .
	cd rust && cargo fmt --all
	$(if $(NODE),cd ui && npm run --silent format)

docs: setup  ## write the generated reference anew
	$(BIN)/python tools/gen_reference.py
	$(BIN)/python tools/gen_inventory.py
	$(BIN)/python tools/gen_sql.py

ui: ui/node_modules/.installed  ## the web UI, built into src/otelier/ui/dist (needs Node 20 or newer)
	cd ui && npm run --silent build

bench: setup  ## the numbers we publish (needs the Go toolchain once, for the peer)
	$(BIN)/python -m bench $(ARGS)

peers:  ## build the peers that the benches run beside us
	bench/peers/build
	bench/peers/build-prometheus

conformance-promql: setup  ## the same queries to us and to a real Prometheus (needs Go, some minutes the first time)
	bench/peers/build-prometheus
	$(PYTEST) -m slow --timeout 1800 tests/e2e/beside_prometheus $(ARGS)

conformance-remote-write: setup  ## the public compliance tests of remote write receivers (needs Go, some minutes the first time)
	bench/peers/build-remote-write-compliance
	$(PYTEST) -m slow --timeout 1800 tests/e2e/beside_prometheus/test_remote_write.py $(ARGS)

conformance-logql: setup  ## the same queries to us and to Loki's own engine (needs Go, some minutes the first time)
	bench/peers/build-loki
	$(PYTEST) -m slow --timeout 1800 tests/e2e/beside_loki $(ARGS)

conformance-s3: setup  ## segments in a bucket of a real S3 server (needs Go, some minutes the first time)
	bench/peers/build-s3
	$(PYTEST) --timeout 1800 tests/storage/bucket $(ARGS)

spark-check: setup  ## segments open in Spark as documented (needs Java 17, fetches 500 MB once)
	test -d build/spark || $(BIN)/pip install -q --target build/spark pyspark==4.3.0
	PYTHONPATH=build/spark $(PYTEST) tests/storage/test_other_tools.py -k spark --timeout 600 $(ARGS)

wheel: $(VENV)/.dependencies $(UI)  ## dist/: abi3 wheel for manylinux_2_28 and sdist
	rm -rf dist
	@test -f $(UI) || { echo "a wheel carries the web UI: install Node 20 or newer, then make ui"; exit 1; }
	$(BIN)/python -m ziglang version >/dev/null 2>&1 || $(BIN)/pip install -q ziglang
	PATH="$(CURDIR)/$(BIN):$$PATH" maturin build --release --zig --compatibility manylinux_2_28 --out dist
	$(BIN)/maturin sdist --out dist

wheel-check: wheel  ## install the wheel where there is neither Rust nor Node, and run it
	tools/check_wheel dist

clean:  ## remove everything that was made here
	rm -rf $(VENV) dist build $(CORE) src/otelier/ui/dist ui/node_modules ui/build .pytest_cache .ruff_cache .hypothesis

$(VENV)/.dependencies: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "otelier needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --group dev -c constraints.txt
	touch $@

# Sources are listed by make, not by cargo, so that an unchanged tree starts nothing.
$(CORE): $(VENV)/.dependencies $(shell find rust -name '*.rs' -not -path '*/fuzz/*' -o -name Cargo.toml -not -path '*/fuzz/*')
	@command -v cargo >/dev/null || { echo "otelier is built with Rust: install a stable toolchain (1.88 or newer), or install a wheel by pip"; exit 1; }
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release -q
	touch $@

# Without Node everything else is built and works; the pages then say how to get them.
$(UI): $(if $(NODE),ui/node_modules/.installed ui/build.mjs $(shell find ui/src -type f))
	$(if $(NODE),cd ui && npm run --silent build,@echo "no npm: the web UI is not built (install Node 20 or newer, then make ui); the rest works without")

ui/node_modules/.installed: ui/package.json
	@command -v npm >/dev/null || { echo "the web UI is built with Node 20 or newer: install it, or install a wheel by pip"; exit 1; }
	cd ui && npm install --silent
	touch $@
