//! One attempt at a connector's life: connect, plan, snapshot, and then the stream until it is stopped or something fails.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::interval;
use tokio::try_join;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalog::{Begin, Catalog, CatalogError, Isolation, Slot};
use crate::debezium::Types;
use crate::offsets::{Offset, Opening};
use crate::pg::Address;
use crate::sink::Sink;
use crate::wire::{self, CreatedSlot, NewSlot, Session};
use crate::words::Lsn;

use super::blocked::Command;
use super::delivery::{Boundary, Delivery};
use super::emit::Emitter;
use super::error::ConnectorError;
use super::follow::{Following, Whence};
use super::ledger::Limit;
use super::meters::Meters;
use super::plan::{Follow, Observed, Outlook, Plan, Refusal, SlotState, plan};
use super::snapshot::{Ended, Snapshot, Spare, readable};
use super::spans::Span;
use super::standstill::{self, Standstill};
use super::status::{Activity, Publisher};
use super::table::Blueprint;
use super::{Config, Context, TransactionBoundary, identity, neighbour, publication, rows, slot};

/// A snapshot that takes less than this is seen whole or, when it was cut short, not at all.
const SNAPSHOT_BOUNDARY: Boundary = Boundary { at_rest: false, after: Duration::from_secs(10) };
/// The longest transaction of a stream that never rests. Each end costs the time in which the brokers acknowledge what is in
/// flight, so a shorter one would be less than nine tenths as fast as none.
const LONGEST_TRANSACTION: Duration = Duration::from_millis(500);
/// `server_version_num` from which a standby can decode.
const STANDBY_DECODES: u32 = 160_000;
const CONNECTING: &str = "connecting to the database and the sink";
const CREATING_SLOT: &str = "creating the replication slot, which waits for open transactions to end";
/// Raised when every replication slot of the server is taken.
const NO_FREE_SLOT: &str = "53400";

pub(super) struct Life<'a> {
    pub(super) context: &'a Context,
    pub(super) paused: &'a mut watch::Receiver<bool>,
    pub(super) publisher: &'a Publisher,
    pub(super) stop: &'a CancellationToken,
    pub(super) meters: &'a Arc<Meters>,
    /// The server's process for the replication connection opened last, by this attempt or one before it.
    pub(super) backend: &'a mut Option<i32>,
}

/// What an attempt finds at the server.
pub(super) struct Found {
    /// The configured one, or the same server's unix socket.
    address: Address,
    pub(super) catalog: Arc<Catalog>,
    pub(super) types: Types,
    pub(super) blueprint: Blueprint,
    slot: Option<Slot>,
}

