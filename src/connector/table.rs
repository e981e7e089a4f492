//! A captured table, ready to emit: its description, the shapes of its key and value, its layout.

use std::sync::Arc;

use crate::converter::{self, Buffer, HeaderConfig, Passage, Shape};
use crate::debezium::{
    self, AddedField, Prepared, SnapshotMarker, SteadySource, Unwrapped, cloudevents, envelope_schema,
};
use crate::transform::{self, Deletes, UnwrapConfig};

use super::meters::{Meters, TableMeters};

#[derive(Debug)]
pub(super) struct Table {
    pub(super) prepared: Prepared,
    /// `None`: records have no key.
    pub(super) key: Option<Keyed>,
    pub(super) layout: Layout,
    pub(super) meters: Arc<TableMeters>,
}

#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) shape: Shape,
    /// The key inside the headers of a key change.
    pub(super) header: Shape,
}

/// What a value looks like.
#[derive(Debug)]
pub(super) enum Layout {
    Envelope(Box<Envelope>),
    CloudEvent { shape: Shape, extensions: bool },
    Unwrapped(Box<UnwrappedLayout>),
}

#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) shape: Shape,
    /// Of what is streamed, and of what a snapshot reads.
    pub(super) steady: [SteadySource<Passage>; 2],
}

#[derive(Debug)]
pub(super) struct UnwrappedLayout {
    pub(super) deletes: Deletes,
    pub(super) fields: Unwrapped,
    pub(super) shape: Shape,
    /// `<topic>.Value`, optional: a delete's null payload keeps the row's schema.
    pub(super) row: Shape,
    /// Envelope fields that become headers.
    pub(super) headers: Vec<AddedHeader>,
}

/// A field of the envelope as a header.
#[derive(Debug)]
pub(super) struct AddedHeader {
    pub(super) field: AddedField,
    pub(super) shape: Shape,
}

/// How tables are laid out in this connector.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    pub(super) config: debezium::Config,
    pub(super) key_converter: converter::Config,
    pub(super) value_converter: converter::Config,
    pub(super) header_converter: HeaderConfig,
    pub(super) unwrap: Option<UnwrapConfig>,
    pub(super) meters: Arc<Meters>,
}

impl Blueprint {
    pub(super) fn new(config: &super::Config, meters: Arc<Meters>) -> Self {
        // The settings accept one transform so far, and only this one.
        let unwrap = config.transforms.iter().map(|transform::Config::Unwrap(unwrap)| unwrap.clone()).next();
        Self {
            config: config.debezium.clone(),
            key_converter: config.key_converter.clone(),
            value_converter: config.value_converter.clone(),
            header_converter: config.header_converter.clone(),
            unwrap,
            meters,
        }
    }

    pub(super) fn table(&self, prepared: Prepared) -> Table {
        let key = prepared.key_schema().map(|schema| Keyed {
            shape: self.key_converter.shape(schema),
            header: self.header_converter.shape(schema),
        });
        let layout = match (&self.unwrap, &self.value_converter) {
            (None, converter::Config::CloudEvents(events)) => Layout::CloudEvent {
                shape: events.shape(&cloudevents::schema(&prepared, events.extensions)),
                extensions: events.extensions,
            },
            (None, _) => Layout::Envelope(Box::new(self.envelope(&prepared))),
            (Some(unwrap), _) => Layout::Unwrapped(Box::new(self.unwrapped(unwrap, &prepared))),
        };
        let meters = self.meters.learn(&prepared);
        Table { prepared, key, layout, meters }
    }

    fn envelope(&self, prepared: &Prepared) -> Envelope {
        let shape = self.value_converter.shape(&envelope_schema(prepared, &self.config));
        let mut buffer = Buffer::default();
        let steady = [None, Some(SnapshotMarker::Within)]
            .map(|marker| SteadySource::learn(prepared, &self.config, marker, &mut shape.open(&mut buffer)));
        Envelope { shape, steady }
    }

    fn unwrapped(&self, unwrap: &UnwrapConfig, prepared: &Prepared) -> UnwrappedLayout {
        let added = |list: &[transform::Added]| -> Vec<AddedField> {
            list.iter().filter_map(|a| AddedField::new(a.from.as_deref(), &a.field, &a.name)).collect()
        };
        let rewrites = matches!(unwrap.deletes, Deletes::Rewrite | Deletes::RewriteWithTombstone);
        let fields = Unwrapped::new(rewrites, unwrap.deleted_last, added(&unwrap.fields));
        UnwrappedLayout {
            deletes: unwrap.deletes,
            shape: self.value_converter.shape_of_rebuilt(&fields.schema(prepared)),
            row: self.value_converter.shape(prepared.row_schema()),
            fields,
            headers: added(&unwrap.headers)
                .into_iter()
                .map(|field| AddedHeader { shape: self.header_converter.shape(&field.schema()), field })
                .collect(),
        }
    }
}
