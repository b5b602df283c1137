# Linkbot. `make demo` and `make test` need Python 3.11 or newer with venv, and nothing else.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --quiet --quiet install --require-hashes
ARGS   ?=

.PHONY: demo test check bench lock clean

demo: $(VENV)/run.stamp ## the rehearsal: http://127.0.0.1:4390
	$(PY) -m bot demo $(ARGS)

test: $(VENV)/dev.stamp ## the whole suite; ARGS="tests/domain -x" for a part
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/dev.stamp ## lint, format, types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright

bench: $(VENV)/run.stamp ## each prints one JSON document and fails below its floor
	@for part in bench/[a-z]*.py; do echo "$$part"; $(PY) "$$part" || exit 1; done

lock: ## pin the dependencies of pyproject.toml again (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --upgrade --output-file requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header --constraint requirements.lock \
		--output-file requirements-dev.lock

clean:
	rm -rf $(VENV)

# The stamps are written after the install, so a second run starts at once.

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Linkbot needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing (on Debian: apt-get install python3-venv)" >&2; exit 2; }
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "linkbot.pth").write_text("$(CURDIR)\n")'
	@printf '#!%s\nimport sys\nfrom bot.__main__ import main\nsys.exit(main())\n' "$(CURDIR)/$(PY)" > $(VENV)/bin/linkbot
	@chmod +x $(VENV)/bin/linkbot
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.lock
	@echo "Installing the locked dependencies (once)"
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/made.stamp requirements-dev.lock
	@echo "Installing the locked dependencies and the test tools (once)"
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp
