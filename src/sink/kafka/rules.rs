//! Which topics are created how: `topic.creation.*` of a connector.

use crate::debezium::pattern::PatternList;

/// Groups in the order they are asked; without any, creation is left to the broker.
#[derive(Clone, Debug, Default)]
pub struct TopicRules {
    pub groups: Vec<TopicGroup>,
}

#[derive(Clone, Debug)]
pub struct TopicGroup {
    pub name: String,
    pub include: PatternList,
    pub exclude: PatternList,
    /// -1: the broker's default.
    pub partitions: i32,
    /// -1: the broker's default.
    pub replication_factor: i16,
    /// Settings of the topic, as the broker names them.
    pub configs: Vec<(String, String)>,
}

/// A key and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct BadRule {
    pub key: String,
    pub why: String,
}

const PREFIX: &str = "topic.creation.";

impl TopicRules {
    /// Reads the `topic.creation.*` keys of a connector and passes over all others. Partitions and replication factor
    /// fall back to the default group, other settings do not.
    pub fn parse<'a>(config: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadRule> {
        let keys: Vec<_> =
            config.into_iter().filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value.trim()))).collect();
        if !keys.iter().any(|(key, _)| *key != "enable") {
            return Ok(Self::default());
        }
        let value = |key: &str| keys.iter().rev().find(|(k, _)| *k == key).map(|(_, value)| *value);
        let default = TopicGroup::parse("default", &keys, None)?;
        let mut groups = Vec::new();
        for name in value("groups").unwrap_or("").split(',').map(str::trim) {
            if !name.is_empty() && name != "default" {
                groups.push(TopicGroup::parse(name, &keys, Some(&default))?);
            }
        }
        groups.push(default);
        Ok(Self { groups })
    }

    pub fn is_active(&self) -> bool {
        !self.groups.is_empty()
    }

    /// The first group that wants this topic.
    pub fn group(&self, topic: &str) -> Option<&TopicGroup> {
        self.groups.iter().find(|group| group.include.matches(topic) && !group.exclude.matches(topic))
    }
}

impl TopicGroup {
    fn parse(name: &str, keys: &[(&str, &str)], default: Option<&Self>) -> Result<Self, BadRule> {
        let prefix = format!("{name}.");
        let mut group = Self {
            name: name.to_owned(),
            include: PatternList::default(),
            exclude: PatternList::default(),
            partitions: default.map_or(0, |default| default.partitions),
            replication_factor: default.map_or(0, |default| default.replication_factor),
            configs: Vec::new(),
        };
        let (mut included, mut partitions, mut replicas) = (false, default.is_some(), default.is_some());
        for (key, value) in keys {
            let Some(setting) = key.strip_prefix(&prefix) else { continue };
            let bad = |why: &str| BadRule { key: format!("{PREFIX}{key}"), why: why.to_owned() };
            match setting {
                "include" => {
                    group.include = PatternList::parse_case_sensitive(value).map_err(|why| bad(&why))?;
                    included = true;
                }
                "exclude" => group.exclude = PatternList::parse_case_sensitive(value).map_err(|why| bad(&why))?,
                "partitions" => {
                    group.partitions = value.parse().map_err(|_| bad("expected a number, or -1"))?;
                    partitions = true;
                }
                "replication.factor" => {
                    group.replication_factor = value.parse().map_err(|_| bad("expected a number, or -1"))?;
                    replicas = true;
                }
                other => group.configs.push((other.to_owned(), (*value).to_owned())),
            }
        }
        let missing =
            |setting: &str| BadRule { key: format!("{PREFIX}{name}.{setting}"), why: "a value is required".to_owned() };
        match (included, partitions, replicas) {
            (_, _, false) => return Err(missing("replication.factor")),
            (_, false, _) => return Err(missing("partitions")),
            (false, ..) if default.is_some() => return Err(missing("include")),
            (false, ..) => {
                let all = PatternList::parse_case_sensitive(".*");
                group.include = all.map_err(|why| BadRule { key: PREFIX.to_owned(), why })?;
            }
            (true, true, true) => {}
        }
        Ok(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_that_wants_a_topic_makes_it() {
        let rules = TopicRules::parse([
            ("topic.prefix", "shop"),
            ("topic.creation.groups", "logs, big"),
            ("topic.creation.default.partitions", "-1"),
            ("topic.creation.default.replication.factor", "3"),
            ("topic.creation.default.cleanup.policy", "compact"),
            ("topic.creation.logs.include", r"shop\.log.*,audit"),
            ("topic.creation.logs.exclude", r"shop\.log_private"),
            ("topic.creation.logs.partitions", "1"),
            ("topic.creation.logs.retention.ms", "1000"),
            ("topic.creation.big.include", r"shop\.big"),
        ])
        .unwrap();
        let made = |topic| {
            let group = rules.group(topic).unwrap();
            (group.name.as_str(), group.partitions, group.replication_factor, group.configs.len())
        };
        assert_eq!(made("shop.logins"), ("logs", 1, 3, 1));
        assert_eq!(made("shop.LOGINS"), ("default", -1, 3, 1));
        assert_eq!(made("shop.log_private"), ("default", -1, 3, 1));
        assert_eq!(made("audit"), ("logs", 1, 3, 1));
        assert_eq!(made("shop.big"), ("big", -1, 3, 0));
        assert_eq!(rules.groups[0].configs, [("retention.ms".to_owned(), "1000".to_owned())]);
    }

    #[test]
    fn without_rules_the_broker_creates_topics() {
        let rules = TopicRules::parse([("topic.creation.enable", "true"), ("topic.prefix", "p")]).unwrap();
        assert!(!rules.is_active() && rules.group("p.t").is_none());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let default = [("topic.creation.default.partitions", "1"), ("topic.creation.default.replication.factor", "1")];
        let key = |extra: &[(&'static str, &'static str)]| {
            TopicRules::parse(default.iter().chain(extra).copied()).unwrap_err().key
        };
        assert_eq!(TopicRules::parse([default[0]]).unwrap_err().key, "topic.creation.default.replication.factor");
        assert_eq!(TopicRules::parse([default[1]]).unwrap_err().key, "topic.creation.default.partitions");
        assert_eq!(key(&[("topic.creation.groups", "g")]), "topic.creation.g.include");
        assert_eq!(key(&[("topic.creation.default.partitions", "many")]), "topic.creation.default.partitions");
        assert_eq!(key(&[("topic.creation.default.exclude", "(")]), "topic.creation.default.exclude");
    }
}
