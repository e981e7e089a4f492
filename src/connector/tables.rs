//! The tables the stream has heard of: each Relation replaces what was known of its table.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::debezium::{Prepared, TableFacts, Types};
use crate::words::table::CatalogTable;
use crate::words::{Relation, RelationId, Row};

use super::error::ConnectorError;
use super::table::{Blueprint, Table};

/// A relation of the session: captured, or passed over by the filters.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Captured(Arc<Table>, Arc<Relation>),
    Passed,
}

#[derive(Debug)]
pub(super) struct Tables {
    pub(super) blueprint: Blueprint,
    pub(super) types: Types,
    known: HashMap<RelationId, Known>,
    /// Labels that were met in rows and looked up once.
    looked_up: HashSet<String>,
}

/// What the catalog added to a Relation.
#[derive(Debug)]
pub(super) struct Learned {
    relation: Relation,
    catalog: Option<CatalogTable>,
    types: Vec<crate::words::table::PgType>,
}

#[cfg(test)]
impl Learned {
    /// What is learned when the table is gone by the time the catalog is asked.
    pub(super) fn without_catalog(relation: Relation) -> Self {
        Self { relation, catalog: None, types: Vec::new() }
    }
}

impl Tables {
    pub(super) fn new(blueprint: Blueprint, types: Types) -> Self {
        Self { blueprint, types, known: HashMap::new(), looked_up: HashSet::new() }
    }

    pub(super) fn get(&self, id: RelationId) -> Option<&Known> {
        self.known.get(&id)
    }

    /// Takes in a Relation. `Some`: it is captured, and the catalog must be asked before its rows can be shown.
    pub(super) fn hear(&mut self, relation: Relation) -> Option<Relation> {
        if self.blueprint.config.filters.captures(&relation.schema, &relation.name) {
            return Some(relation);
        }
        self.known.insert(relation.id, Known::Passed);
        None
    }

    /// The Relation of a table that must be described anew before `row` is shown, as its types have changed without one.
    pub(super) fn outdated(&mut self, id: RelationId, row: Row<'_>) -> Option<Relation> {
        let Some(Known::Captured(table, relation)) = self.known.get(&id) else { return None };
        let label = table.prepared.new_label(row)?;
        // Looked up once only: the label may have been renamed since the row was written.
        let news = self.looked_up.insert(label);
        news.then(|| Relation::clone(relation))
    }

    /// Asks the catalog about a Relation: nullability, defaults, key order, and types not seen before.
    pub(super) fn ask(
        &self,
        relation: Relation,
        renew_types: bool,
        catalog: Arc<Catalog>,
    ) -> impl Future<Output = Result<Learned, ConnectorError>> + Send + 'static {
        let unknown = relation.columns.iter().any(|column| !self.types.knows(column.type_oid));
        async move {
            let described = catalog.describe(&[relation.id]).await?.into_iter().next();
            // A new type may rest on other new types (a domain over an enum), so all are read again; it is rare.
            let types = if unknown || renew_types { catalog.types().await? } else { Vec::new() };
            Ok(Learned { relation, catalog: described, types })
        }
    }

    /// Describes the table anew; answers its topic.
    pub(super) fn learn(&mut self, learned: Learned) -> Arc<str> {
        self.types.extend(learned.types);
        let config = &self.blueprint.config;
        let facts = TableFacts::of_relation(&learned.relation, learned.catalog.as_ref(), config);
        let table = Arc::new(describe(&self.blueprint, &self.types, &facts));
        let topic = table.prepared.topic.clone();
        self.known.insert(learned.relation.id, Known::Captured(table, Arc::new(learned.relation)));
        topic
    }
}

/// Describes a table and says which of its columns have no mapping.
pub(super) fn describe(blueprint: &Blueprint, types: &Types, facts: &TableFacts<'_>) -> Table {
    let (prepared, left_out) = Prepared::describe(facts, types, &blueprint.config);
    if !left_out.is_empty() {
        tracing::warn!(
            table = prepared.collection,
            columns = left_out.join(", "),
            "columns of types without a mapping are left out; include.unknown.datatypes=true sends them as bytes"
        );
    }
    blueprint.table(prepared)
}
