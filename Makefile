# Two commands are enough: `make run` serves the example application, `make test` runs all tests.
# Both need Python 3.11 or later, a Rust toolchain and make; everything else goes into `.venv`.

PYTHON ?= python3
PORT ?= 8000
VENV ?= .venv
WORKERS ?= 2
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 30

BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/.stamps

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(PY) -m pip install --quiet --constraint requirements/constraints.txt

RUST_SOURCES := $(shell find rust/*/src -name '*.rs') $(wildcard rust/*/Cargo.toml) Cargo.toml Cargo.lock
REQUIREMENTS := pyproject.toml requirements/constraints.txt
PYTEST := $(PY) -m pytest

.DEFAULT_GOAL := help
.PHONY: help build guided wheel find-profdata run test test-rust test-python test-examples conformance conformance-sockets conformance-uvicorn ecosystem ecosystem-short lint format fuzz clean
.PHONY: bench bench-quick bench-load bench-protocol bench-counts bench-peers

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 24

# --- the environment, one stamp per step so that a second call is quick ------------------------------------------

$(STAMPS)/venv: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --group build
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/example $(STAMPS)/test $(STAMPS)/bench $(STAMPS)/lint: $(REQUIREMENTS) $(STAMPS)/venv
	$(PIP) --group $(@F)
	@touch $@

# The extension in release mode, and the package as an editable install with all extras. maturin is in `.venv`
# already, so pip needs no second environment to build in.
INSTALL = PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) --no-build-isolation --editable '.[all]'

$(STAMPS)/extension: $(RUST_SOURCES) $(STAMPS)/venv
	$(INSTALL)
	@rm -f $(STAMPS)/guided
	@touch $@

