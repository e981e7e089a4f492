//! Connectors for tests: what one does stands in its setting `fake`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{Launch, Reached, Running, Strings};
use crate::connector::{Activity, Status};
use crate::offsets;
use crate::settings::{Problem, Raw, value};

/// How often each connector was started.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    starts: Arc<Mutex<HashMap<String, u32>>>,
}

impl Fake {
    pub(crate) fn starts(&self, name: &str) -> u32 {
        self.starts.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

pub(crate) fn config(name: &str, fake: &str) -> Raw {
    vec![("fake".to_owned(), fake.to_owned()), ("name".to_owned(), name.to_owned())]
}

impl Launch for Fake {
    fn check(&self, name: &str, config: &Raw) -> Result<(), Vec<Problem>> {
        if name.is_empty() || value(config, "fake") == Some("invalid") {
            return Err(vec![Problem::new("fake", "Invalid value invalid for configuration fake: not today")]);
        }
        Ok(())
    }

    fn reach<'a>(&'a self, _: &'a str, _: &'a Raw) -> Reached<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn offsets(&self, name: &str) -> offsets::Config {
        offsets::Config::File(std::env::temp_dir().join(format!("walcast-{name}.offsets.json")))
    }

    fn launch(&self, name: &str, config: &Raw, strings: Strings) -> Result<Running, Vec<Problem>> {
        self.check(name, config)?;
        *self.starts.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        let fake = value(config, "fake").unwrap_or("").to_owned();
        let Strings { mut paused, status, stop, .. } = strings;
        let publish = move |activity| {
            status.send_replace(Status { activity, ..Status::default() });
        };
        Ok(Box::pin(async move {
            match fake.as_str() {
                "fails" => {
                    publish(Activity::Failed { why: "no publication".into(), remedy: "create one".into() });
                    return Err("no publication".to_owned());
                }
                "panics" => panic!("as the test wants"),
                "stubborn" => std::future::pending::<()>().await,
                _ => {}
            }
            loop {
                let activity = if *paused.borrow_and_update() { Activity::Paused } else { Activity::Streaming };
                publish(activity);
                tokio::select! {
                    () = stop.cancelled() => break,
                    changed = paused.changed() => if changed.is_err() { break },
                }
            }
            // As if something were drained: gives a caller time to go away.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            publish(Activity::Stopped);
            Ok(())
        }))
    }
}