impl Life<'_> {
    /// Runs until stopped (`Ok`) or until something fails.
    pub(super) async fn live(&mut self) -> Result<(), ConnectorError> {
        let config = &self.context.config;
        self.publisher.starting(CONNECTING);
        let client = format!("connector-producer-{}-0", config.name);
        // Side by side, for a start takes as long as the slowest of them; none changes what another finds.
        let connected = async {
            try_join!(
                async { Ok::<_, ConnectorError>(Sink::open(&self.context.sink, &client).await?) },
                async {
                    Ok(Opening::prepare(&self.context.offsets, &config.name, &config.debezium.topic_prefix).await?)
                },
                self.find(),
            )
        };
        let (sink, opening, found) = Span::connecting(config).around(connected).await?;
        if self.stop.is_cancelled() {
            return Ok(());
        }
        self.publisher.starting("reading the stored offset");
        // Only now: who had the slot or the transactional id before us has stored all it will.
        let (store, offset) = opening.read().await?;
        self.meters.resume(offset.as_ref().and_then(|offset| offset.ts_usec));
        self.publisher.starting("connecting to the replication slot");
        let limit = Limit { records: config.max_queue_size, bytes: config.window_bytes() };
        let mut delivery = Delivery::new(sink, store, limit, SNAPSHOT_BOUNDARY, self.meters.clone());
        let decided = decide(config, &found.catalog, found.slot.as_ref(), offset.as_ref()).await??;
        tracing::info!(plan = ?decided, "planned");
        let whence = match &decided {
            Plan::Idle => return self.idle().await,
            Plan::Snapshot { stream } => {
                let after = Span::snapshot(config).around(self.snapshot(&found, &mut delivery, *stream)).await?;
                match after {
                    After::Stopped => return Ok(()),
                    After::Idle => return self.idle().await,
                    After::Stream(whence) => whence,
                }
            }
            Plan::Resume { from, skip } => {
                Whence { session: self.connect(&found.address).await?, from: *from, skip: *skip }
            }
            Plan::FromSlot => self.at_slot(&found).await?,
        };
        delivery.set_boundary(boundary(config.transaction_boundary));
        let resumed = offset.as_ref().filter(|_| matches!(decided, Plan::Resume { .. }));
        let stream = Following::start(self.context, found, delivery, whence, resumed).await?;
        Span::streaming(config).around(stream.run(self.paused, self.publisher, self.stop)).await
    }

    async fn find(&self) -> Result<Found, ConnectorError> {
        let config = &self.context.config;
        let catalog = Catalog::connect(&config.address, &config.initial_statements).await?;
        let (address, catalog) = match neighbour::by_socket(config, &catalog).await {
            Some(nearer) => {
                catalog.close().await;
                nearer
            }
            None => (config.address.clone(), catalog),
        };
        let server = catalog.server().await?;
        if server.wal_level != "logical" {
            return Err(Refusal::WalLevel { level: server.wal_level }.into());
        }
        if server.in_recovery && server.version < STANDBY_DECODES {
            return Err(ConnectorError::Standby { major: server.version / 10_000 });
        }
        let blueprint = Blueprint::new(config, self.meters.clone());
        let mut tables = catalog.tables().await?;
        tables.retain(|table| config.debezium.filters.captures(&table.schema, &table.name));
        if !server.in_recovery {
            let command = |consequence| Command {
                backend: server.backend,
                address: &address,
                consequence,
                otherwise: Activity::Starting { step: CONNECTING },
            };
            let publishing = command(format!("publication \"{}\" cannot be set up", config.publication));
            publishing.watched(publication::ensure(&catalog, config, &tables), self.publisher).await?;
            let identifying = command("the replica identity of a table cannot be set".to_owned());
            identifying.watched(identity::ensure(&catalog, &config.identities, &tables), self.publisher).await;
        }
        slot::wait_until_free(&catalog, &config.slot, *self.backend, self.publisher, self.stop).await?;
        let slot = catalog.slot(&config.slot).await?;
        let types = Types::new(catalog.types().await?);
        Ok(Found { address, catalog: Arc::new(catalog), types, blueprint, slot })
    }

    async fn connect(&mut self, address: &Address) -> Result<Session, ConnectorError> {
        let session = wire::connect(address, wire::Purpose::Replication).await?;
        *self.backend = Some(session.backend());
        Ok(session)
    }

    /// `initial_only` is done: nothing to do until stopped.
    async fn idle(&self) -> Result<(), ConnectorError> {
        self.publisher.activity(Activity::Idle);
        self.stop.cancelled().await;
        Ok(())
    }

    async fn at_slot(&mut self, found: &Found) -> Result<Whence, ConnectorError> {
        let mut session = self.connect(&found.address).await?;
        let from = match &found.slot {
            Some(slot) => slot.confirmed_flush.unwrap_or(Lsn::ZERO),
            None => self.create_slot(&mut session, found).await?.consistent_point,
        };
        Ok(Whence { session, from, skip: None })
    }

    async fn create_slot(&self, session: &mut Session, found: &Found) -> Result<CreatedSlot, ConnectorError> {
        let config = &self.context.config;
        let new =
            NewSlot { name: &config.slot, temporary: false, failover: config.slot_failover, export_snapshot: true };
        self.publisher.starting(CREATING_SLOT);
        let creating = Command {
            backend: session.backend(),
            address: &found.address,
            consequence: "the replication slot cannot be created".to_owned(),
            otherwise: Activity::Starting { step: CREATING_SLOT },
        };
        let created = creating.watched(session.create_slot(&new), self.publisher).await?;
        tracing::info!(slot = config.slot, at = %created.consistent_point, "replication slot created");
        Ok(created)
    }

    async fn snapshot(
        &mut self,
        found: &Found,
        delivery: &mut Delivery,
        follow: Option<Follow>,
    ) -> Result<After, ConnectorError> {
        let config = &self.context.config;
        let view = self.view(found, follow).await?;
        found.catalog.begin_snapshot(&view.begin).await?;
        if let Some(helper) = view.helper {
            // The transaction holds the view now; the temporary slot goes with its session.
            helper.close().await;
        }
        let (statements, shared) = (&config.initial_statements, found.catalog.export().await?);
        let mut rows = rows::open(&found.address, statements, &shared).await.map_err(ConnectorError::Rows)?;
        let facts = found.catalog.snapshot_facts().await?;
        // As they are in this view: to make a slot may have taken long, and columns have come or gone meanwhile.
        let mut tables = found.catalog.tables().await?;
        tables.retain(|table| config.debezium.filters.captures(&table.schema, &table.name));
        publication::leave_out_generated(&found.catalog, config, &mut tables).await?;
        let run_id = Uuid::now_v7().to_string();
        let mut snapshot = Snapshot {
            catalog: &found.catalog,
            address: &found.address,
            blueprint: &found.blueprint,
            types: &found.types,
            emitter: Emitter::new(&found.blueprint.config, &found.blueprint.header_converter, &run_id),
            delivery,
            at: view.at,
            from: view.from,
            xid: facts.txid,
            now_us: facts.now_micros,
            stop: self.stop,
            publisher: self.publisher,
            standstill: Standstill::default(),
            look: interval(standstill::PERIOD),
            flush: interval(config.offset_flush_interval),
            spare: Spare::default(),
        };
        let tables = readable(&tables, &found.blueprint, config.publish_via_partition_root);
        let ended = snapshot.run(&tables, &mut rows).await?;
        if ended == Ended::Stopped {
            // The session may be in the middle of a table: it ends with its connection.
            return Ok(After::Stopped);
        }
        rows.close().await;
        found.catalog.commit().await?;
        tracing::info!(tables = tables.len(), at = %view.at, "snapshot complete");
        Ok(match follow {
            None => After::Idle,
            Some(_) => {
                let session = match view.session {
                    Some(session) => session,
                    None => self.connect(&found.address).await?,
                };
                After::Stream(Whence { session, from: view.from, skip: None })
            }
        })
    }

    /// Chooses the point at which the tables are read, and where the stream goes on.
    async fn view(&mut self, found: &Found, follow: Option<Follow>) -> Result<View, ConnectorError> {
        let slot_at = found.slot.as_ref().and_then(|slot| slot.confirmed_flush);
        match follow {
            Some(follow @ (Follow::NewSlot | Follow::ReplacedSlot)) => {
                if follow == Follow::ReplacedSlot {
                    tracing::warn!(
                        slot = self.context.config.slot,
                        "dropping the slot that the server has invalidated"
                    );
                    found.catalog.drop_slot(&self.context.config.slot).await?;
                }
                let mut session = self.connect(&found.address).await?;
                let created = self.create_slot(&mut session, found).await?;
                let at = created.consistent_point;
                Ok(View { session: Some(session), ..View::exported(created.snapshot, at) })
            }
            Some(Follow::SlotAhead) => {
                let mut helper = self.connect(&found.address).await?;
                let name = format!("walcast_{}", Uuid::new_v4().simple());
                let new = NewSlot { name: &name, temporary: true, failover: false, export_snapshot: true };
                match helper.create_slot(&new).await {
                    Ok(created) => {
                        let at = created.consistent_point;
                        Ok(View { helper: Some(helper), ..View::exported(created.snapshot, at) })
                    }
                    Err(e) if e.sqlstate() == Some(NO_FREE_SLOT) => {
                        tracing::warn!(
                            "no free replication slot for an exact start: changes of the slot may be repeated"
                        );
                        self.plain_view(found, slot_at).await
                    }
                    Err(e) => Err(e.into()),
                }
            }
            Some(Follow::WholeSlot) | None => self.plain_view(found, slot_at).await,
        }
    }

    /// A view of now. The slot's own position comes before it, so the stream repeats but loses nothing.
    async fn plain_view(&self, found: &Found, slot_at: Option<Lsn>) -> Result<View, ConnectorError> {
        let at = found.catalog.wal_positions().await?.written;
        let begin = Begin::Isolation(Isolation::RepeatableRead);
        Ok(View { begin, at, from: slot_at.unwrap_or(at), session: None, helper: None })
    }
}

