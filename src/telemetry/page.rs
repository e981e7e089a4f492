//! A page of Prometheus text. Escaping and layout are the `prometheus` crate's.

use std::collections::BTreeMap;

use prometheus::TextEncoder;
use prometheus::proto::{self, LabelPair, Metric, MetricFamily, MetricType};

use crate::connector::meters::Histogram;

/// Names and values of labels.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// Families by name; samples in the order in which they were added.
#[derive(Default)]
pub(super) struct Page {
    families: BTreeMap<String, MetricFamily>,
}

impl Page {
    pub(super) fn counter(&mut self, name: &str, help: &str, labels: Labels<'_>, value: u64) {
        let mut counter = proto::Counter::default();
        counter.set_value(value as f64);
        let mut metric = labelled(labels);
        metric.set_counter(counter);
        self.add(name, help, MetricType::COUNTER, metric);
    }

    /// A total that is no whole number: seconds.
    pub(super) fn counter_of_seconds(&mut self, name: &str, help: &str, labels: Labels<'_>, value: f64) {
        let mut counter = proto::Counter::default();
        counter.set_value(value);
        let mut metric = labelled(labels);
        metric.set_counter(counter);
        self.add(name, help, MetricType::COUNTER, metric);
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, labels: Labels<'_>, value: f64) {
        let mut gauge = proto::Gauge::default();
        gauge.set_value(value);
        let mut metric = labelled(labels);
        metric.set_gauge(gauge);
        self.add(name, help, MetricType::GAUGE, metric);
    }

    pub(super) fn whole(&mut self, name: &str, help: &str, labels: Labels<'_>, value: i64) {
        self.gauge(name, help, labels, value as f64);
    }

    /// 1 for the value that holds, 0 for the others it could be.
    pub(super) fn one_of(&mut self, name: &str, help: &str, labels: Labels<'_>, label: &str, all: &[&str], it: &str) {
        for value in all {
            let labels: Vec<_> = labels.iter().copied().chain([(label, *value)]).collect();
            self.whole(name, help, &labels, (*value == it).into());
        }
    }

    pub(super) fn histogram(&mut self, name: &str, help: &str, labels: Labels<'_>, histogram: &Histogram) {
        let mut told = proto::Histogram::default();
        let bucket = |(bound, count)| {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(count);
            bucket
        };
        told.set_bucket(histogram.cumulative().map(bucket).collect());
        told.set_sample_sum(histogram.sum_seconds());
        told.set_sample_count(histogram.count());
        let mut metric = labelled(labels);
        metric.set_histogram(told);
        self.add(name, help, MetricType::HISTOGRAM, metric);
    }

    fn add(&mut self, name: &str, help: &str, kind: MetricType, metric: Metric) {
        let family = self.families.entry(name.to_owned()).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(name.to_owned());
            family.set_help(help.to_owned());
            family.set_field_type(kind);
            family
        });
        family.mut_metric().push(metric);
    }

    pub(super) fn text(self) -> String {
        let families: Vec<_> = self.families.into_values().collect();
        // Fails on a family without a name or without samples only, and there is none here.
        TextEncoder::new().encode_to_string(&families).unwrap_or_default()
    }
}

fn labelled(labels: Labels<'_>) -> Metric {
    let pair = |&(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    Metric::from_label(labels.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tables_cannot_break_out_of_their_label() {
        let mut page = Page::default();
        page.counter("n_total", "Some.", &[("table", "public.\"a\\b\nc\"")], 3);
        page.counter("n_total", "Some.", &[("table", "t")], 4);
        assert_eq!(
            page.text(),
            "# HELP n_total Some.\n# TYPE n_total counter\n\
             n_total{table=\"public.\\\"a\\\\b\\nc\\\"\"} 3\nn_total{table=\"t\"} 4\n"
        );
    }
}
