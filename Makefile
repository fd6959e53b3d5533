# Everything one does with this tree. `make run` and `make test` need Python >= 3.11 and nothing else.

.PHONY: run reset test coverage check test-engines faults clusters bench bench-start bench-csv bench-auth bench-limits bench-live bench-polls bench-load bench-connections bench-growth bench-slow fuzz assets clean

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Further arguments for pytest: make test ARGS="-k csv"
ARGS ?=
# Two test processes share the database servers of a run; a file's tests stay in one of them.
PARALLEL ?= -n 2 --dist loadfile

# The stamps hold pip back until pyproject.toml changes.
.venv/run.stamp: pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh
	@touch $@

.venv/test.stamp: pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh test
	@touch $@ .venv/run.stamp

# The embedded database with sample data, served on http://127.0.0.1:8000
run: .venv/run.stamp
	@$(BIN)/graphql-app demo

# The same, with the sample's tables as they were at first
reset: .venv/run.stamp
	@$(BIN)/graphql-app demo --reset

# The default suite on the embedded engine, which every machine has; others: make test ENGINES=embedded,mariadb,mysql
ENGINES ?= embedded
test: .venv/test.stamp
	@$(PYTEST) $(PARALLEL) --engines $(ENGINES) $(ARGS)

# The default suite with the coverage of lines and branches; fails below the floor in pyproject.toml
coverage: .venv/test.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[coverage]"
	@$(PYTEST) $(PARALLEL) --cov --cov-report=term $(ARGS)

# Formatting, lint, types and import contracts
check: .venv/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Installs MariaDB and MySQL (Debian, root) and runs every test that needs a server, on all three engines
test-engines: .venv/test.stamp
	@bash tests/provision/engines.sh
	@REQUIRE_ENGINES=embedded,mariadb,mysql $(PYTEST) -m "(engine or faults) and not clients and not browser" $(PARALLEL) $(ARGS)

# Breaks connections and kills databases for minutes, and prints the table of docs/reliability.md
faults: .venv/test.stamp
	@FAULTS=full $(PYTEST) -m faults tests/faults/test_figures.py tests/faults/test_schema_changes.py $(ARGS)

# Kills, freezes and cuts off members of clusters under load, and prints the table of docs/scaling.md
clusters: .venv/test.stamp
	@CLUSTERS=full $(PYTEST) -m clusters tests/clusters $(ARGS)

# How the cost of requests grows with each of their parts, 20,000 random documents beside graphql-core's rules,
# 200,000 hostile requests to the program on each engine, then FUZZ_SECONDS (60) of atheris for each of its readers
fuzz: .venv/test.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[fuzz]" || echo "atheris does not install here"
	@FUZZ_DOCUMENTS=$${FUZZ_DOCUMENTS:-20000} $(PYTEST) tests/hostile/test_random_documents.py $(ARGS)
	@FUZZ_GROWTH_BYTES=$${FUZZ_GROWTH_BYTES:-1000000} $(PYTEST) tests/hostile/test_growth.py $(ARGS)
	@failed=0; for engine in $${FUZZ_ENGINES:-mariadb mysql embedded}; do \
	  FUZZ_REQUESTS=$${FUZZ_REQUESTS:-200000} $(PYTEST) --engines $$engine tests/hostile/test_generated.py tests/hostile/test_generated_sockets.py $(ARGS) || failed=1; \
	done; exit $$failed
	@$(BIN)/python -m tests.hostile.fuzz

.venv/bench.stamp: pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh bench
	@touch $@ .venv/run.stamp

# Speed, CPU and memory beside the limit of Python and a server made by hand (needs MariaDB): make bench ARGS=--quick
bench: .venv/bench.stamp
	@$(BIN)/python -m bench $(ARGS)

# The CPU time that refusing hostile GraphQL documents takes
bench-limits: .venv/test.stamp
	@$(BIN)/python -m bench.limits $(ARGS)

# The CPU time that knowing who is asking takes: tokens that are known, tokens that are verified
bench-auth: .venv/test.stamp
	@$(BIN)/python -m bench.auth $(ARGS)

# Ten times the requests that can be answered, and a thousand slow clients (needs MariaDB)
bench-load: .venv/bench.stamp
	@$(BIN)/python -m bench.overload $(ARGS)

# Calls by key over 16 to 1,000 connections beside the limit, with and without a log line for each (needs MariaDB)
bench-connections: .venv/bench.stamp
	@$(BIN)/python -m bench.connections $(ARGS)

# What a thousand subscribers to ten queries cost, and how soon a subscriber learns of a write (needs MariaDB)
bench-live: .venv/bench.stamp
	@$(BIN)/python -m bench.live $(ARGS)
	@$(BIN)/python -m bench.peers

# What one packet for the polls of a role's users saves (needs MariaDB)
bench-polls: .venv/bench.stamp
	@$(BIN)/python -m bench.role_polls $(ARGS)

# Read shapes on tables of 1e4, 1e5 and 1e6 rows beside SQL by hand: make bench-growth ARGS="--data FOLDER --engines mariadb"
bench-growth: .venv/test.stamp
	@$(BIN)/python -m bench.growth $(ARGS)

# Slow reads by the default settings, stopped and sent again or left to go on: make bench-slow ARGS="--data FOLDER"
bench-slow: .venv/bench.stamp
	@$(BIN)/python -m bench.slow $(ARGS)

# CSV import and export beside MariaDB's own client, memory, and reads meanwhile: make bench-csv ARGS=--quick
bench-csv: .venv/bench.stamp
	@$(BIN)/python -m bench.csv_speed $(ARGS)

# Start, memory, reload and introspection of databases with 1,000 and 5,000 tables (needs MariaDB)
bench-start: .venv/bench.stamp
	@$(BIN)/python -m bench.start $(ARGS)

# The shipped files of GraphiQL and the API docs, made anew from their locked npm packages (needs Node)
assets: .venv/test.stamp
	$(BIN)/python scripts/vendor_assets.py

# Everything that the other targets make
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
