//! Random connector and converter settings.

use serde_json::{Map, Value, json};

use crate::random::Random;

const CONNECTOR: &[(&str, &[&str])] = &[("tombstones.on.delete", &["true", "false"])];

const WORKER: &[(&str, &[&str])] =
    &[("key.converter.schemas.enable", &["false"]), ("value.converter.schemas.enable", &["false"])];

pub(crate) fn connector(random: &mut Random) -> Map<String, Value> {
    some(random, CONNECTOR, 20)
}

pub(crate) fn worker(random: &mut Random) -> Map<String, Value> {
    some(random, WORKER, 20)
}

fn some(random: &mut Random, settings: &[(&str, &[&str])], percent: u32) -> Map<String, Value> {
    let mut chosen = Map::new();
    for (key, values) in settings {
        if random.chance(percent) {
            chosen.insert((*key).to_owned(), json!(random.pick(values)));
        }
    }
    chosen
}
