//! Reading whole topics, exactly as transactions want it: where an answer decides how a connector goes on, the end is
//! asked for as uncommitted readers see it, then waited for until committed readers see as much, and only then read.
//! Otherwise an offset that a killed exactly-once worker left in an open transaction would be read as the one before.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::super::{SinkError, blocking};
use super::apart::Apart;
use super::deliveries::Context;
use super::{Config, client};

/// How long one request to the brokers may take.
pub(super) const REQUEST: Duration = Duration::from_secs(10);
/// A topic that gives nothing for this long, short of its end, will not.
const SILENCE: Duration = Duration::from_secs(60);
/// Going through a topic takes as long as it takes.
const LONGEST_SCAN: Duration = Duration::from_secs(7 * 86_400);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970, if the record has a time.
    pub timestamp: Option<i64>,
}

#[cfg(test)]
impl Entry {
    /// As if read from the start of partition 0, at no time.
    pub fn of(key: &[u8], value: Option<&str>) -> Self {
        let value = value.map(|text| text.as_bytes().to_vec());
        Self { partition: 0, offset: 0, key: Some(key.to_vec()), value, timestamp: None }
    }
}

/// All records of the topic, in order within each partition; none when there is no such topic.
/// `timeout` bounds the whole reading, and so how long an open transaction is waited for.
pub async fn read(config: &Config, topic: &str, timeout: Duration) -> Result<Vec<Entry>, SinkError> {
    let deadline = Instant::now() + timeout;
    let reading = Reading { config: config.clone(), topic: topic.to_owned(), must_exist: false, deadline };
    blocking(move || reading.run(&Consumers::new(&reading.config)?)).await
}

/// As `read` for a topic that is known to exist: a broker that does not know it yet is asked again. The difference
/// matters where an empty answer would mean to begin with a snapshot.
pub async fn read_existing(config: &Config, topic: &str, timeout: Duration) -> Result<Vec<Entry>, SinkError> {
    Reader::open(config, topic).await?.read(timeout).await
}

/// What `read_existing` does, in two steps: clients that are connected take milliseconds to read, and to connect them may
/// be done beside other things.
pub struct Reader {
    config: Config,
    topic: String,
    consumers: Apart<Consumers>,
}

struct Consumers {
    uncommitted: BaseConsumer<Context>,
    committed: BaseConsumer<Context>,
}

impl Reader {
    pub async fn open(config: &Config, topic: &str) -> Result<Self, SinkError> {
        let (config, topic) = (config.clone(), topic.to_owned());
        blocking(move || {
            let consumers = Consumers::new(&config)?;
            for consumer in [&consumers.uncommitted, &consumers.committed] {
                observe(consumer, &topic, &config.bootstrap)?;
            }
            Ok(Self { config, topic, consumers: Apart::new(consumers) })
        })
        .await
    }

    /// As the brokers have it now.
    pub async fn read(self, timeout: Duration) -> Result<Vec<Entry>, SinkError> {
        let deadline = Instant::now() + timeout;
        let reading = Reading { config: self.config.clone(), topic: self.topic.clone(), must_exist: true, deadline };
        let consumers = self.consumers.share();
        blocking(move || reading.run(&consumers)).await
    }
}

impl Consumers {
    fn new(config: &Config) -> Result<Self, SinkError> {
        let consumer = |isolation| client::create_with(&client::reader(config, isolation)?, Context::default());
        Ok(Self { uncommitted: consumer("read_uncommitted")?, committed: consumer("read_committed")? })
    }
}

/// A consumer for several topics, one after the other, as committed readers see them.
pub struct Scanner {
    config: Config,
    consumer: Apart<BaseConsumer<Context>>,
}

impl Scanner {
    pub async fn open(config: &Config) -> Result<Self, SinkError> {
        let settings = client::reader(config, "read_committed")?;
        let consumer = blocking(move || client::create_with(&settings, Context::default())).await?;
        Ok(Self { config: config.clone(), consumer: Apart::new(consumer) })
    }

    /// Where each partition ends; nothing when there is no such topic.
    pub async fn ends(&self, topic: &str) -> Result<Vec<i64>, SinkError> {
        let (reading, consumer) = self.reading(topic, REQUEST);
        blocking(move || match reading.partitions(&consumer)? {
            Some(partitions) => reading.ends(&consumer, partitions),
            None => Ok(Vec::new()),
        })
        .await
    }

