//! Looks at every message on both lines and stops the world at one of them: nothing moves until `release`.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::dialect::Sight;
use crate::points::{Pass, Point};

#[derive(Default)]
pub struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    armed: Option<Armed>,
    stopped: bool,
    /// The stream has begun since the last release.
    streaming: bool,
}

struct Armed {
    point: &'static Point,
    left: u32,
    reached: Sender<()>,
}

impl Watch {
    /// The `nth` message (from 1) at `point` stops everything; the receiver hears of it.
    pub fn arm(&self, point: &'static Point, nth: u32) -> Receiver<()> {
        let (reached, hear) = channel();
        self.state().armed = Some(Armed { point, left: nth, reached });
        hear
    }

    /// Forgets the point and lets everything move again.
    pub fn release(&self) {
        *self.state() = State::default();
        self.changed.notify_all();
    }

    /// Whether the message that `sight` is about may be forwarded. Waits while everything is stopped.
    pub fn may_pass(&self, sight: Option<Sight>) -> bool {
        let mut state = self.state();
        while state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(sight) = sight else { return true };
        state.streaming |= sight == Sight::StartReplication;
        let streaming = state.streaming;
        let Some(armed) = state.armed.as_mut().filter(|armed| (armed.point.matches)(sight, streaming)) else {
            return true;
        };
        armed.left -= 1;
        if armed.left > 0 {
            return true;
        }
        let passes = armed.point.pass == Pass::Forward;
        let _ = armed.reached.send(());
        state.armed = None;
        state.stopped = true;
        passes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
