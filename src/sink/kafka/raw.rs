//! The way of each record into librdkafka: the one file with unsafe code.
//!
//! The safe wrapper looks the topic up by its name for every record, and copies every header's name once more to end it
//! with a zero. With four headers on each record that was a fifth of the processor time of the whole process (perf, a
//! million rows of ten columns). Here the handle of a topic is kept, and the headers, which are the same on nearly every
//! record, are kept as a list that librdkafka copies by itself.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::bindings::rd_kafka_vtype_t as Vtype;
use rdkafka::error::{IsError, RDKafkaErrorCode};
use rdkafka::producer::{Producer, ThreadedProducer};

use super::deliveries::Context;
use crate::words::{Header, Record, Ticket};

/// `RD_KAFKA_PARTITION_UA`, a macro: the partitioner's choice.
const UNASSIGNED: i32 = -1;

/// Sends records by one producer, whose deliveries go the usual way.
pub(super) struct Dispatch {
    // Before the producer: librdkafka wants its topics back first.
    topics: HashMap<Box<str>, Arc<Topic>>,
    /// That of the record before, which mostly is that of the next.
    last: Option<Arc<Topic>>,
    headers: Headers,
    producer: Arc<ThreadedProducer<Context>>,
}

impl Dispatch {
    pub(super) fn new(producer: Arc<ThreadedProducer<Context>>) -> Self {
        Self { topics: HashMap::new(), last: None, headers: Headers::default(), producer }
    }

    /// Copies the record into librdkafka's queue; never blocks. The delivery report carries `ticket`.
    pub(super) fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), RDKafkaErrorCode> {
        let topic = self.topic(record.topic)?;
        let headers = self.headers.list(record.headers)?;
        let (key, key_length) = parts(record.key);
        let (value, value_length) = parts(record.value);
        // SAFETY: the producer lives as long as `self`, and so does the topic, which is its own. Each type tag is followed
        // by arguments of the C types that rdkafka.h gives for it. `MSG_F_COPY`: key and value are copied before it
        // returns. The headers become librdkafka's own unless it answers with an error. The opaque is a number that the
        // wrapper hands back as `Context::DeliveryOpaque`, which is `usize`.
        let code = unsafe {
            sys::rd_kafka_producev(
                self.producer.client().native_ptr(),
                Vtype::RD_KAFKA_VTYPE_RKT,
                topic,
                Vtype::RD_KAFKA_VTYPE_PARTITION,
                record.partition.unwrap_or(UNASSIGNED),
                Vtype::RD_KAFKA_VTYPE_MSGFLAGS,
                sys::RD_KAFKA_MSG_F_COPY,
                Vtype::RD_KAFKA_VTYPE_VALUE,
                value,
                value_length,
                Vtype::RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                Vtype::RD_KAFKA_VTYPE_OPAQUE,
                ptr::without_provenance_mut::<c_void>(ticket.0),
                Vtype::RD_KAFKA_VTYPE_TIMESTAMP,
                record.timestamp.unwrap_or(0),
                Vtype::RD_KAFKA_VTYPE_HEADERS,
                headers,
                Vtype::RD_KAFKA_VTYPE_END,
            )
        };
        if code.is_error() {
            if !headers.is_null() {
                // SAFETY: a list of our own that librdkafka did not take.
                unsafe { sys::rd_kafka_headers_destroy(headers) };
            }
            return Err(code.into());
        }
        Ok(())
    }

    fn topic(&mut self, name: &str) -> Result<*mut sys::rd_kafka_topic_t, RDKafkaErrorCode> {
        if let Some(last) = &self.last
            && *last.name == *name
        {
            return Ok(last.handle.as_ptr());
        }
        let topic = match self.topics.get(name) {
            Some(topic) => Arc::clone(topic),
            None => {
                let topic = Arc::new(self.open(name)?);
                self.topics.insert(name.into(), Arc::clone(&topic));
                topic
            }
        };
        Ok(self.last.insert(topic).handle.as_ptr())
    }

    fn open(&self, name: &str) -> Result<Topic, RDKafkaErrorCode> {
        let text = CString::new(name).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the producer lives, the name ends with a zero and is copied, and no settings of its own are given.
        let handle =
            unsafe { sys::rd_kafka_topic_new(self.producer.client().native_ptr(), text.as_ptr(), ptr::null_mut()) };
        let handle = NonNull::new(handle).ok_or(RDKafkaErrorCode::InvalidTopic)?;
        Ok(Topic { name: name.into(), handle })
    }
}

