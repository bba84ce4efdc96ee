PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test test-long test-engines lint bench notebook faults disturbed soak fuzz clean lock

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; found = "%d.%d" % sys.version_info[:2]; sys.exit(None if found in ("3.11", "3.12", "3.13") else "curate needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is " + found + ": make $(MAKECMDGOALS) PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

demo: setup
	rm -rf demo-output
	$(BIN)/curate run configs/quickstart.yaml --output demo-output

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What make test leaves out (marked long): tutorials, most shipped ablations, an engine that fuses nothing.
test-long: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

# What a submission needs: the set-up of the image in an environment of its own, workers that share nothing but a store
# (Cloud Storage and S3, emulated), lost workers, Prism where CURATE_PRISM names it, and a template of a Dataflow job.
# It has not been run from beginning to end yet; parts of it were run by themselves.
test-engines:
	rm -rf build/engines
	$(PYTHON) -m venv build/engines
	PATH="$(CURDIR)/build/engines/bin:$$PATH" bash -ec ' \
		pipelines/image/setup.sh wheels build/engines/wheels; pipelines/image/setup.sh install build/engines/wheels; \
		export CURATE_TEST_KERNELS=$(CURDIR)/build/engines/kernels; \
		NUMBA_CPU_NAME=x86-64-v3 NUMBA_CACHE_DIR=$$CURATE_TEST_KERNELS pipelines/image/setup.sh kernels quickstart dclm-baseline klue; \
		python -m pip install --quiet pytest pytest-timeout pytest-xdist psutil gcp-storage-emulator "moto[server]"; \
		python -m pytest -v --durations=0 -o timeout=3000 -m "engines or not engines" tests/engines tests/curate/test_prism.py'

# Runs that are killed at random moments of all phases, each compared with one that is not.
disturbed: setup
	$(BIN)/python -m tests.faults.disturbed

bench: setup
	$(BIN)/python -m benchmarks

# Run the cells of docs/notebook.ipynb again and write their outputs into it
notebook: setup
	$(BIN)/python -m tests.make_notebook

# The table of faults, with outcomes. ONLY=word: rows that hold it. Some rows need root.
faults: setup
	$(BIN)/python -m tests.faults --only "$(ONLY)"

# A long run that is killed again and again, compared with one that is not.
DOCUMENTS ?= 200000
KILLS ?= 5
soak: setup
	$(BIN)/python -m tests.faults.soak --documents $(DOCUMENTS) --kills $(KILLS)

# Readers, kernels and strategies, SECONDS each (needs atheris: pip install -e '.[fuzz]').
SECONDS ?= 600
fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

clean:
	rm -rf $(VENV) demo-output build dist

# Renew the locked versions, one file for Python 3.11 to 3.13 (needs uv), and one of what an engine's workers need.
# They hold versions and hashes and no addresses.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock:
	$(COMPILE) --extra dev -o requirements.lock pyproject.toml
	$(COMPILE) --extra gcp --extra aws --extra extractors -c requirements.lock -o pipelines/image/requirements.lock pyproject.toml
