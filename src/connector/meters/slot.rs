//! How the slot stands, as a look from outside the stream found it, and when it will be lost.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::catalog::Vitals;

/// How far back the forecast looks.
const WINDOW: Duration = Duration::from_secs(300);

/// The last look, and the ones that the forecast rests on.
#[derive(Debug, Default)]
pub(super) struct Looks {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Vitals>,
    safe: VecDeque<(Instant, i64)>,
}

impl Looks {
    pub(super) fn keep(&self, vitals: Vitals, now: Instant) {
        let mut state = self.state();
        match vitals.slot.as_ref().and_then(|slot| slot.safe_wal_size) {
            Some(safe) => state.safe.push_back((now, safe)),
            None => state.safe.clear(),
        }
        while state.safe.front().is_some_and(|(then, _)| now.duration_since(*then) > WINDOW) {
            state.safe.pop_front();
        }
        state.last = Some(vitals);
    }

    pub(super) fn last(&self) -> Option<Vitals> {
        self.state().last.clone()
    }

    /// Seconds until the server takes the slot's WAL away, if things go on as in the last minutes: infinite when the room
    /// does not shrink, absent without `max_slot_wal_keep_size`.
    pub(super) fn seconds_left(&self) -> Option<f64> {
        let state = self.state();
        forecast(state.safe.front().copied()?, state.safe.back().copied()?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forecast((then, before): (Instant, i64), (now, left): (Instant, i64)) -> Option<f64> {
    let seconds = now.duration_since(then).as_secs_f64();
    if left <= 0 {
        return Some(0.0);
    }
    if seconds == 0.0 || left >= before {
        return Some(f64::INFINITY);
    }
    Some(left as f64 * seconds / (before - left) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forecast_goes_on_as_the_last_minutes_went() {
        let start = Instant::now();
        let later = start + Duration::from_secs(60);
        assert_eq!(forecast((start, 1000), (later, 700)), Some(140.0), "300 bytes a minute, 700 left");
        assert_eq!(forecast((start, 700), (later, 700)), Some(f64::INFINITY));
        assert_eq!(forecast((start, 700), (start, 700)), Some(f64::INFINITY), "one look says nothing");
        assert_eq!(forecast((start, 700), (later, -1)), Some(0.0));
    }
}