/// Sends everything at once, what comes meanwhile too, until it is acknowledged or `within` is over. The wrapper's own takes
/// delivery reports as well, and is over in between.
pub(super) fn flush(producer: &ThreadedProducer<Context>, within: Duration) {
    let millis = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the producer lives. The answer says only whether all is acknowledged, which receipts tell.
    unsafe { sys::rd_kafka_flush(producer.client().native_ptr(), millis) };
}

/// Null has no bytes; an empty text has an address.
fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}

struct Topic {
    name: Box<str>,
    handle: NonNull<sys::rd_kafka_topic_t>,
}

// SAFETY: librdkafka's topics may be used from any thread (rdkafka.h: "thread-safe" throughout).
unsafe impl Send for Topic {}
// SAFETY: as above; and nothing is done by a shared reference.
unsafe impl Sync for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: ours, given back once.
        unsafe { sys::rd_kafka_topic_destroy(self.handle.as_ptr()) };
    }
}

/// The headers of the record before, ready to be copied.
#[derive(Default)]
struct Headers {
    /// What is in the list.
    content: Vec<Kept>,
    list: Option<List>,
}

/// Name and value.
type Kept = (Box<str>, Option<Box<[u8]>>);

impl Headers {
    /// A list that is the caller's; null for no headers.
    fn list(&mut self, headers: &[Header<'_>]) -> Result<*mut sys::rd_kafka_headers_t, RDKafkaErrorCode> {
        if headers.is_empty() {
            return Ok(ptr::null_mut());
        }
        let same = self.content.len() == headers.len()
            && self
                .content
                .iter()
                .zip(headers)
                .all(|((name, value), h)| **name == *h.name && value.as_deref() == h.value);
        if !same {
            self.list = None;
            self.content.clear();
            self.list = Some(List::of(headers)?);
            self.content.extend(headers.iter().map(|h| (h.name.into(), h.value.map(Into::into))));
        }
        // SAFETY: the list is ours and whole.
        Ok(self.list.as_ref().map_or(ptr::null_mut(), |list| unsafe { sys::rd_kafka_headers_copy(list.0.as_ptr()) }))
    }
}

struct List(NonNull<sys::rd_kafka_headers_t>);

// SAFETY: plain memory that belongs to one owner.
unsafe impl Send for List {}
// SAFETY: as above; a shared reference only copies it.
unsafe impl Sync for List {}

impl List {
    fn of(headers: &[Header<'_>]) -> Result<Self, RDKafkaErrorCode> {
        // SAFETY: makes an empty list, which is then ours.
        let list = unsafe { sys::rd_kafka_headers_new(headers.len()) };
        let list = Self(NonNull::new(list).ok_or(RDKafkaErrorCode::Fail)?);
        for header in headers {
            let (value, length) = parts(header.value);
            // The lengths of slices fit: no slice is longer than isize::MAX.
            let (name_length, length) = (header.name.len().cast_signed(), length.cast_signed());
            // SAFETY: name and value are copied, each in the length given.
            let code = unsafe {
                sys::rd_kafka_header_add(list.0.as_ptr(), header.name.as_ptr().cast(), name_length, value, length)
            };
            if code.is_error() {
                return Err(code.into());
            }
        }
        Ok(list)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { sys::rd_kafka_headers_destroy(self.0.as_ptr()) };
    }
}
