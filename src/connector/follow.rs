//! The loop of a streaming connector: one task, no channel between socket and producer.
//!
//! Taking frames is synchronous ([`Stream`]); everything that waits is a branch of one `select!`. Without room in the window
//! nothing is read: TCP fills, the walsender waits, and feedback goes on flowing.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::offsets::Offset;
use crate::wire::{self, Feedback, Frame, Session, Start, WireError};
use crate::words::{Lsn, Relation};

use super::error::{ConnectorError, UNDEFINED_OBJECT};
use super::heartbeat::Heartbeat;
use super::life::Found;
use super::meters::{Stage, Stopwatch};
use super::plan::Skip;
use super::pulse::Pulse;
use super::standstill::{self, Standstill};
use super::status::{Activity, Publisher};
use super::stream::{Stream, Taken};
use super::tables::{Learned, Tables};
use super::{Config, Context};

/// Frames taken between two looks at everything else.
const FRAMES: usize = 256;
/// How long a status update may take before the connection counts as lost.
const FEEDBACK_LIMIT: Duration = Duration::from_secs(10);
/// The period of a tick that is switched off.
const NEVER: Duration = Duration::from_secs(86_400);
/// How long a stop waits for the rest of a group of events that share one LSN.
const GROUP_LIMIT: Duration = Duration::from_millis(500);

/// How long a stream that was cut may go on storing what it had delivered.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Where a stream begins.
pub(super) struct Whence {
    pub(super) session: Session,
    pub(super) from: Lsn,
    pub(super) skip: Option<Skip>,
}

type Errand = Pin<Box<dyn Future<Output = Result<Learned, ConnectorError>> + Send>>;

pub(super) struct Following<'a> {
    config: &'a Config,
    catalog: Arc<Catalog>,
    wire: wire::Stream,
    stream: Stream,
    errand: Option<Errand>,
    heartbeat: Option<Heartbeat>,
    pulse: Pulse,
    standstill: Standstill,
    stopwatch: Stopwatch,
    /// End of WAL the server has told of.
    received: Lsn,
    /// Position stored, and told to the slot.
    confirmed: Lsn,
}

impl<'a> Following<'a> {
    pub(super) async fn start(
        context: &'a Context,
        found: Found,
        delivery: super::delivery::Delivery,
        whence: Whence,
        resumed: Option<&Offset>,
    ) -> Result<Self, ConnectorError> {
        let config = &context.config;
        let Whence { session, from, skip } = whence;
        let pulse = Pulse::new(found.catalog.clone(), session.backend());
        let start = Start {
            slot: &config.slot,
            from,
            publication: &config.publication,
            messages: true,
            extra: &config.slot_stream_params,
        };
        let wire = session.start(&start).await.map_err(|source| match source.sqlstate() {
            Some(UNDEFINED_OBJECT) => ConnectorError::SlotGone { slot: config.slot.clone(), source: Box::new(source) },
            _ => source.into(),
        })?;
        let heartbeat = config.heartbeat_interval.map(|_| Heartbeat::new(config, &found.blueprint));
        let tables = Tables::new(found.blueprint, found.types);
        let mut stream = Stream::new(tables, delivery, &Uuid::now_v7().to_string(), from, skip);
        if let Some(offset) = resumed.filter(|offset| offset.snapshot.is_none()) {
            stream.resume(offset);
        }
        tracing::info!(slot = config.slot, %from, "streaming");
        let (received, confirmed) = (from, from);
        stream.meters().stream.connected.set(1);
        Ok(Self {
            config,
            catalog: found.catalog,
            wire,
            stream,
            errand: None,
            heartbeat,
            pulse,
            standstill: Standstill::default(),
            stopwatch: Stopwatch::start(),
            received,
            confirmed,
        })
    }

