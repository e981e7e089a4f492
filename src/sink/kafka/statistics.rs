//! librdkafka's statistics in our words.

use rdkafka::statistics::{Broker, Statistics, Window};

use crate::sink::{self, RoundTrip};

pub(super) fn told(statistics: &Statistics) -> sink::Statistics {
    let mut brokers: Vec<_> = statistics.brokers.values().filter(|broker| is_in_use(broker)).map(broker).collect();
    brokers.sort_by(|a, b| a.name.cmp(&b.name));
    sink::Statistics {
        messages: unsigned(statistics.txmsgs),
        message_bytes: unsigned(statistics.txmsg_bytes),
        queued_messages: statistics.msg_cnt,
        queued_bytes: statistics.msg_size,
        brokers,
    }
}

/// librdkafka counts queues and roles of its own among the brokers (`GroupCoordinator`, `:0/internal`), and brokers that it
/// has no need to talk to (`INIT`).
fn is_in_use(broker: &Broker) -> bool {
    matches!(broker.source.as_str(), "configured" | "learned") && broker.state != "INIT"
}

fn broker(broker: &Broker) -> sink::Broker {
    sink::Broker {
        name: broker.name.clone(),
        up: matches!(broker.state.as_str(), "UP" | "UPDATE"),
        requests: broker.tx,
        errors: broker.txerrs + broker.rxerrs,
        retries: broker.txretries,
        timeouts: broker.req_timeouts,
        round_trip: broker.rtt.as_ref().filter(|window| window.cnt > 0).map(round_trip),
    }
}

fn round_trip(window: &Window) -> RoundTrip {
    RoundTrip { average: window.avg as f64 / 1e6, p99: window.p99 as f64 / 1e6 }
}

fn unsigned(total: i64) -> u64 {
    u64::try_from(total).unwrap_or(0)
}
