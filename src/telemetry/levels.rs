//! Levels of loggers, under the names that Kafka Connect and its users have for them.
//!
//! Loggers of Java have no counterpart one by one: Debezium's and Connect's are this program's own, those of Kafka's clients
//! are librdkafka's. `walcast.wire` and the like name single rooms.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const ROOT: &str = "root";
/// More loggers than anyone sets; bounds what a caller can make us keep.
const MOST: usize = 100;
/// Loggers of Java, the longest names first, and the targets that stand for them.
const TARGETS: [(&str, &[&str]); 4] = [
    ("org.apache.kafka.connect", &["walcast"]),
    ("org.apache.kafka", &["librdkafka", "rdkafka"]),
    ("io.debezium", &["walcast"]),
    ("org.postgresql", &["tokio_postgres", "walcast::wire", "walcast::catalog"]),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// No level is called so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoLevel;

impl Level {
    /// Case-blind; log4j's FATAL and ALL are the nearest there is.
    fn parse(text: &str) -> Result<Self, NoLevel> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "OFF" => Self::Off,
            "FATAL" | "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "INFO" => Self::Info,
            "DEBUG" => Self::Debug,
            "TRACE" | "ALL" => Self::Trace,
            _ => return Err(NoLevel),
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}

/// The level of a logger, and when it was changed, in milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leveled {
    pub level: Level,
    pub changed_ms: Option<u64>,
}

/// Reads and changes what is logged. A handle: clones speak of the same.
#[derive(Clone)]
pub struct Levels {
    inner: Arc<Inner>,
}

struct Inner {
    /// The filter this process was started with.
    base: String,
    apply: Box<dyn Fn(String) + Send + Sync>,
    /// In the order they were set: the later word counts. The root is the first.
    loggers: Mutex<Vec<(String, Leveled)>>,
}

impl Levels {
    /// `apply` puts a filter into force.
    pub(super) fn new(base: String, apply: impl Fn(String) + Send + Sync + 'static) -> Self {
        let root = base.split(',').rev().find_map(|directive| Level::parse(directive.trim()).ok());
        let root = Leveled { level: root.unwrap_or(Level::Error), changed_ms: None };
        let loggers = Mutex::new(vec![(ROOT.to_owned(), root)]);
        Self { inner: Arc::new(Inner { base, apply: Box::new(apply), loggers }) }
    }