enum After {
    Stopped,
    Idle,
    Stream(Whence),
}

/// How the tables will be read.
struct View {
    begin: Begin,
    /// The point the rows stand at.
    at: Lsn,
    /// Where the stream goes on.
    from: Lsn,
    /// The session that made the slot and will stream from it.
    session: Option<Session>,
    /// A session that exists only to export a view.
    helper: Option<Session>,
}

impl View {
    fn exported(snapshot: Option<String>, at: Lsn) -> Self {
        // A server that exports nothing (a standby) leaves a view of now, which lies behind the slot's point.
        let begin = snapshot.map_or(Begin::Isolation(Isolation::RepeatableRead), Begin::Exported);
        Self { begin, at, from: at, session: None, helper: None }
    }
}

fn boundary(config: TransactionBoundary) -> Boundary {
    match config {
        TransactionBoundary::Poll => Boundary { at_rest: true, after: LONGEST_TRANSACTION },
        TransactionBoundary::Interval(interval) => Boundary { at_rest: false, after: interval },
    }
}

/// What a start would do with this offset.
pub async fn outlook(config: &Config, catalog: &Catalog, offset: Option<&Offset>) -> Result<Outlook, CatalogError> {
    let slot = catalog.slot(&config.slot).await?;
    Ok(decide(config, catalog, slot.as_ref(), offset).await?.into())
}

async fn decide(
    config: &Config,
    catalog: &Catalog,
    slot: Option<&Slot>,
    offset: Option<&Offset>,
) -> Result<Result<Plan, Refusal>, CatalogError> {
    let observed = Observed {
        mode: config.snapshot_mode,
        mismatch: config.offset_mismatch,
        offset,
        slot: slot.map(|slot| slot_state(slot, &config.address)),
        written: catalog.wal_positions().await?.written,
    };
    Ok(plan(&observed, &config.slot))
}

fn slot_state(slot: &Slot, address: &Address) -> SlotState {
    SlotState {
        plugin: slot.plugin.clone().unwrap_or_default(),
        database: slot.database.clone(),
        ours: slot.database.as_ref() == Some(&address.database),
        confirmed: slot.confirmed_flush,
        invalidation: slot.invalidation.clone(),
        two_phase: slot.two_phase,
    }
}