    /// Goes through the records before `ends`, in order within each partition. `each` errs to stop.
    pub async fn scan<S: Send + 'static, E: Send + 'static>(
        &self,
        topic: &str,
        ends: Vec<i64>,
        mut state: S,
        each: fn(&mut S, Entry) -> Result<(), E>,
    ) -> Result<Result<S, E>, SinkError> {
        let (reading, consumer) = self.reading(topic, LONGEST_SCAN);
        blocking(move || {
            let partitions = i32::try_from(ends.len()).unwrap_or(i32::MAX);
            let stopped = reading.go_through(&consumer, partitions, &ends, |entry| each(&mut state, entry))?;
            Ok(stopped.map(|()| state))
        })
        .await
    }

    fn reading(&self, topic: &str, within: Duration) -> (Reading, Arc<BaseConsumer<Context>>) {
        let deadline = Instant::now() + within;
        let reading = Reading { config: self.config.clone(), topic: topic.to_owned(), must_exist: false, deadline };
        (reading, self.consumer.share())
    }
}

pub(super) struct Observed {
    /// `None`: there is no such topic.
    pub(super) partitions: Option<i32>,
    pub(super) brokers: usize,
    /// Of any one of them.
    pub(super) broker: Option<i32>,
}

pub(super) fn observe(consumer: &BaseConsumer<Context>, topic: &str, brokers: &str) -> Result<Observed, SinkError> {
    let start = Instant::now();
    let heard = &consumer.context().0;
    loop {
        let code = match consumer.fetch_metadata(Some(topic), Duration::from_secs(1)) {
            Ok(metadata) => match partitions(&metadata, topic) {
                Ok(partitions) => {
                    let brokers = metadata.brokers();
                    return Ok(Observed {
                        partitions,
                        brokers: brokers.len(),
                        broker: brokers.first().map(|b| b.id()),
                    });
                }
                Err(code) => code,
            },
            Err(error) => code_of(&error),
        };
        if !client::is_passing(code) {
            return Err(unreadable(code, topic));
        }
        // What went wrong is told to those who poll.
        let _ = consumer.poll(Duration::from_millis(50));
        if let Some(error) = heard.give_up(start.elapsed(), brokers) {
            return Err(error);
        }
    }
}

/// `None`: the broker knows no such topic.
fn partitions(metadata: &Metadata, topic: &str) -> Result<Option<i32>, RDKafkaErrorCode> {
    let Some(described) = metadata.topics().iter().find(|described| described.name() == topic) else { return Ok(None) };
    match described.error().map(RDKafkaErrorCode::from) {
        None if described.partitions().is_empty() => Err(RDKafkaErrorCode::LeaderNotAvailable),
        None => Ok(i32::try_from(described.partitions().len()).ok()),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
        Some(code) => Err(code),
    }
}

struct Reading {
    config: Config,
    topic: String,
    must_exist: bool,
    deadline: Instant,
}

impl Reading {
    fn run(&self, Consumers { uncommitted, committed }: &Consumers) -> Result<Vec<Entry>, SinkError> {
        let Some(partitions) = self.partitions(uncommitted)? else { return Ok(Vec::new()) };
        let ends = self.ends(uncommitted, partitions)?;
        let stable = self.wait_until_committed(committed, &ends)?;
        self.read_all(committed, partitions, &stable)
    }

    fn partitions(&self, consumer: &BaseConsumer<Context>) -> Result<Option<i32>, SinkError> {
        loop {
            let observed = observe(consumer, &self.topic, &self.config.bootstrap)?;
            if observed.partitions.is_some() || !self.must_exist {
                return Ok(observed.partitions);
            }
            if self.is_late() {
                return Err(SinkError::UnknownTopic { topic: self.topic.clone() });
            }
            let _ = consumer.poll(Duration::from_millis(100));
        }
    }

    /// Asks for the end of every partition; again while leaders are being elected.
    fn ends(&self, consumer: &BaseConsumer<Context>, partitions: i32) -> Result<Vec<i64>, SinkError> {
        loop {
            let mut question = TopicPartitionList::new();
            for partition in 0..partitions {
                let added = question.add_partition_offset(&self.topic, partition, Offset::End);
                added.map_err(|error| self.unreadable(code_of(&error)))?;
            }
            let failure = match consumer.offsets_for_times(question, REQUEST) {
                Ok(answer) => match self.offsets(&answer, partitions) {
                    Ok(ends) => return Ok(ends),
                    Err(code) => code,
                },
                Err(error) => code_of(&error),
            };
            let unknown = failure == RDKafkaErrorCode::UnknownTopicOrPartition;
            if !(unknown || client::is_passing(failure)) || self.is_late() {
                return Err(self.unreadable(failure));
            }
            // Lets the client learn of new leaders.
            let _ = consumer.poll(Duration::from_millis(100));
        }
    }

