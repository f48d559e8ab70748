# make demo: a night in the Strait on three nodes      make test: every test        make check: lint, types, contracts
# make bench: ours beside the peers                    make docs: the manual        make wheel: a package that runs alone
# make soak: a long bad night on three nodes
# make words: collect new strings for translation      make lock: pin what is used  make clean: as it was cloned
# Set-up needs python3 (3.11 or later), make and package registries; it happens on first use, in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PO = $(wildcard src/tansiq/web/locale/*/LC_MESSAGES/django.po)
VENDOR = src/tansiq/web/static/vendor/.ready
PARALLEL ?= 2

demo: ready
	$(BIN)/tansiq demo $(if $(ONCE),--once --json) $(if $(SEED),--seed $(SEED))

test: ready
	$(BIN)/python -m tools.services
	$(BIN)/pytest -n $(PARALLEL) --dist loadgroup
	@url=$$($(BIN)/python -m tools.services --postgresql); if [ -n "$$url" ]; then \
	  echo "once more what touches the database, on PostgreSQL"; \
	  TANSIQ_DATABASE=$$url $(BIN)/pytest -n $(PARALLEL) --dist loadgroup -m "django_db and not browser"; fi

check: ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.words missing
	$(BIN)/tansiq manage makemigrations --check --dry-run

soak: ready
	$(BIN)/python -m tests.faults.play $(if $(SEED),--seed $(SEED)) $(if $(LETTERS),--letters $(LETTERS))

bench: ready
	$(BIN)/python -m benchmarks

docs: ready
	$(BIN)/python -m tools.docs

wheel: ready
	rm -rf build dist
	$(BIN)/pip wheel -q --no-deps --wheel-dir dist .

words: ready
	$(BIN)/python -m tools.words update

lock:
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-annotate --no-header --upgrade -q -o requirements.lock

clean:
	rm -rf $(VENV) .venv-bench .venv-bench-taxii build dist site node_modules src/tansiq/web/static/vendor src/*.egg-info
	find src tests -name '*.mo' -delete -o -name '__pycache__' -prune -exec rm -rf {} +

ready: $(VENV)/.ready $(PO:.po=.mo) $(VENDOR)

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tansiq needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements.lock
	$(BIN)/pip install -q --no-deps -e .
	touch $@

$(VENDOR): package-lock.json tools/assets.py | $(VENV)/.ready
	$(BIN)/python -m tools.assets
	touch $@

%.mo: %.po | $(VENV)/.ready
	$(BIN)/pybabel -q compile -i $< -o $@

.PHONY: demo test check soak bench docs wheel words lock clean ready
