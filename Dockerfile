FROM rust:1-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make perl pkg-config libssl-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY sql sql
COPY benches benches
COPY tests tests
COPY examples examples
# Traces: --build-arg FEATURES=opentelemetry
ARG FEATURES=""
RUN cargo build --release --bin walcast --features "$FEATURES"

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 zlib1g ca-certificates curl && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /walcast walcast
COPY --from=build /src/target/release/walcast /usr/local/bin/walcast
USER walcast
WORKDIR /walcast
# Inside a container the port is reached from outside only as far as it is published.
ENV REST_HOST_NAME=0.0.0.0
EXPOSE 8083
HEALTHCHECK --interval=10s --timeout=3s CMD curl -fsS http://127.0.0.1:8083/livez || exit 1
ENTRYPOINT ["walcast"]
CMD ["run"]
