# Every command a newcomer or CI needs; each sets itself up first. Slow proofs are apart: accept, bench.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: setup demo test lint accept bench tables clean

setup: .venv/ready

# One marker file: a second run installs nothing until the dependency files change.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[train,series,dev]"
	touch $@

demo: setup
	$(BIN)/python examples/demo.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -m "not slow"

accept: setup
	$(BIN)/pytest -m slow

bench: setup
	$(BIN)/python benchmarks/run_all.py

tables: setup
	$(BIN)/python benchmarks/tables.py

clean:
	rm -rf .venv runs