    /// Runs until stopped (`Ok`: drained, stored and confirmed as far as the time allowed) or until something fails.
    pub(super) async fn run(
        mut self,
        paused: &mut watch::Receiver<bool>,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<(), ConnectorError> {
        match self.follow(paused, publisher, stop).await {
            Ok(()) => self.end().await,
            Err(failure) => {
                if failure.is_of_the_server() {
                    // What was delivered shall not be sent again because the other side went away.
                    let _ = timeout(LAST_WORD, self.stream.delivery.drain()).await;
                }
                Err(failure)
            }
        }
    }

    /// Until it shall stop.
    async fn follow(
        &mut self,
        paused: &mut watch::Receiver<bool>,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<(), ConnectorError> {
        let mut feedback = ticking(self.config.status_interval);
        let mut flush = ticking(self.config.offset_flush_interval);
        let mut pulse = ticking(standstill::PERIOD);
        // The first beat comes at once: it ends a snapshot.
        let mut beat = interval(self.config.heartbeat_interval.unwrap_or(NEVER));
        // The first tick comes at once, before the first record.
        let mut xmin = interval(self.config.xmin_interval.unwrap_or(NEVER));
        while !stop.is_cancelled() {
            let resting = *paused.borrow_and_update();
            if resting || !self.standstill.is_standing() {
                publisher.activity(if resting { Activity::Paused } else { Activity::Streaming });
            }
            self.settle().await?;
            self.stopwatch.enter(Stage::Encode, &self.stream.meters().stages);
            let reading = !resting && self.errand.is_none();
            if reading && self.stream.delivery.has_room() {
                self.take_frames().await?;
            }
            let reading = reading && self.errand.is_none() && self.stream.delivery.has_room();
            let waiting = reading && self.wire.peek()?.is_some();
            let at_rest = resting || reading && !waiting;
            if at_rest {
                self.stream.delivery.rest()?;
            }
            let worthwhile = self.stream.delivery.worthwhile().filter(|at| at_rest && *at > Instant::now());
            let stage = match (resting, &self.errand) {
                (true, _) => Stage::Rest,
                (false, Some(_)) => Stage::Catalog,
                (false, None) if waiting => Stage::Encode,
                (false, None) if reading => Stage::Wire,
                (false, None) => Stage::Sink,
            };
            self.stopwatch.enter(stage, &self.stream.meters().stages);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = paused.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
                _ = feedback.tick() => self.confirm(true).await?,
                _ = pulse.tick() => {
                    // Whoever has yet to take what came cannot say that nothing comes.
                    if !reading || waiting {
                        self.pulse.heard();
                    } else if self.pulse.beat() {
                        self.confirm(true).await?;
                    }
                    self.look(reading && !waiting, resting, publisher);
                }
                _ = flush.tick() => self.stream.delivery.tick()?,
                _ = xmin.tick(), if self.config.xmin_interval.is_some() => {
                    let slot = self.catalog.slot(&self.config.slot).await?;
                    self.stream.xmin = slot.and_then(|slot| slot.catalog_xmin);
                    // Counted from the answer, so that a short interval leaves time for the stream.
                    xmin.reset();
                }
                _ = beat.tick(), if self.heartbeat.is_some() => {
                    self.beat().await?;
                    if let Some(heartbeat) = &self.heartbeat {
                        publisher.topic(heartbeat.topic());
                    }
                    beat.reset();
                }
                learned = errand(&mut self.errand), if self.errand.is_some() => publisher.topic(&self.learn(learned?).await?),
                () = std::future::ready(()), if waiting => {}
                filled = self.wire.fill(), if reading => {
                    filled?;
                    self.pulse.heard();
                }
                dead = self.pulse.stopped(), if reading => return Err(dead),
                () = sleep_until(worthwhile.unwrap_or_else(Instant::now)), if worthwhile.is_some() => {}
                changed = self.stream.delivery.changed() => changed?,
            }
        }
        Ok(())
    }

    /// Tells how things stand. `listening`: everything that came has been taken.
    fn look(&mut self, listening: bool, resting: bool, publisher: &Publisher) {
        let (delivery, meters) = (&self.stream.delivery, self.stream.meters());
        delivery.look();
        meters.stream.received.set_lsn(self.received);
        meters.stream.confirmed.set_lsn(self.confirmed);
        self.stream.written_beside().for_each(|topic| publisher.topic(topic));
        publisher.progress(meters.acknowledged.get(), self.confirmed, self.received, delivery.trouble());
        let silence = if listening { self.pulse.silence() } else { Duration::ZERO };
        if !resting {
            self.standstill.look(delivery, silence, publisher);
        }
        if listening && delivery.in_flight() == 0 && !self.standstill.is_standing() {
            meters.caught_up();
        }
    }

    /// Takes in receipts; an offset that is safely stored is told to the slot.
    async fn settle(&mut self) -> Result<(), ConnectorError> {
        let Some(stored) = self.stream.delivery.settle()? else { return Ok(()) };
        match stored.confirmable().filter(|lsn| *lsn > self.confirmed) {
            Some(lsn) => {
                self.confirmed = lsn;
                self.confirm(false).await
            }
            None => Ok(()),
        }
    }

    /// `reply` asks the server to say how far it has come: an idle one would not tell for half a minute.
    async fn confirm(&mut self, reply: bool) -> Result<(), ConnectorError> {
        // Zero says nothing: the slot stays where it is.
        let flushed = if self.config.slot_confirmed { self.confirmed } else { Lsn::ZERO };
        let status = Feedback { written: self.received.max(self.confirmed), flushed, applied: flushed, reply };
        match timeout(FEEDBACK_LIMIT, self.wire.confirm(&status)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(WireError::Silent { seconds: FEEDBACK_LIMIT.as_secs() }.into()),
        }
    }

    /// Takes what is in the buffer, as far as the window allows and no table must be described first.
    async fn take_frames(&mut self) -> Result<(), ConnectorError> {
        for _ in 0..FRAMES {
            if !self.stream.delivery.has_room() {
                return Ok(());
            }
            match self.take_frame()? {
                Next::Took => {}
                Next::Nothing => return Ok(()),
                Next::Reply => {
                    // A server that shuts down waits until what it sent is confirmed: no tick must be waited for.
                    self.stream.delivery.store()?;
                    self.confirm(false).await?;
                }
                Next::Create(topic) => self.stream.delivery.create_topic(&topic).await?,
                Next::Describe { relation, renew_types } => {
                    self.errand = Some(Box::pin(self.stream.tables.ask(relation, renew_types, self.catalog.clone())));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn take_frame(&mut self) -> Result<Next, ConnectorError> {
        let Some(frame) = self.wire.peek()? else { return Ok(Next::Nothing) };
        let next = match frame {
            Frame::Keepalive { end, reply, .. } => {
                self.received = self.received.max(end);
                self.stream.keepalive(end)?;
                if reply { Next::Reply } else { Next::Took }
            }
            Frame::Data { start, end, payload, .. } => {
                self.received = self.received.max(end);
                match self.stream.take(start, payload)? {
                    Taken::Done => Next::Took,
                    // The Relation itself needs no second look: its description is on the way, rows behind it wait.
                    Taken::Errand(relation) => Next::Describe { relation, renew_types: false },
                    Taken::Outdated(relation) => return Ok(Next::Describe { relation, renew_types: true }),
                    Taken::Topic(topic) => return Ok(Next::Create(topic)),
                }
            }
        };
        self.wire.consume();
        Ok(next)
    }

    /// Answers the topic of the table.
    async fn learn(&mut self, learned: Learned) -> Result<Arc<str>, ConnectorError> {
        self.errand = None;
        let topic = self.stream.tables.learn(learned);
        if self.stream.delivery.needs_topic(&topic) {
            self.stream.delivery.create_topic(&topic).await?;
        }
        Ok(topic)
    }

    async fn beat(&mut self) -> Result<(), ConnectorError> {
        let Some(heartbeat) = &mut self.heartbeat else { return Ok(()) };
        heartbeat.act(&self.catalog).await?;
        if self.stream.delivery.needs_topic(heartbeat.topic()) {
            self.stream.delivery.create_topic(heartbeat.topic()).await?;
        }
        heartbeat.beat(&mut self.stream.delivery)?;
        self.stream.sent_aside()
    }

    /// Drains, stores, confirms, says goodbye. Past the grace period what was in flight is repeated at the next start.
    async fn end(mut self) -> Result<(), ConnectorError> {
        let grace = self.config.shutdown_timeout;
        if timeout(GROUP_LIMIT, self.finish_group()).await.is_ok_and(|finished| finished.is_ok()) {
            self.stream.mark_slice()?;
        }
        match timeout(grace, self.stream.delivery.drain()).await {
            Ok(drained) => {
                if let Some(lsn) = drained?.and_then(|offset| offset.confirmable()) {
                    self.confirmed = self.confirmed.max(lsn);
                }
            }
            Err(_) => tracing::warn!(
                in_flight = self.stream.delivery.in_flight(),
                remedy = "give it more of task.shutdown.graceful.timeout.ms if this repeats",
                "stopped before everything was acknowledged: it will be sent again at the next start"
            ),
        }
        self.confirm(false).await?;
        // The server closes the stream in its own time; the position is confirmed, so nothing depends on it.
        let _ = timeout(grace, self.wire.close()).await;
        self.stream.delivery.close(grace).await;
        if self.config.slot_drop_on_stop {
            self.catalog.drop_slot(&self.config.slot).await?;
        }
        Ok(())
    }

    /// A position may stand only where the LSN changes: takes what still belongs to the last event.
    async fn finish_group(&mut self) -> Result<(), ConnectorError> {
        let Some(last) = self.stream.last_event() else { return Ok(()) };
        if let Some(errand) = self.errand.take() {
            let learned = errand.await?;
            self.stream.tables.learn(learned);
        }
        loop {
            let same = match self.wire.peek()? {
                Some(Frame::Data { start, .. }) => start == last,
                Some(Frame::Keepalive { .. }) => true,
                None => {
                    self.wire.fill().await?;
                    continue;
                }
            };
            if !same {
                return Ok(());
            }
            match self.take_frame()? {
                Next::Create(topic) => self.stream.delivery.create_topic(&topic).await?,
                Next::Describe { relation, renew_types } => {
                    let asked = self.stream.tables.ask(relation, renew_types, self.catalog.clone());
                    self.learn(asked.await?).await?;
                }
                Next::Took | Next::Nothing | Next::Reply => {}
            }
        }
    }
}

enum Next {
    Took,
    Nothing,
    /// The server wants to hear from us.
    Reply,
    Describe {
        relation: Relation,
        renew_types: bool,
    },
    /// The frame waits until this topic exists.
    Create(String),
}

fn ticking(period: Duration) -> Interval {
    let period = period.max(Duration::from_millis(1));
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn errand(errand: &mut Option<Errand>) -> Result<Learned, ConnectorError> {
    match errand {
        Some(errand) => errand.await,
        None => std::future::pending().await,
    }
}
