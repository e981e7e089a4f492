//! The captured tables as they stand, row by row, as the records that the connector would send for them: for comparing
//! what was sent with what is there.

use std::sync::Arc;

use crate::catalog::copy_text::decode_row;
use crate::catalog::{Begin, Catalog, select_sql};
use crate::converter::Config as Converter;
use crate::debezium::{Compatibility, Moment, Op, Path, SnapshotMarker, Source, TableFacts, Types};
use crate::transform::UnwrapConfig;
use crate::wire::Peeked;
use crate::words::data::Schema;
use crate::words::table::CatalogTable;
use crate::words::{Cell, Change, Lsn, Record, RelationId, Row, recycle};

use super::Config;
use super::emit::{Emitter, Outlet};
use super::error::ConnectorError;
use super::publication;
use super::rows;
use super::snapshot::readable;
use super::table::{Blueprint, Table};
use super::tables::describe;

/// The captured tables.
pub struct Picture<'a> {
    config: &'a Config,
    catalog: &'a Catalog,
    blueprint: Blueprint,
    types: Types,
    tables: Vec<CatalogTable>,
    /// Those too that a snapshot does not read.
    captured: Vec<CatalogTable>,
}

/// What is known of a table's records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PicturedTable {
    /// `schema.table`
    pub collection: String,
    pub topic: String,
    /// Records have keys.
    pub keyed: bool,
}

impl<'a> Picture<'a> {
    pub async fn new(config: &'a Config, catalog: &'a Catalog) -> Result<Self, ConnectorError> {
        let blueprint = Blueprint::new(config, Arc::default());
        let mut tables = catalog.tables().await?;
        tables.retain(|table| config.debezium.filters.captures(&table.schema, &table.name));
        publication::leave_out_generated(catalog, config, &mut tables).await?;
        let captured = tables;
        let tables = readable(&captured, &blueprint, config.publish_via_partition_root);
        let types = Types::new(catalog.types().await?);
        Ok(Self { config, catalog, blueprint, types, tables, captured })
    }

    /// The statement that a start of the connector would run, so that the publication sends these tables.
    pub async fn publication_change(&self) -> Result<Option<String>, ConnectorError> {
        publication::change(self.catalog, self.config, &self.captured).await
    }

    pub fn id(&self, index: usize) -> Option<RelationId> {
        self.tables.get(index).map(|table| table.id)
    }

    /// Schemas of the key, if records of table `index` have one, and of a row.
    pub fn schemas_of(&self, index: usize) -> Option<(Option<Schema>, Arc<Schema>)> {
        let facts = TableFacts::of_catalog(self.tables.get(index)?, &self.types, &self.blueprint.config);
        let prepared = describe(&self.blueprint, &self.types, &facts).prepared;
        Some((prepared.key_schema().cloned(), Arc::clone(prepared.row_schema())))
    }

    pub fn tables(&self) -> Vec<PicturedTable> {
        let known = |table: &CatalogTable| {
            let facts = TableFacts::of_catalog(table, &self.types, &self.blueprint.config);
            let described = describe(&self.blueprint, &self.types, &facts);
            PicturedTable {
                collection: described.prepared.collection.clone(),
                topic: described.prepared.topic.to_string(),
                keyed: described.key.is_some(),
            }
        };
        self.tables.iter().map(known).collect()
    }

    /// Whether a schema lies beside keys and values; none if they are not JSON for anyone to read.
    pub fn schemas(&self) -> Option<(bool, bool)> {
        match (&self.blueprint.key_converter, &self.blueprint.value_converter) {
            (Converter::Json(key), Converter::Json(value)) => Some((key.schemas, value.schemas)),
            _ => None,
        }
    }

    /// Set when records are rows, without the change around them.
    pub fn unwrapped(&self) -> Option<&UnwrapConfig> {
        self.blueprint.unwrap.as_ref()
    }

    /// Renders the rows of table `index` as `view` shows them. `each` gets the record that a snapshot sends, and after it, if
    /// the reference shows some values otherwise when they are streamed, that record too (`true`).
    pub async fn rows<E: From<ConnectorError>>(
        &self,
        index: usize,
        view: &Begin,
        mut each: impl FnMut(&Record<'_>, bool) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(table) = self.tables.get(index) else { return Ok(()) };
        let facts = TableFacts::of_catalog(table, &self.types, &self.blueprint.config);
        let mut renderings = vec![(describe(&self.blueprint, &self.types, &facts), false)];
        if self.config.debezium.compatibility == Compatibility::Exact {
            let streamed = TableFacts { path: Path::Stream, ..facts.clone() };
            renderings.push((describe(&self.blueprint, &self.types, &streamed), true));
        }
        let mut emitter = Emitter::new(&self.blueprint.config, &self.blueprint.header_converter, "");
        let columns = facts.columns.iter().map(|column| column.name);
        let failed = |e| E::from(ConnectorError::Rows(e));
        // Without the initial statements, which may do anything.
        let mut session = rows::open(&self.config.address, &[], view).await.map_err(failed)?;
        let mut copy = session.copy(&select_sql(table, columns, false)).await.map_err(failed)?;
        let (mut scratch, mut spare) = (Vec::new(), Vec::new());
        loop {
            let line = match copy.peek().map_err(failed)? {
                Peeked::Row(line) => line,
                Peeked::End => return Ok(()),
                Peeked::Nothing => {
                    copy.fill().await.map_err(failed)?;
                    continue;
                }
            };
            let mut cells: Vec<Cell<'_>> = recycle(spare);
            let bad = |why| ConnectorError::CopyText { table: table.name.clone(), why };
            decode_row(line, &mut scratch, &mut cells).map_err(bad)?;
            for (rendering, streamed) in &renderings {
                let mut first =
                    First { each: |record: &Record<'_>| each(record, *streamed), done: Ok(()), taken: false };
                self.render(&mut emitter, rendering, Row { cells: &cells }, &mut first)?;
                first.done?;
            }
            spare = recycle(cells);
            copy.consume();
        }
    }

    fn render(
        &self,
        emitter: &mut Emitter,
        table: &Table,
        row: Row<'_>,
        to: &mut impl Outlet<Error = crate::sink::SinkError>,
    ) -> Result<(), ConnectorError> {
        let prepared = &table.prepared;
        let source = Source {
            ts_us: 0,
            snapshot: Some(SnapshotMarker::Within),
            last_commit: None,
            lsn: Lsn::ZERO,
            schema: &prepared.schema,
            table: &prepared.table,
            xid: None,
            xmin: None,
            origin: None,
        };
        let moment = Moment { op: Op::Read, source, transaction: None, ts_ns: 0 };
        Ok(emitter.emit(table, &self.blueprint.config, &Change::Read { row }, false, &moment, to)?)
    }
}

/// A row is one record.
struct First<F, E> {
    each: F,
    done: Result<(), E>,
    taken: bool,
}

impl<F: FnMut(&Record<'_>) -> Result<(), E>, E> Outlet for First<F, E> {
    type Error = crate::sink::SinkError;

    fn take(&mut self, record: &Record<'_>) -> Result<(), Self::Error> {
        if !self.taken {
            (self.taken, self.done) = (true, (self.each)(record));
        }
        Ok(())
    }
}
