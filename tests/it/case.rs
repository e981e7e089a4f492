//! A recorded case as its folder says it: `case.json`, SQL files, and the records that are expected.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// What Debezium wrote.
pub const RECORDED: &str = "expected.jsonl";
/// What walcast promises where Debezium crashes or loses data; stands in place of the recording.
pub const PROMISED: &str = "expected.walcast.jsonl";
/// What `walcast.compatibility=correct` gives, where that differs.
pub const CORRECT: &str = "expected.correct.jsonl";

/// `case.json`. All keys are optional but `description`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    pub description: String,
    /// Connector settings over the defaults; null removes one.
    pub config: Map<String, Value>,
    pub worker: Map<String, Value>,
    pub extensions: Vec<String>,
    /// Major versions of Postgres the case holds for.
    pub pg_min: Option<u32>,
    pub pg_max: Option<u32>,
    /// Instead of setup.sql, start, stream.sql.
    pub steps: Option<Vec<Step>>,
    /// Globs of further topics that belong to the case.
    pub extra_topics: Vec<String>,
    /// Globs of topics whose number of records depends on time.
    pub volatile_topics: Vec<String>,
    /// Partitions and settings of the topics count too.
    pub dump_topic_configs: bool,
    pub expect: Expect,
    /// Seconds without a record that mean "all are here", where the slot cannot tell.
    pub settle: Option<f64>,
    /// Patience of the recorder; has no meaning here.
    pub timeout: Option<f64>,
    /// The recorder's stack; has no meaning here.
    pub stack: Value,
    /// Why there is an `expected.walcast.jsonl`.
    pub walcast: Option<String>,
    /// Why there is an `expected.correct.jsonl`.
    pub correct: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    #[default]
    Streaming,
    /// Runs, and never streams.
    Running,
    /// Ends, or its task fails.
    Failed,
}

/// What to do next; a step without an argument is written `{"kill": true}`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub enum Step {
    Sql {
        sql: String,
    },
    Query {
        query: String,
    },
    Start {
        #[serde(rename = "start")]
        _yes: bool,
        expect: Option<Expect>,
    },
    Stop {
        #[serde(rename = "stop")]
        _yes: bool,
        drain: Option<bool>,
    },
    Kill {
        #[serde(rename = "kill")]
        _yes: bool,
    },
    Config {
        config: Map<String, Value>,
    },
    WaitRecords {
        wait_records: Records,
    },
    Drain {
        #[serde(rename = "drain")]
        _yes: bool,
    },
    Sleep {
        sleep: f64,
    },
    Produce {
        produce: Produce,
    },
}

/// So many records in a topic, named without the prefix.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    pub topic: String,
    pub count: i64,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Produce {
    pub topic: String,
    pub key: Option<String>,
    pub value: Option<String>,
}

pub struct Case {
    /// Also the topic prefix, and with `c_` in front the database.
    pub name: String,
    pub folder: PathBuf,
    pub document: Document,
}

impl Case {
    /// All cases, by name.
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let entries = fs::read_dir(&root).expect("tests/cases").map(|e| e.expect("an entry").path());
        let cases = entries.filter(|path| path.is_dir()).map(|path| (path.clone(), Self::load(path)));
        cases.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn load(folder: PathBuf) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("case.json")).unwrap_or_else(|e| panic!("{name}/case.json: {e}"));
        let mut document: Document = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.json: {e}"));
        if document.walcast.is_some() && document.expect == Expect::Failed {
            // What is promised is that we do not fail.
            document.expect = Expect::Streaming;
        }
        let case = Self { name, folder, document };
        let reasons = [(PROMISED, &case.document.walcast, "walcast"), (CORRECT, &case.document.correct, "correct")];
        for (file, reason, key) in reasons {
            assert_eq!(case.has(file), reason.is_some(), "{}: {file} and its reason in case.json, {key:?}", case.name);
        }
        case
    }

    pub fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// `exact` or `correct`, each with the file of the records it must give.
    pub fn expectations(&self) -> Vec<(&str, &'static str)> {
        let recorded = if self.has(PROMISED) { PROMISED } else { RECORDED };
        if let Some(own) = self.document.config.get("walcast.compatibility").and_then(Value::as_str) {
            return vec![(own, recorded)];
        }
        let correct = if self.has(CORRECT) { CORRECT } else { recorded };
        vec![("exact", recorded), ("correct", correct)]
    }

    pub fn steps(&self) -> Vec<Step> {
        self.document.steps.clone().unwrap_or_else(|| {
            let sql = |name: &str| self.has(name).then(|| Step::Sql { sql: name.to_owned() });
            let start = Step::Start { _yes: true, expect: None };
            [sql("setup.sql"), Some(start), sql("stream.sql")].into_iter().flatten().collect()
        })
    }
}