    fn offsets(&self, answer: &TopicPartitionList, partitions: i32) -> Result<Vec<i64>, RDKafkaErrorCode> {
        let offset = |partition| {
            let element = answer.find_partition(&self.topic, partition).ok_or(RDKafkaErrorCode::UnknownPartition)?;
            element.error().map_err(|error| code_of(&error))?;
            match element.offset() {
                Offset::Offset(offset) => Ok(offset),
                // As an end is answered for a partition without records.
                Offset::End | Offset::Invalid => Ok(0),
                _ => Err(RDKafkaErrorCode::NoOffset),
            }
        };
        (0..partitions).map(offset).collect()
    }

    fn wait_until_committed(&self, committed: &BaseConsumer<Context>, ends: &[i64]) -> Result<Vec<i64>, SinkError> {
        let partitions = i32::try_from(ends.len()).unwrap_or(i32::MAX);
        loop {
            let stable = self.ends(committed, partitions)?;
            if stable.iter().zip(ends).all(|(stable, end)| stable >= end) {
                return Ok(stable);
            }
            if self.is_late() {
                return Err(SinkError::OpenTransaction { topic: self.topic.clone() });
            }
            let _ = committed.poll(Duration::from_millis(100));
        }
    }

    /// To know the ends saves waiting for the brokers to answer with nothing.
    fn read_all(
        &self,
        consumer: &BaseConsumer<Context>,
        partitions: i32,
        ends: &[i64],
    ) -> Result<Vec<Entry>, SinkError> {
        let mut entries = Vec::new();
        let Ok(()) = self.go_through(consumer, partitions, ends, |entry| {
            entries.push(entry);
            Ok::<_, Infallible>(())
        })?;
        entries.sort_by_key(|entry| (entry.partition, entry.offset));
        Ok(entries)
    }

    /// From the beginning of each partition to where it ended.
    fn go_through<E>(
        &self,
        consumer: &BaseConsumer<Context>,
        partitions: i32,
        ends: &[i64],
        mut each: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<Result<(), E>, SinkError> {
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            let added = assignment.add_partition_offset(&self.topic, partition, Offset::Beginning);
            added.map_err(|error| self.unreadable(code_of(&error)))?;
        }
        consumer.assign(&assignment).map_err(|error| self.unreadable(code_of(&error)))?;
        let end_of = |partition: i32| usize::try_from(partition).ok().and_then(|at| ends.get(at)).copied();
        let mut open: Vec<i32> = (0..partitions).filter(|partition| end_of(*partition) != Some(0)).collect();
        let mut heard = Instant::now();
        while !open.is_empty() {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let (partition, offset) = (message.partition(), message.offset());
                    let end = end_of(partition);
                    if end.is_some_and(|end| offset + 1 >= end) {
                        open.retain(|&other| other != partition);
                    }
                    if end.is_some_and(|end| offset >= end) {
                        continue;
                    }
                    let entry = Entry {
                        partition,
                        offset,
                        key: message.key().map(<[u8]>::to_vec),
                        value: message.payload().map(<[u8]>::to_vec),
                        timestamp: message.timestamp().to_millis(),
                    };
                    if let Err(stopped) = each(entry) {
                        return Ok(Err(stopped));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => open.retain(|&other| other != partition),
                Some(Err(error)) => self.tolerate(&error)?,
                None => {}
            }
            if !open.is_empty() && (self.is_late() || heard.elapsed() > SILENCE) {
                return Err(self.unreadable(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        Ok(Ok(()))
    }

    /// The group is a name only: not to be allowed to use it does not matter.
    fn tolerate(&self, error: &KafkaError) -> Result<(), SinkError> {
        match code_of(error) {
            RDKafkaErrorCode::GroupAuthorizationFailed => Ok(()),
            code if client::is_passing(code) => Ok(()),
            code => Err(self.unreadable(code)),
        }
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn unreadable(&self, code: RDKafkaErrorCode) -> SinkError {
        unreadable(code, &self.topic)
    }
}

fn unreadable(code: RDKafkaErrorCode, topic: &str) -> SinkError {
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            SinkError::Denied { operation: "READ", resource: format!("topic {topic}") }
        }
        code => SinkError::Unreadable { topic: topic.to_owned(), why: code.to_string() },
    }
}

pub(super) fn code_of(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}
