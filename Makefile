# The commands of this project. `make run` and `make test` are all it takes on a fresh clone: everything is installed
# into .venv, from wheels; nothing is compiled, and nothing outside this folder changes but the weights' cache.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v $$each; break; }; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --constraint constraints.txt

# On Linux the ordinary wheel of torch brings 3 GB of CUDA; this index has the one for the processor.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu

# A process for each core; what one file's tests share is made once. More than four would only fill the memory.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: run test check lint evaluate bench screenshots corpus weights chromium install clean help

help:
	@echo "make run     install, fetch the weights, index the corpus, serve the page"
	@echo "make test    everything that must hold, with a real browser"
	@echo "make check   the same without what is slow or needs a browser: some two minutes"
	@echo "make lint    formatting, types and the walls between the modules"
	@echo "make evaluate  answer the shipped test set, and hold the answers against the gates"
	@echo "make corpus  check every page and the registry, and make the shipped vectors anew"
	@echo "make screenshots OUT=folder  a picture of every state of the pages, wide, tablet and phone, light and dark"
	@echo "make bench   measure latency, declining and finding on this machine (docs/figures.md names the script behind each figure)"
	@echo "make clean   remove .venv and what the tools left"

run: $(VENV)/installed weights
	@$(BIN)/career-advisor serve

test: $(VENV)/installed-for-tests weights weights-for-tests chromium lint
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: $(VENV)/installed-for-tests lint
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not slow and not browser'

lint: $(VENV)/installed-for-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

evaluate: $(VENV)/installed-for-tests weights
	@$(BIN)/career-advisor evaluate run

bench: $(VENV)/installed-for-tests weights
	@for script in latency declines retrieval; do $(BIN)/python benchmarks/$$script.py || exit 1; done

# ONLY, SIZE and SCHEME, where there are any: one state, one size, light or dark.
screenshots: $(VENV)/installed-for-tests weights chromium
	@test -n '$(OUT)' || { echo "Where shall they go? make screenshots OUT=folder" >&2; exit 2; }
	@$(BIN)/python benchmarks/screenshots.py --out '$(OUT)' --chromium "$$($(BIN)/python -m tests.chromium)" \
		$(if $(ONLY),--only '$(ONLY)') $(if $(SIZE),--size '$(SIZE)') $(if $(SCHEME),--scheme '$(SCHEME)')

# FACTS and TALK, where there are any: what the pages are written from, and what they may not copy.
corpus: $(VENV)/installed-for-tests weights
	@$(BIN)/python benchmarks/corpus.py $(if $(FACTS),--facts '$(FACTS)') $(if $(TALK),--talk '$(TALK)')
	@$(BIN)/python -m pytest -q tests/test_corpus.py tests/test_referral.py
	@$(BIN)/career-advisor services check || true
	@$(BIN)/career-advisor index vectors

install: $(VENV)/installed

# Without a network the light encoder still stands in: it is an ordinary dependency.
weights: $(VENV)/installed
	@$(BIN)/career-advisor models fetch >/dev/null || \
		echo "make: going on with the light encoder; repeat with a network for the better one" >&2

.PHONY: weights-for-tests
weights-for-tests: $(VENV)/installed-for-tests
	@$(BIN)/career-advisor models fetch smollm2-135m-instruct >/dev/null

chromium: $(VENV)/installed-for-tests
	@$(BIN)/python -m tests.chromium >/dev/null

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist

$(VENV)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org/downloads/" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/torch: $(VENV)/python constraints.txt
	@echo "Installing into $(VENV); the first time takes minutes" >&2
	@index=; if [ "$$(uname)" = Linux ]; then \
		if $(BIN)/python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=5)' \
			$(TORCH_CPU_INDEX) 2>/dev/null; then index="--extra-index-url $(TORCH_CPU_INDEX)"; \
		else echo "make: $(TORCH_CPU_INDEX) does not answer; taking torch from your own index" >&2; fi; fi; \
	$(PIP) $$index torch
	@touch $@

$(VENV)/installed: $(VENV)/torch pyproject.toml
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	@$(PIP) --editable '.[test]'
	@touch $@
