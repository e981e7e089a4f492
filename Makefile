# The commands of the house. Each installs what it needs from the distribution (Debian, Ubuntu; as root or with sudo) and
# says so; a second run downloads nothing.

CARGO   ?= cargo
SERVERS := tests/servers

.PHONY: help demo test lint unit it bench release prerequisites clean

help:
	@echo 'make demo           a small shop in a throw-away Postgres; every change appears as a record'
	@echo 'make demo KAFKA=1   the same through a real Apache Kafka and the Python consumer of examples/'
	@echo 'make test           format, lints, unit tests, integration tests with a real Postgres and a real Kafka'
	@echo 'make bench          a million rows in one transaction into a real Kafka: rate and peak memory'
	@echo 'make release        the binary: target/release/walcast'

demo: prerequisites
	@$(CARGO) build --bin walcast
	@$(SERVERS) $(if $(KAFKA),--kafka) -- python3 examples/demo $(if $(KAFKA),--kafka)

test: lint unit it

lint: prerequisites
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

unit: prerequisites
	$(CARGO) test --lib --bins --test laws

it: prerequisites
	$(SERVERS) --kafka -- $(CARGO) test --test it -- --test-threads=2

bench: prerequisites
	$(CARGO) build --release
	$(SERVERS) --kafka -- python3 benches/million

release: prerequisites
	$(CARGO) build --release

prerequisites:
	@tests/prerequisites

clean:
	$(CARGO) clean
