//! Whether any of the bootstrap servers answers. What the brokers allow shows only when producing.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;

pub(super) async fn reached(bootstrap: &str, limit: Duration) -> Finding {
    let mut failures = Vec::new();
    for server in bootstrap.split(',').map(str::trim).filter(|server| !server.is_empty()) {
        // `SSL://host:port` names a listener of Kafka's, too.
        let address = server.rsplit_once("//").map_or(server, |(_, address)| address);
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Finding::ok(format!("Kafka listens at {address}")),
            Ok(Err(error)) => failures.push(format!("{address}: {error}")),
            Err(_) => failures.push(format!("{address}: no answer within {} s", limit.as_secs())),
        }
    }
    Finding::error(
        format!("no Kafka broker can be reached ({})", failures.join("; ")),
        "set bootstrap.servers of the worker to host:port of a running broker",
    )
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::Severity;
    use super::*;

    #[tokio::test]
    async fn one_broker_that_answers_is_enough() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = gone.local_addr().unwrap();
        drop(gone);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let limit = Duration::from_secs(5);
        assert_eq!(reached(&format!("{dead}, PLAINTEXT://{alive}"), limit).await.severity, Severity::Ok);
        assert_eq!(reached(&dead.to_string(), limit).await.severity, Severity::Error);
    }
}
