//! One session with a real Connect, call by call, against walcast (`tests/rest`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::rig::{Database, Folder, Walcast, connector, kafka, postgres, read, unique, wait_for};

#[derive(Deserialize)]
struct Call {
    call: String,
    method: String,
    path: String,
    body: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    status: u16,
    r#type: Option<String>,
    location: Option<String>,
    allow: Option<String>,
    #[serde(default)]
    answer: Value,
}

/// What is another than recorded, of these calls.
#[derive(Deserialize)]
struct Difference {
    calls: Vec<String>,
    because: String,
    status: Option<u16>,
    /// A part of the message.
    message: Option<String>,
    /// The answer as a whole.
    answer: Option<Value>,
    /// As recorded with this text for that.
    replace: Option<(String, String)>,
    /// A list that holds some of what was recorded, and nothing else.
    #[serde(default)]
    subset: bool,
    /// The answer is not compared.
    #[serde(default)]
    any: bool,
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

struct Session {
    walcast: Walcast,
    database: Database,
    calls: Vec<Call>,
    differences: Vec<Difference>,
    cluster: Value,
}

#[test]
fn a_session_with_connect_is_answered_as_connect_did() {
    let folder = Folder::new();
    let database = Database::new(&unique("rest"));
    database
        .sql("CREATE TABLE item (id integer PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'one'), (2, 'two')");
    let name = unique("rest").replace('_', "-");
    let worker = format!(
        "bootstrap.servers={}\ngroup.id={name}\noffset.storage.topic={name}-offsets\n\
         offset.storage.replication.factor=1\noffset.flush.interval.ms=100\nrest.mask.secrets=false\n\
         status.storage.topic={name}-status\nstatus.storage.replication.factor=1\nrest.advertised.host.name=127.0.0.1\n\
         value.converter=org.apache.kafka.connect.json.JsonConverter\n",
        kafka()
    );
    let worker = folder.write("worker.properties", &worker);
    let walcast = Walcast::start(&folder, &["--worker", worker.to_str().expect("a path")]);
    let recorded = |name: &str| read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rest").join(name));
    let calls = recorded("calls.jsonl").lines().map(|line| serde_json::from_str(line).expect("a call")).collect();
    let differences = serde_json::from_str(&recorded("differences.json")).expect("differences");
    let cluster = walcast.call("GET", "/", None).1["kafka_cluster_id"].clone();
    let session = Session { walcast, database, calls, differences, cluster };
    let mut wrong = Vec::new();
    for call in &session.calls {
        if let Err(why) = session.play(call) {
            wrong.push(format!("{} {} {}: {why}", call.call, call.method, call.path));
        }
        session.settle(&call.call);
    }
    let named = session.differences.iter().flat_map(|difference| &difference.calls);
    let unknown: Vec<_> = named.filter(|name| !session.calls.iter().any(|call| call.call == **name)).collect();
    assert!(unknown.is_empty(), "differences of calls that are not there: {unknown:?}");
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), session.calls.len(), wrong.join("\n"));
    let Session { walcast, .. } = session;
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_level_that_is_set_is_the_level_of_the_log() {
    let (folder, database) = (Folder::new(), Database::new(&unique("levels")));
    let walcast = Walcast::start(&folder, &[]);
    let make = |name: &str| {
        let mut config = connector(&database.name, name);
        config[format!("unknown.of.{name}")] = json!("x");
        let body = json!({ "name": name, "config": config }).to_string();
        assert_eq!(walcast.call("POST", "/connectors", Some(&body)).0, 201);
        walcast.call("DELETE", &format!("/connectors/{name}"), None);
    };
    let level = |level: &str| {
        let body = json!({ "level": level }).to_string();
        assert_eq!(walcast.call("PUT", "/admin/loggers/io.debezium", Some(&body)), (200, json!(["io.debezium"])));
    };
    let (quiet, loud) = (unique("quiet"), unique("loud"));
    level("ERROR");
    make(&quiet);
    level("WARN");
    make(&loud);
    wait_for("the warning", || walcast.log().contains(&format!("unknown.of.{loud}")));
    assert!(!walcast.log().contains(&format!("unknown.of.{quiet}")));
    assert_eq!(walcast.call("GET", "/admin/loggers/io.debezium", None).1["level"], "WARN");
    assert_eq!(walcast.stop(), 0);
}

