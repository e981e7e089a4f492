//! A connector, a role, a table and a publication for the tests of this room.

use std::time::Duration;

use crate::catalog::{Identity, Publication, Role, TableRights};
use crate::connector::{Config, OffsetMismatch, PublicationMode, SnapshotMode};
use crate::words::RelationId;
use crate::words::table::{CatalogTable, TableKind};
use crate::{converter, debezium, pg};

pub(super) fn config() -> Config {
    let converter = converter::Config::Json(converter::JsonConfig::default());
    Config {
        name: "sample".to_owned(),
        address: pg::Address {
            host: "pg.example".to_owned(),
            port: 5432,
            user: "me".to_owned(),
            password: None,
            database: "db".to_owned(),
            tls: pg::Tls::default(),
            application_name: "walcast".to_owned(),
            server_float_digits: false,
            tcp_keepalive: true,
            connect_timeout: Duration::from_secs(1),
        },
        slot: "slot".to_owned(),
        unix_socket: true,
        slot_drop_on_stop: false,
        slot_confirmed: true,
        slot_failover: false,
        slot_stream_params: Vec::new(),
        offset_mismatch: OffsetMismatch::NoValidation,
        publication: "pub".to_owned(),
        publication_mode: PublicationMode::AllTables,
        publish_via_partition_root: false,
        skipped_operations_given: false,
        identities: Vec::new(),
        xmin_interval: None,
        snapshot_mode: SnapshotMode::Initial,
        status_interval: Duration::from_secs(10),
        heartbeat_interval: None,
        heartbeat_action_query: None,
        max_queue_size: 8192,
        max_queue_bytes: 0,
        max_retries: None,
        retry_wait: Duration::from_secs(10),
        initial_statements: Vec::new(),
        offset_flush_interval: Duration::from_secs(60),
        transaction_boundary: crate::connector::TransactionBoundary::Poll,
        shutdown_timeout: Duration::from_secs(5),
        debezium: debezium::Config::new("sample", "db"),
        key_converter: converter.clone(),
        value_converter: converter,
        header_converter: converter::HeaderConfig::Simple,
        transforms: Vec::new(),
    }
}

/// May do all but what needs a superuser.
pub(super) fn role() -> Role {
    Role { name: "me".to_owned(), superuser: false, replication: true, creates_in_database: true }
}

pub(super) fn table(name: &str) -> CatalogTable {
    CatalogTable {
        id: RelationId(16_384),
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: TableKind::Table,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_key: Vec::new(),
    }
}

pub(super) fn rights() -> TableRights {
    TableRights {
        id: RelationId(16_384),
        schema_usage: true,
        unreadable: Vec::new(),
        owned: true,
        owner: "me".to_owned(),
        row_security: false,
        logged: true,
        has_identity: true,
        identity: Identity::Default,
    }
}

/// Of these tables of `public`, and everything done to them.
pub(super) fn publication(members: &[&str]) -> Publication {
    let members: Vec<_> = members.iter().map(|name| ("public".to_owned(), (*name).to_owned())).collect();
    Publication {
        all_tables: false,
        insert: true,
        update: true,
        delete: true,
        truncate: true,
        via_root: false,
        owner: "someone".to_owned(),
        owned: true,
        tables: members.clone(),
        members,
    }
}
