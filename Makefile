# Each word sets up what it needs. `make demo` and `make test` are all that a newcomer has to type.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

SIZE   ?= tiny
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_OFFLINE=1

.PHONY: demo test nightly lint fix bench bench-docs experiments curves docs wheel clean

demo: $(VENV)/.installed           ## the whole pipeline on the bundled sample data; then look at demo/report.html
	$(BIN)/zhprep demo -o demo

test: $(VENV)/.installed           ## the tests, side by side on the cores there are
	$(OFFLINE) $(BIN)/python -m pytest -n auto --dist worksteal -o faulthandler_timeout=600 $(PYTEST_ARGS)

nightly: $(VENV)/.installed        ## long: many rounds of what the tests show in one (kills, races, flipped bits), Ray too
	$(BIN)/pip install -q -c constraints.txt -e '.[test,ray]'
	$(OFFLINE) $(BIN)/python -m pytest -m "nightly or fault" --junitxml=nightly.xml $(PYTEST_ARGS)
	$(BIN)/python docs/make_reliability.py nightly.xml

lint: $(VENV)/.installed           ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file benchmarks/mypy.ini
	$(BIN)/lint-imports

fix: $(VENV)/.installed            ## put right what can be put right by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed          ## speed beside the peers, in one run
	$(BIN)/python -m pytest -q -s -p no:cacheprovider benchmarks

bench-docs: $(VENV)/.installed     ## the same, written into docs/benchmarks.md
	ZHPREP_BENCH_DOCS=docs/benchmarks.md $(BIN)/python -m pytest -q -s -p no:cacheprovider benchmarks

curves: $(VENV)/.installed         ## long: seconds to transformers' held-out loss, by turns (CORPUS=..., SIZE=tiny)
	$(BIN)/python benchmarks/equal_loss.py $(CORPUS) -o docs/results/equal-loss-$(SIZE) --size $(SIZE) $(CURVES)

experiments: $(VENV)/.installed    ## long: pretrain and compare on your own corpus (CORPUS=...)
	$(BIN)/zhprep run bert-wwm $(CORPUS) --size tiny -o work

docs: $(VENV)/.installed           ## write the command reference from --help, and the architecture from the imports
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_architecture.py

wheel: $(VENV)/.installed
	$(BIN)/python -m build --wheel --outdir dist .

$(VENV)/.installed: pyproject.toml setup.cfg constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf build dist demo $(VENV) *.egg-info
