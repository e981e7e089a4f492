//! BEGIN and END records of transactions (`provide.transaction.metadata`).

use crate::converter::JsonWriter;
use crate::debezium::transaction::{self, TransactionOrder};
use crate::offsets::TransactionOrders;
use crate::sink::SinkError;
use crate::words::Lsn;

use super::channel::Channel;
use super::delivery::Delivery;
use super::table::Blueprint;

pub(super) struct Metadata {
    channel: Channel,
    /// Counters of the transaction that the stored offset lies in.
    resumed: Option<TransactionOrder>,
}

impl Metadata {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        let (key, value) = (transaction::key_schema(), transaction::value_schema());
        Self { channel: Channel::new(blueprint, blueprint.config.transaction_topic(), &key, &value), resumed: None }
    }

    pub(super) fn topic(&self) -> &str {
        self.channel.topic()
    }

    /// The topic, if anything went there.
    pub(super) fn written(&self) -> Option<&str> {
        self.channel.written()
    }

    pub(super) fn resume(&mut self, xid: u32, orders: &TransactionOrders) {
        let total = orders.orders.iter().map(|(_, count)| count).sum();
        self.resumed = Some(TransactionOrder { xid, total, collections: orders.orders.clone() });
    }

    /// The counters to go on with, if `xid` is the interrupted transaction: its BEGIN was sent before.
    pub(super) fn resumed(&mut self, xid: u32) -> Option<TransactionOrder> {
        self.resumed.take_if(|order| order.xid == xid)
    }

    pub(super) fn begin(&mut self, xid: u32, lsn: Lsn, commit_us: i64, to: &mut Delivery) -> Result<(), SinkError> {
        self.send(xid, lsn, None, commit_us, to)
    }

    pub(super) fn end(
        &mut self,
        order: &TransactionOrder,
        lsn: Lsn,
        commit_us: i64,
        to: &mut Delivery,
    ) -> Result<(), SinkError> {
        self.send(order.xid, lsn, Some(order), commit_us, to)
    }

    fn send(
        &mut self,
        xid: u32,
        lsn: Lsn,
        order: Option<&TransactionOrder>,
        commit_us: i64,
        to: &mut Delivery,
    ) -> Result<(), SinkError> {
        let id = transaction::transaction_id(xid, lsn);
        let push_key = |sink: &mut JsonWriter<'_>| transaction::push_key(&id, sink);
        let push_value = |sink: &mut JsonWriter<'_>| transaction::push_value(&id, order, commit_us, sink);
        self.channel.send(None, push_key, push_value, to)
    }
}