    /// Loggers with a level of their own, by name.
    pub fn all(&self) -> Vec<(String, Leveled)> {
        let mut all = self.loggers().clone();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    pub fn of(&self, logger: &str) -> Option<Leveled> {
        self.loggers().iter().find(|(known, _)| known == logger).map(|(_, level)| *level)
    }

    /// Sets a logger and those below it; answers the ones that had another level before.
    pub fn set(&self, logger: &str, level: &str) -> Result<Vec<String>, NoLevel> {
        let level = Level::parse(level)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".:_$-".contains(c);
        let mut loggers = self.loggers();
        let known = loggers.iter().any(|(name, _)| name == logger);
        // A name that no logger can have is like one that never says anything.
        if !logger.chars().all(plain) || logger.is_empty() || (!known && loggers.len() >= MOST) {
            return Ok(Vec::new());
        }
        let changed_ms = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let changed_ms = changed_ms.and_then(|since| u64::try_from(since.as_millis()).ok());
        let mut changed = Vec::new();
        if effective(&loggers, logger) != level {
            changed.push(logger.to_owned());
        }
        let below = |(name, own): &&(String, Leveled)| is_below(name, logger) && own.level != level;
        changed.extend(loggers.iter().filter(below).map(|(name, _)| name.clone()));
        for name in &changed {
            let leveled = Leveled { level, changed_ms };
            match loggers.iter().position(|(known, _)| known == name) {
                Some(0) => loggers[0].1 = leveled,
                Some(at) => {
                    loggers.remove(at);
                    loggers.push((name.clone(), leveled));
                }
                None => loggers.push((name.clone(), leveled)),
            }
        }
        if !changed.is_empty() {
            (self.inner.apply)(filter(&self.inner.base, &loggers));
        }
        Ok(changed)
    }

    fn loggers(&self) -> MutexGuard<'_, Vec<(String, Leveled)>> {
        self.inner.loggers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The level of the nearest logger above.
fn effective(loggers: &[(String, Leveled)], logger: &str) -> Level {
    let above = loggers.iter().filter(|(name, _)| name == logger || name == ROOT || is_below(logger, name));
    let nearest = above.max_by_key(|(name, _)| if name == ROOT { 0 } else { name.len() });
    nearest.map_or(Level::Info, |(_, own)| own.level)
}

fn is_below(logger: &str, above: &str) -> bool {
    logger.strip_prefix(above).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("::"))
}

fn filter(base: &str, loggers: &[(String, Leveled)]) -> String {
    let mut filter = base.to_owned();
    for (logger, leveled) in loggers.iter().filter(|(_, leveled)| leveled.changed_ms.is_some()) {
        let level = leveled.level.name();
        if logger == ROOT {
            filter.push_str(&format!(",{level}"));
            continue;
        }
        let java = TARGETS.iter().find(|(name, _)| logger == name || is_below(logger, name));
        match java {
            Some((_, targets)) => targets.iter().for_each(|target| filter.push_str(&format!(",{target}={level}"))),
            None => filter.push_str(&format!(",{}={level}", logger.replace("::", ".").replace('.', "::"))),
        }
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(base: &str) -> (Levels, Arc<Mutex<String>>) {
        let applied = Arc::new(Mutex::new(String::new()));
        let seen = applied.clone();
        (Levels::new(base.to_owned(), move |filter| *seen.lock().unwrap() = filter), applied)
    }

    #[test]
    fn a_level_is_set_under_the_names_of_connect() {
        let (levels, applied) = levels("librdkafka=error,info");
        assert_eq!(levels.set("io.debezium", "debug").unwrap(), ["io.debezium"]);
        assert_eq!(*applied.lock().unwrap(), "librdkafka=error,info,walcast=DEBUG");
        assert_eq!(levels.set("io.debezium", "DEBUG").unwrap(), Vec::<String>::new(), "nothing changes");
        assert_eq!(levels.of("io.debezium").unwrap().level, Level::Debug);
        assert!(levels.of("io.debezium").unwrap().changed_ms.is_some());
        assert_eq!(levels.set("walcast.wire", "TRACE").unwrap(), ["walcast.wire"]);
        assert!(applied.lock().unwrap().ends_with(",walcast::wire=TRACE"));
        assert_eq!(levels.set("walcast", "WARN").unwrap(), ["walcast", "walcast.wire"], "those below too");
        assert_eq!(levels.set("org.apache.kafka.clients", "INFO").unwrap(), Vec::<String>::new());
        assert_eq!(levels.set("io.debezium", "LOUD"), Err(NoLevel));
    }

    #[test]
    fn the_root_stands_for_all_that_have_none() {
        let (levels, applied) = levels("librdkafka=error,info");
        assert_eq!(levels.all(), [(ROOT.to_owned(), Leveled { level: Level::Info, changed_ms: None })]);
        assert_eq!(levels.set(ROOT, "DEBUG").unwrap(), [ROOT]);
        assert_eq!(*applied.lock().unwrap(), "librdkafka=error,info,DEBUG");
        assert_eq!(levels.set("x", "DEBUG").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_a_logger_never_reaches_the_filter() {
        let (levels, applied) = levels("info");
        for name in ["a,b=trace", "[x]=trace", "a b", ""] {
            assert_eq!(levels.set(name, "DEBUG").unwrap(), Vec::<String>::new(), "{name}");
        }
        assert!(applied.lock().unwrap().is_empty());
        (0..2 * MOST).for_each(|n| drop(levels.set(&format!("a{n}"), "DEBUG")));
        assert_eq!(levels.all().len(), MOST);
    }
}
