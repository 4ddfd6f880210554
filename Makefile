# make            set up .venv with the core, read examples/, draw what was read
# make test       install what the tests need and run them (make test-all: the slow ones too)
# make check      ruff and mypy
# make docs       make anew what the documentation generates, run the notebook where it changed (minutes), build the site in out/docs
# make demo-video   record the page in use: docs/demo.webp (needs chromium)
# make site       the reader in the browser as a folder of files for any web host: out/site (needs npm the first time)
# make fuzz       read FUZZ_FILES damaged files; what breaks the reader goes to fuzz-findings/
# make mutants    put MUTANTS small faults into recognition/ and forms/, one by one: prints those that no test sees
# make attack     kills, a full disk and the like, on real runs: prints what was tried and what broke

PYTHON ?= python3
BIN := .venv/bin
DATA := $(wildcard ../shared/data)
export INKDIGITS_DATA ?= $(if $(DATA),$(abspath $(DATA)))
FUZZ_FILES ?= 100000
MUTANTS ?= 80
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: examples test test-all check docs demo-video site fuzz attack mutants clean

examples: .venv/core
	$(BIN)/inkdigits read examples --annotate out

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/test: .venv/core
	$(PIP) --editable '.[dev]'
	touch $@

test: .venv/test
	$(BIN)/python -m pytest --numprocesses 2 -m 'not slow'

test-all: .venv/test
	$(BIN)/python -m pytest --numprocesses 2

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/docs: .venv/core
	$(PIP) --editable '.[docs]'
	touch $@

docs: .venv/docs out/notebook.ipynb
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs out/docs

out/notebook.ipynb: notebooks/handwritten_digit_recognition.ipynb .venv/docs
	mkdir -p out
	$(BIN)/jupyter-execute --timeout=-1 --output=../out/notebook.ipynb $<

demo-video: .venv/test
	$(BIN)/python tools/demo_video.py

site: .venv/core
	$(BIN)/inkdigits site --out out/site

fuzz: .venv/test
	$(BIN)/python tests/fuzz.py --files $(FUZZ_FILES)

attack: .venv/test
	$(BIN)/python tests/attack/run.py

mutants: .venv/test
	$(BIN)/python tools/mutants.py --count $(MUTANTS)

clean:
	rm -rf .venv out dist fuzz-findings docs/pictures notebooks/notebook-runs