impl Session {
    fn play(&self, call: &Call) -> Result<(), String> {
        let headers = match (&call.body, call.headers.is_empty()) {
            (Some(_), true) => BTreeMap::from([("Content-Type".to_owned(), "application/json".to_owned())]),
            _ => call.headers.clone(),
        };
        let body = call.body.as_deref().map(|body| self.filled(body));
        let answer = self.send(&call.method, &call.path, &headers, body.as_deref());
        let found = serde_json::from_str(&answer.body).unwrap_or_else(|_| Value::String(answer.body.clone()));
        let as_recorded = self.as_recorded(call, &answer, &found);
        let Some(difference) = self.differences.iter().find(|known| known.calls.contains(&call.call)) else {
            return as_recorded;
        };
        if as_recorded.is_ok() {
            return Err(format!("is as recorded, and yet it is said to differ because {}", difference.because));
        }
        let status = difference.status.unwrap_or(call.status);
        if answer.status != status {
            return Err(format!("status {} and not {status}: {}", answer.status, answer.body));
        }
        if let Some(part) = &difference.message {
            let message = found["message"].as_str().unwrap_or("");
            if !message.contains(&self.filled(part)) {
                return Err(format!("the message is {message:?}"));
            }
        }
        if let Some(expected) = &difference.answer {
            return same(&self.filled_value(expected), &found);
        }
        if let Some((from, to)) = &difference.replace {
            let expected = self.filled(&call.answer.to_string().replace(from, to));
            return same(&serde_json::from_str(&expected).expect("JSON"), &found);
        }
        if difference.subset {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            let (all, some) = (list(&call.answer), list(&found));
            return match some.iter().find(|one| !all.contains(one)) {
                None if !some.is_empty() => Ok(()),
                other => Err(format!("{other:?} is not among what was recorded")),
            };
        }
        assert!(difference.message.is_some() || difference.any, "{}: says nothing", call.call);
        Ok(())
    }

    fn as_recorded(&self, call: &Call, answer: &Answer, found: &Value) -> Result<(), String> {
        if answer.status != call.status {
            return Err(format!("status {} and not {}: {}", answer.status, call.status, answer.body));
        }
        let header = |name: &str| answer.headers.get(name).cloned();
        // Connect's own refusals of a router have none; of an empty answer nothing is asked.
        if header("content-type") != call.r#type {
            return Err(format!("content type {:?} and not {:?}", header("content-type"), call.r#type));
        }
        for (name, recorded) in [("location", &call.location), ("allow", &call.allow)] {
            let recorded = recorded.as_deref().map(|text| self.filled(text));
            if recorded.is_some() && header(name) != recorded {
                return Err(format!("{name} {:?} and not {recorded:?}", header(name)));
            }
        }
        if call.method == "HEAD" {
            return if answer.body.is_empty() { Ok(()) } else { Err("HEAD has a body".to_owned()) };
        }
        same(&self.normal(call, self.expected(&call.answer)), &self.normal(call, found.clone()))
    }

    /// Whole again, with what is this session's own.
    fn expected(&self, recorded: &Value) -> Value {
        let Some(base) = recorded.get("like").and_then(Value::as_str) else { return self.filled_value(recorded) };
        let base = self.calls.iter().find(|call| call.call == base).expect("the call that it is like");
        let mut configs = base.answer["configs"].as_array().expect("configs").clone();
        if let Some(names) = recorded.get("names").and_then(Value::as_array) {
            let definition = |name: &Value| {
                let changed = recorded["changed"].as_array().expect("definitions");
                let of = |definition: &&Value| definition["name"] == *name;
                let base = configs.iter().map(|config| &config["definition"]);
                changed.iter().find(of).or_else(|| base.clone().find(of)).expect("a definition").clone()
            };
            return Value::Array(names.iter().map(definition).collect());
        }
        for config in recorded["configs"].as_array().expect("configs") {
            let name = &config["definition"]["name"];
            match configs.iter_mut().find(|known| known["definition"]["name"] == *name) {
                Some(known) => *known = config.clone(),
                None => configs.push(config.clone()),
            }
        }
        let whole = json!({ "name": base.answer["name"], "error_count": recorded["error_count"],
            "groups": recorded["groups"], "configs": configs });
        self.filled_value(&whole)
    }

    fn filled_value(&self, value: &Value) -> Value {
        serde_json::from_str(&self.filled(&value.to_string())).expect("JSON")
    }

    fn filled(&self, text: &str) -> String {
        let pg = postgres();
        let own = [
            ("{port}", pg.port.to_string()),
            ("{user}", pg.user.clone()),
            ("{password}", pg.password.clone()),
            ("{database}", self.database.name.clone()),
            ("{worker}", format!("127.0.0.1:{}", self.walcast.port)),
            ("{cluster}", self.cluster.as_str().unwrap_or("").to_owned()),
        ];
        own.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Without what cannot be the same twice: times, positions, the order of sets.
    fn normal(&self, call: &Call, mut value: Value) -> Value {
        sort_sets(&mut value);
        if call.path == "/connectors" && call.method == "GET" {
            sort(&mut value);
        }
        if call.path.ends_with("/offsets")
            && let Some(entries) = value["offsets"].as_array_mut()
        {
            entries.iter_mut().for_each(|entry| entry["offset"] = json!("a position"));
        }
        if let Some(time) = value.get_mut("last_modified").filter(|time| time.is_u64()) {
            *time = json!("a time");
        }
        value
    }

    /// What was waited for after this call when it was recorded, and what else happened then.
    fn settle(&self, call: &str) {
        let running = |name: &str| self.wait(name, &["RUNNING", "RUNNING"]);
        match call {
            "037_create_transform_unknown_predicate"
            | "039_create_topic_creation_value"
            | "040_create_override_policy" => {
                self.walcast.call("DELETE", "/connectors/rest-refused", None);
            }
            "048_create" => running("rest-shop"),
            "054_create_failing" | "095_restart_only_failed" | "096_restart_only_failed_without_tasks" => {
                self.wait("rest-failing", &["RUNNING", "FAILED"]);
            }
            "073_task_status_failed" => self.wait_for("/connectors/rest-shop/topics", "item"),
            "081_put_config_creates" => running("rest-put"),
            "087_pause" | "090_restart_paused" => self.wait("rest-shop", &["PAUSED", "PAUSED"]),
            "091_resume" | "092_restart" | "093_restart_include_tasks" | "098_restart_task" | "129_resume_stopped" => {
                running("rest-shop");
            }
            "101_restart_stopped_include_tasks" => {
                self.database.sql("INSERT INTO item VALUES (3, 'three')");
                self.wait_for("/connectors/rest-shop/offsets", "lsn_proc");
            }
            "107_stop" | "114_stop_paused" => self.wait("rest-shop", &["STOPPED"]),
            "113_pause_stopped" => self.wait("rest-shop", &["PAUSED"]),
            _ => {}
        }
    }

    fn wait(&self, name: &str, wanted: &[&str]) {
        wait_for(&format!("{name} to be {wanted:?}"), || {
            let (_, status) = self.walcast.call("GET", &format!("/connectors/{name}/status"), None);
            let tasks = status["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
            let states = std::iter::once(&status["connector"]["state"]).chain(tasks.iter().map(|task| &task["state"]));
            states.map(|state| state.as_str().unwrap_or("")).eq(wanted.iter().copied())
        });
    }

    fn wait_for(&self, path: &str, part: &str) {
        wait_for(&format!("{path} to tell of {part}"), || {
            self.walcast.call("GET", path, None).1.to_string().contains(part)
        });
    }

    fn send(&self, method: &str, path: &str, headers: &BTreeMap<String, String>, body: Option<&str>) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", self.walcast.port);
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        if let Some(body) = body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let answer = crate::rig::talk(self.walcast.port, &format!("{head}\r\n{}", body.unwrap_or("")));
        let answer = answer.unwrap_or_else(|| panic!("{method} {path} got no answer\n{}", self.walcast.log()));
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        Answer {
            status: status.expect("a status"),
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }
}

/// Lists that are sets of Java: their order is another in each process. Traces: what failed, without the stack.
fn sort_sets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(trace) = object.get_mut("trace") {
                let text = trace.as_str().unwrap_or("").lines().next().unwrap_or("");
                *trace = json!(text);
            }
            if let Some(list) = object.get_mut("recommended_values") {
                sort(list);
            }
            if let Some(Value::Array(errors)) = object.get_mut("errors") {
                errors.iter_mut().for_each(sort_choices);
            }
            object.values_mut().for_each(sort_sets);
        }
        Value::Array(list) => list.iter_mut().for_each(sort_sets),
        _ => {}
    }
}

