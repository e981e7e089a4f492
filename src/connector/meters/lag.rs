//! How far behind the server a connector is.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Meters;

/// A stream that was seen to have nothing left to take is not behind for as long as a silent server may stay unasked.
const FRESH_MICROS: i64 = 10_000_000;

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lag {
    /// WAL the server has written and whose records, if it holds any for us, are not safe yet. Unknown before the first
    /// look at the server.
    pub bytes: Option<u64>,
    /// Age of the oldest change that is not safe yet, by the server's clock; while nothing can be read, the time since
    /// everything was.
    pub seconds: f64,
}

impl Meters {
    pub fn lag(&self) -> Lag {
        self.lag_at(micros(SystemTime::now()))
    }

    fn lag_at(&self, now: i64) -> Lag {
        let stream = &self.stream;
        let resting = self.in_flight.get() == 0;
        let done = if resting {
            stream.received.unsigned().max(stream.acknowledged.unsigned())
        } else {
            stream.acknowledged.unsigned().max(stream.confirmed.unsigned())
        };
        let bytes = self.vitals().map(|vitals| vitals.written.0.saturating_sub(done));
        let micros = match (stream.oldest.get(), stream.caught_up.get()) {
            (oldest, _) if oldest > 0 => now.saturating_add(stream.clock_ahead.get()) - oldest,
            (_, caught_up) if caught_up > 0 && now - caught_up > FRESH_MICROS && bytes != Some(0) => now - caught_up,
            _ => 0,
        };
        Lag { bytes, seconds: micros.max(0) as f64 / 1e6 }
    }
}

/// Since the epoch.
pub(in crate::connector) fn micros(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Vitals;
    use crate::words::Lsn;

    const NOW: i64 = 1_000_000_000_000;

    fn meters(written: u64, received: u64) -> Meters {
        let meters = Meters::default();
        meters.look(Vitals { written: Lsn(written), slot: None, clock_ahead_us: 2_000_000 });
        meters.stream.received.set_unsigned(received);
        meters
    }

    #[test]
    fn the_oldest_change_in_flight_is_measured_by_the_clock_that_dated_it() {
        let meters = meters(500, 500);
        meters.in_flight.set(3);
        meters.stream.acknowledged.set(200);
        meters.stream.oldest.set(NOW - 1_000_000);
        assert_eq!(meters.lag_at(NOW), Lag { bytes: Some(300), seconds: 3.0 });
    }

    #[test]
    fn a_stream_that_rests_is_behind_only_when_there_is_something_it_has_not_read() {
        let meters = meters(500, 500);
        meters.stream.caught_up.set(NOW - 60_000_000);
        assert_eq!(meters.lag_at(NOW), Lag { bytes: Some(0), seconds: 0.0 });
        meters.stream.received.set(400);
        assert_eq!(meters.lag_at(NOW), Lag { bytes: Some(100), seconds: 60.0 });
        meters.stream.caught_up.set(NOW - 1_000_000);
        assert_eq!(meters.lag_at(NOW).seconds, 0.0, "the server was heard a second ago");
    }
}
