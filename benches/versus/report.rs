//! Figures of all runs: medians, ratios, JSON and a Markdown table.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

/// Figures by workload, contender and name, in the order they came; one value for each run.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
}

struct Line {
    workload: String,
    contender: String,
    figures: BTreeMap<&'static str, Vec<f64>>,
}

/// Columns of the table: figure, heading, digits behind the point.
const COLUMNS: &[(&str, &str, usize)] = &[
    ("rate", "rows/s", 0),
    ("mb", "MB/s", 0),
    ("cpu", "CPU-s per M rows", 2),
    ("walsender", "walsender", 2),
    ("broker", "broker", 2),
    ("peak", "peak MB", 0),
    ("first", "first record ms", 0),
    ("p50", "p50 ms", 1),
    ("p99", "p99 ms", 1),
    ("p999", "p99.9 ms", 1),
];

impl Report {
    pub fn add(&mut self, workload: &str, contender: &str, figures: &[(&'static str, f64)]) {
        let is = |line: &Line| line.workload == workload && line.contender == contender;
        let at = self.lines.iter().position(is).unwrap_or_else(|| {
            let (workload, contender) = (workload.to_owned(), contender.to_owned());
            self.lines.push(Line { workload, contender, figures: BTreeMap::new() });
            self.lines.len() - 1
        });
        for &(name, value) in figures {
            self.lines[at].figures.entry(name).or_default().push(value);
        }
        let said: Vec<String> = figures.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        println!("{workload:10} {contender:32} {}", said.join("  "));
    }

    pub fn median(&self, workload: &str, contender: &str, figure: &str) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.workload == workload && line.contender == contender)?;
        line.figures.get(figure).map(|values| median(values))
    }

    pub fn json(&self, about: Value) -> Value {
        let lines = self.lines.iter().map(|Line { workload, contender, figures }| {
            let mut line = Map::new();
            line.insert("workload".to_owned(), json!(workload));
            line.insert("contender".to_owned(), json!(contender));
            for (name, values) in figures {
                line.insert((*name).to_owned(), json!({ "median": median(values), "runs": values }));
            }
            Value::Object(line)
        });
        json!({ "about": about, "results": lines.collect::<Vec<_>>() })
    }

    /// A table for each workload, in which the first contender's rate is 1.
    pub fn markdown(&self, titles: &[(String, String)]) -> String {
        let mut text = String::new();
        for (workload, title) in titles {
            let lines: Vec<_> = self.lines.iter().filter(|line| line.workload == *workload).collect();
            if lines.is_empty() {
                continue;
            }
            let columns: Vec<_> =
                COLUMNS.iter().filter(|(name, ..)| lines.iter().any(|line| line.figures.contains_key(name))).collect();
            let first = lines[0].figures.get("rate").map(|values| median(values));
            let _ = write!(text, "\n### {title}\n\n| |");
            for (_, heading, _) in &columns {
                let _ = write!(text, " {heading} |");
            }
            text.push_str(if first.is_some() { " ratio |\n|---|" } else { "\n|---|" });
            text.push_str(&"---|".repeat(columns.len() + usize::from(first.is_some())));
            text.push('\n');
            for Line { contender, figures, .. } in lines {
                let _ = write!(text, "| {contender} |");
                for (name, _, digits) in &columns {
                    match figures.get(name) {
                        Some(values) => drop(write!(text, " {:.digits$} |", median(values))),
                        None => text.push_str(" |"),
                    }
                }
                if let (Some(first), Some(values)) = (first, figures.get("rate")) {
                    let _ = write!(text, " {:.2} |", median(values) / first);
                }
                text.push('\n');
            }
        }
        text
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}