fn sort(list: &mut Value) {
    if let Value::Array(list) = list {
        list.sort_by_key(Value::to_string);
    }
}

fn sort_choices(error: &mut Value) {
    let text = error.as_str().unwrap_or("").to_owned();
    if let Some((before, choices)) = text.split_once("Value must be one of ") {
        let mut choices: Vec<_> = choices.split(", ").collect();
        choices.sort_unstable();
        *error = json!(format!("{before}Value must be one of {}", choices.join(", ")));
    }
}

/// The first place at which two values differ.
fn same(expected: &Value, found: &Value) -> Result<(), String> {
    fn walk(at: &str, expected: &Value, found: &Value) -> Result<(), String> {
        match (expected, found) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = |object: &Map<String, Value>| {
                    let mut keys: Vec<_> = object.keys().cloned().collect();
                    keys.sort();
                    keys
                };
                if keys(a) != keys(b) {
                    return Err(format!("{at}: keys {:?} and not {:?}", keys(b), keys(a)));
                }
                a.iter().try_for_each(|(key, value)| walk(&format!("{at}.{key}"), value, &b[key]))
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b).enumerate();
                pairs.try_for_each(|(index, (a, b))| walk(&format!("{at}[{index}]"), a, b))
            }
            (a, b) if a == b => Ok(()),
            (a, b) => Err(format!("{at}: {b} and not {a}")),
        }
    }
    // An empty body and none are one.
    let nothing = |value: &Value| value.is_null() || *value == json!("");
    if nothing(expected) && nothing(found) { Ok(()) } else { walk("", expected, found) }
}
