//! BEGIN and END records of transactions (`provide.transaction.metadata`).

use crate::converter::{Buffer, Shape};
use crate::debezium::transaction::{self, TransactionOrder};
use crate::offsets::TransactionOrders;
use crate::sink::SinkError;
use crate::words::{Lsn, Record};

use super::delivery::Delivery;
use super::emit::Outlet;
use super::table::Blueprint;

pub(super) struct Metadata {
    topic: String,
    key: Shape,
    value: Shape,
    key_buffer: Buffer,
    value_buffer: Buffer,
    /// Counters of the transaction that the stored offset lies in.
    resumed: Option<TransactionOrder>,
    sent: bool,
}

impl Metadata {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        Self {
            topic: blueprint.config.transaction_topic(),
            key: blueprint.key_converter.shape(&transaction::key_schema()),
            value: blueprint.value_converter.shape(&transaction::value_schema()),
            key_buffer: Buffer::default(),
            value_buffer: Buffer::default(),
            resumed: None,
            sent: false,
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic, if anything went there.
    pub(super) fn written(&self) -> Option<&str> {
        self.sent.then_some(&*self.topic)
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
        let mut writer = self.key.open(&mut self.key_buffer);
        transaction::push_key(&id, &mut writer);
        writer.finish();
        let mut writer = self.value.open(&mut self.value_buffer);
        transaction::push_value(&id, order, commit_us, &mut writer);
        writer.finish();
        self.sent = true;
        to.take(&Record {
            topic: &self.topic,
            partition: None,
            key: self.key_buffer.value(),
            value: self.value_buffer.value(),
            headers: &[],
            timestamp: None,
        })
    }
}
