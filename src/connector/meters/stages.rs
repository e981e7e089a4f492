//! Where a stream's time goes: the stage that takes most of it is the bottleneck.

use std::time::{Duration, Instant};

use super::count::Counter;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Nothing to do until the server sends more.
    Wire,
    /// Decoding, rendering, handing over.
    Encode,
    /// The window is full of records that are not acknowledged.
    Sink,
    /// A table must be described before its rows can be shown.
    Catalog,
    /// Paused, connecting, or between two attempts.
    Rest,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Wire, Self::Encode, Self::Sink, Self::Catalog, Self::Rest];

    pub fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Encode => "encode",
            Self::Sink => "sink",
            Self::Catalog => "catalog",
            Self::Rest => "rest",
        }
    }
}

/// Time spent in each stage.
#[derive(Debug, Default)]
pub struct Stages {
    micros: [Counter; Stage::ALL.len()],
}

impl Stages {
    pub fn spent(&self, stage: Stage) -> Duration {
        Duration::from_micros(self.of(stage).get())
    }

    fn of(&self, stage: Stage) -> &Counter {
        &self.micros[stage as usize]
    }
}

/// Charges the time since the last change of stage to the stage that was left. One look at the clock per change.
#[derive(Debug)]
pub(in crate::connector) struct Stopwatch {
    stage: Stage,
    since: Instant,
}

impl Stopwatch {
    pub(in crate::connector) fn start() -> Self {
        Self { stage: Stage::Rest, since: Instant::now() }
    }

    pub(in crate::connector) fn enter(&mut self, stage: Stage, stages: &Stages) {
        let now = Instant::now();
        let micros = now.duration_since(self.since).as_micros();
        // What is below a microsecond stays for the next time.
        self.since += Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        stages.of(self.stage).add(u64::try_from(micros).unwrap_or(0));
        self.stage = stage;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_charged_to_the_stage_that_was_left() {
        let (stages, began) = (Stages::default(), Instant::now());
        let mut watch = Stopwatch::start();
        watch.enter(Stage::Sink, &stages);
        while began.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        watch.enter(Stage::Wire, &stages);
        let total: Duration = Stage::ALL.iter().map(|stage| stages.spent(*stage)).sum();
        assert!(stages.spent(Stage::Sink) > Duration::from_millis(1) && total <= began.elapsed());
        assert_eq!(stages.spent(Stage::Wire), Duration::ZERO, "not left yet");
    }
}
