# What a person types. Everything that is missing on the machine is installed by the targets themselves, and said so.

.PHONY: build release test test-matrix unit traces compatibility lint deny demo bench micro instructions chaos fuzz-compat test-handover tools

build: tools
	cargo build

release: tools
	cargo build --release

# Format, lints, unit tests, and everything that needs a real Postgres and a real Kafka.
test: lint unit
	tests/servers --kafka -- cargo test --test it
	tests/servers --kafka --revive -- cargo test --test chaos

# The recorded cases on the other versions of Postgres. PG=18: on these only.
PG = 13 14 16 17 18
test-matrix: tools
	set -e; for major in $(PG); do tests/servers --pg $$major --kafka -- cargo test --test it cases; done

unit: tools
	cargo test --lib --test laws --test compatibility --test direct --test inputs

# OpenTelemetry, which is not in the default build: its lints and tests. CI runs them; not part of `test`, as walcast is built
# once more.
traces: tools
	cargo clippy --all-targets --features opentelemetry -- -D warnings
	cargo test --features opentelemetry --lib telemetry
	cargo test --features opentelemetry --test traces

# The tables of docs/compatibility.md, from the recorded cases; a test keeps them true.
compatibility: tools
	UPDATE=1 cargo test --test compatibility

lint: tools
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

# Licences, bans, sources and advisories of all crates, by deny.toml.
deny: tools
	tests/deny

# A small shop, watched by walcast. KAFKA=1: through a real Kafka.
demo: release
	tests/servers $(if $(KAFKA),--kafka) -- examples/demo

# walcast, Debezium and Postgres' own clients side by side: figures, no verdict (docs/performance.md). RUNS=1 is quicker,
# ONLY="one single" picks workloads, AGAINST="walcast pg_recvlogical" contenders.
RUNS = 3
bench: tools
	RUNS=$(RUNS) ONLY="$(ONLY)" AGAINST="$(AGAINST)" tests/servers --kafka --debezium --production -- cargo bench --bench versus

# The parts one by one, in two minutes: figures, no verdict. ONLY=escape picks by name.
micro: tools
	cargo bench --bench micro -- $(ONLY)

# Instructions per row, decoded and encoded, counted by callgrind: fails above 103 % of the accepted counts. ACCEPT=1
# accepts those of now.
instructions: tools
	@tests/prerequisites valgrind
	ACCEPT=$(ACCEPT) cargo bench --bench instructions

# Kills, bad lines and servers that restart, while writers work (docs/reliability.md), with the program as it is released.
# SEED=n repeats a run, TROUBLE=stall picks by name.
ROUNDS = 300
chaos: tools
	ROUNDS=$(ROUNDS) SEED=$(SEED) TROUBLE="$(TROUBLE)" tests/servers --kafka --revive -- \
	    cargo test --release --test chaos sweep -- --ignored --nocapture

# Random cases through the real Debezium and walcast. Needs the oracle (ORACLE=its program). ROUNDS=20 or MINUTES=5 bound
# it, SEED=n repeats one case, JOBS=2 run side by side.
fuzz-compat: tools
	cargo test --test fuzz_compat

# Debezium, walcast, Debezium, and so on, on one slot and one offset topic, under load; with the real Debezium. SEED=n repeats
# a run, TURNS=8 is how often they take turns.
test-handover: tools
	tests/servers --kafka --debezium -- cargo test --test handover

# Compiler, OpenSSL and zlib headers.
tools:
	@tests/prerequisites