# The same, guided by a profile of the tests: built to count, run, built again. Figures are those of this build.
PROFILE := $(CURDIR)/target/profile
TRAINING := tests/differential tests/protocol examples
GUIDED := FERROAPI_GUIDED=1 RUSTFLAGS=-Cprofile-use=$(PROFILE)/merged.profdata CARGO_TARGET_DIR=target/guided
LLVM_PROFDATA ?= $(firstword $(wildcard $(shell rustc --print sysroot)/lib/rustlib/*/bin/llvm-profdata) \
	$(lastword $(wildcard /usr/bin/llvm-profdata-19 /usr/bin/llvm-profdata-2?)))

$(STAMPS)/guided: $(RUST_SOURCES) $(STAMPS)/venv $(STAMPS)/test
	@$(MAKE) --no-print-directory find-profdata
	rm -rf $(PROFILE)
	RUSTFLAGS=-Cprofile-generate=$(PROFILE) CARGO_TARGET_DIR=target/counting $(INSTALL)
	@rm -rf $(PROFILE) # of what ran during the build
	@# In one process, which writes its counts when it ends: a worker that takes long to end is killed before it has.
	-PYTHONHASHSEED=0 $(PYTEST) -q -p no:benchmark --hypothesis-seed=0 $(TRAINING)
	$(LLVM_PROFDATA) merge -o $(PROFILE)/merged.profdata $(PROFILE)
	$(GUIDED) $(INSTALL)
	@touch $(STAMPS)/extension $@

find-profdata: # of a version that reads what rustc's LLVM writes: 19 or later
	@test -n "$(LLVM_PROFDATA)" || { echo "llvm-profdata not found: rustup component add llvm-tools, or Debian's llvm-19"; exit 1; }

Cargo.lock:
	cargo generate-lockfile

build: $(STAMPS)/extension ## build the extension into the package
guided: $(STAMPS)/guided ## the same, guided by a profile of the tests: what is released and measured (some six minutes)
wheel: $(STAMPS)/guided ## the guided build as a wheel in dist/
	$(GUIDED) $(BIN)/maturin build --release --out dist

# --- what it is for -----------------------------------------------------------------------------------------------

run: $(STAMPS)/extension $(STAMPS)/example ## serve the example application on http://127.0.0.1:$PORT
	exec $(BIN)/uvicorn shop.main:app --app-dir examples --http ferroapi.protocol:HTTPProtocol --loop uvloop \
		--host 127.0.0.1 --port $(PORT)

test: test-rust test-python test-examples conformance conformance-sockets conformance-uvicorn ecosystem-short ## run all tests

test-rust:
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --workspace --exclude ferroapi-core; \
	else \
		cargo test --workspace --exclude ferroapi-core --lib --bins --tests; \
	fi
	cargo test --workspace --exclude ferroapi-core --doc

test-python: $(STAMPS)/extension $(STAMPS)/test
	SOAK_SECONDS=$(SOAK_SECONDS) $(PYTEST) -p no:benchmark -n $(WORKERS) tests

test-examples: $(STAMPS)/extension $(STAMPS)/test
	$(PYTEST) -p no:benchmark examples

conformance: $(STAMPS)/extension $(STAMPS)/test ## run the reference's own test suite through the drop-in
	$(PY) -m tests.conformance --workers $(WORKERS) $(if $(UPDATE),--update)

conformance-sockets: $(STAMPS)/extension $(STAMPS)/test ## the same with each request over a socket, under the HTTP protocol class
	$(PY) -m tests.conformance_sockets --workers $(WORKERS)

conformance-uvicorn: $(STAMPS)/extension $(STAMPS)/test ## run uvicorn's own tests with the HTTP protocol class
	$(PY) -m tests.uvicorn_suite --workers $(WORKERS)

ecosystem: $(STAMPS)/extension $(STAMPS)/test ## run the suites of libraries through the drop-in (SUITES="cadwyn starlette": some; UPDATE=1: record the reference)
	$(PY) -m tests.ecosystem $(SUITES) --workers $(WORKERS) $(if $(UPDATE),--update)

ecosystem-short: $(STAMPS)/extension $(STAMPS)/test ## the same for those of them that are quick
	$(PY) -m tests.ecosystem --short --workers $(WORKERS)

bench: $(STAMPS)/guided $(STAMPS)/bench ## measure against the reference (QUICK=1: as bench-quick)
	$(PY) -m benches $(if $(QUICK),--quick) -o timeout=900
	$(PY) -m benches.routing $(if $(QUICK),--quick)

bench-quick: ## the same in under two minutes
	@$(MAKE) --no-print-directory bench QUICK=1

bench-load: $(STAMPS)/guided $(STAMPS)/bench bench-peers ## requests a second under a server, beside peers (needs wrk)
	$(PY) -m benches.load $(if $(QUICK),--quick)

bench-protocol: $(STAMPS)/guided $(STAMPS)/bench bench-peers ## the HTTP protocol class beside other servers (PRIORITY=1: see --help)
	@command -v wrk >/dev/null || { S=$$([ "$$(id -u)" -eq 0 ] || echo sudo); $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends wrk; }
	$(PY) -m benches.load --suite protocol $(if $(QUICK),--quick) $(if $(PRIORITY),--priority)

bench-counts: $(STAMPS)/guided $(STAMPS)/bench ## instructions a request against the baseline (RENEW=1: renew it)
	$(PY) -m benches.counts $(if $(RENEW),--renew)

# Other frameworks, each in an environment with the versions that it asks for.
PEERS := .cache/peers
bench-peers: $(PEERS)/asgi/.stamp $(PEERS)/robyn/.stamp

$(PEERS)/asgi/.stamp: requirements/peers.txt
$(PEERS)/robyn/.stamp: requirements/peers-robyn.txt
$(PEERS)/%/.stamp:
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $<
	@touch $@

lint: $(STAMPS)/extension $(STAMPS)/test $(STAMPS)/lint ## formatters, linters and type checkers, warnings as errors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright --warnings
	$(PY) -m mypy.stubtest ferroapi._core --mypy-config-file pyproject.toml
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

format: $(STAMPS)/lint ## format both languages
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --all

fuzz: $(STAMPS)/extension $(STAMPS)/test ## generated applications, property tests and parsers, $FUZZ_SECONDS for each
	$(PY) -m tests.generated --seconds $(FUZZ_SECONDS)
	PROTOCOL_EXAMPLES=$$(($(FUZZ_SECONDS) / 10 + 1)) $(PYTEST) -p no:benchmark -n $(WORKERS) --timeout 0 tests/protocol/test_random.py
	PROPTEST_CASES=50000 cargo test --release --workspace --exclude ferroapi-core
	@if [ -d rust/ferroapi-http/fuzz ] && cargo fuzz --version >/dev/null 2>&1; then \
		cd rust/ferroapi-http && for target in $$(cargo +nightly fuzz list); do \
			cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; \
		done; \
	else \
		echo "cargo-fuzz is not here: the parsers' fuzz targets did not run"; \
	fi

clean: ## remove what was built; `.venv` stays
	rm -rf target .cache dist build python/ferroapi/*.so $(STAMPS)/extension $(STAMPS)/guided
