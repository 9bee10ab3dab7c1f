//! Writes metrics as blobs of CloudWatch's
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use super::buffer::{Buffer, Metric, further_set, main_set};
use super::dimensions::{Dimension, DimensionSet, put};
use super::limits::{BLOB_BYTES, METRICS_PER_BLOB, VALUES_PER_METRIC};
use super::settings::{Settings, milliseconds};

/// The maximum size of a blob's sets of dimensions, in bytes: with the maximum metadata of an invocation, and one set
/// of the longest dimensions, a metric still fits into [`BLOB_BYTES`].
const SETS_BYTES: usize = 64 * 1024;

/// Appends all blobs, one per line. Returns the names of metrics that are omitted because a dimension of the layer has
/// the same name.
///
/// Metrics beyond the limits of a blob are in further blobs with the same dimensions and metadata.
pub(super) fn write(settings: &Settings, buffer: &Buffer, to: &mut Vec<u8>) -> Vec<String> {
    let mut left_out = Vec::new();
    for group in &buffer.groups {
        if group.metrics.is_empty() {
            continue;
        }
        let frames = Frame::all(settings, buffer, &group.labels);
        let is_taken = |name: &str| frames.iter().any(|frame| frame.names.contains(&name));
        let (clashing, metrics): (Vec<_>, Vec<_>) = group.metrics.iter().partition(|metric| is_taken(&metric.name));
        left_out.extend(clashing.into_iter().map(|metric| metric.name.clone()));
        let chunks = |metric: &&Metric| metric.values.len().div_ceil(VALUES_PER_METRIC);
        for round in 0..metrics.iter().map(chunks).max().unwrap_or_default() {
            let values = |metric: &&'_ Metric| metric.values.chunks(VALUES_PER_METRIC).nth(round).is_some();
            for frame in &frames {
                frame.write(round, metrics.iter().copied().filter(values), to);
            }
        }
    }
    left_out
}

/// Appends the blob of a cold start, in Powertools' format, with the function's name and the service as its only
/// dimensions.
pub(super) fn write_cold_start(settings: &Settings, function_name: &str, to: &mut Vec<u8>) {
    let mut set = Vec::new();
    if !function_name.is_empty() {
        set.push(("function_name", function_name));
    }
    if let Some(service) = &settings.service {
        put(&mut set, "service", service);
    }
    let frame = Frame::of_sets(settings, milliseconds(settings.now()), &[set], &[]);
    frame.finish(br#"{"Name":"ColdStart","Unit":"Count"}"#, br#","ColdStart":[1.0]"#, to);
}

/// Returns the number of these sets that fit into one blob: at least one.
fn fitting(sets: &[DimensionSet<'_>]) -> usize {
    // The text is printable ASCII, so only these are escaped.
    let bytes = |text: &str| text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 4;
    let (mut names, mut size) = (Vec::new(), 0);
    for (index, set) in sets.iter().enumerate() {
        for (name, value) in set {
            size += bytes(name);
            if !names.contains(name) {
                names.push(*name);
                size += bytes(name) + bytes(value);
            }
        }
        if index > 0 && size > SETS_BYTES {
            return index;
        }
    }
    sets.len()
}

/// The parts that the blobs of a group share.
struct Frame<'a> {
    /// The text up to the list of metrics.
    head: Vec<u8>,
    /// The members of the root that are not metrics, each with the comma before it.
    root: Vec<u8>,
    names: Vec<&'a str>,
}

/// Closes the list of metrics, its directive, the list of directives, and `_aws`.
const AFTER_METRICS: &[u8] = b"]}]}";

impl<'a> Frame<'a> {
    /// Returns one frame, or several if the sets of dimensions would leave no space for metrics. CloudWatch creates a
    /// separate series of each set, so sets may be in different blobs.
    fn all(settings: &'a Settings, buffer: &'a Buffer, labels: &'a [Dimension]) -> Vec<Self> {
        let mut sets = vec![main_set(Some(settings), buffer, labels)];
        sets.extend(buffer.sets.iter().map(|set| further_set(Some(settings), set, labels)));
        let timestamp = buffer.timestamp.unwrap_or_else(|| milliseconds(settings.now()));
        let mut rest = sets.as_slice();
        let mut frames = Vec::with_capacity(1);
        while !rest.is_empty() {
            let (part, others) = rest.split_at(fitting(rest));
            frames.push(Self::of_sets(settings, timestamp, part, &buffer.metadata));
            rest = others;
        }
        frames
    }

    fn of_sets(
        settings: &Settings,
        timestamp: u64,
        sets: &[DimensionSet<'a>],
        metadata: &'a [(String, String)],
    ) -> Self {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(br#"{"_aws":{"Timestamp":"#);
        head.extend_from_slice(timestamp.to_string().as_bytes());
        head.extend_from_slice(br#","CloudWatchMetrics":[{"Namespace":"#);
        write_str(&mut head, settings.namespace.as_deref().unwrap_or_default());
        head.extend_from_slice(br#","Dimensions":["#);
        let mut root = Vec::with_capacity(256);
        let mut names = Vec::new();
        for (index, set) in sets.iter().enumerate() {
            head.extend_from_slice(if index == 0 { b"[" } else { b",[" });
            for (index, (name, value)) in set.iter().enumerate() {
                if index > 0 {
                    head.push(b',');
                }
                write_str(&mut head, name);
                if !names.contains(name) {
                    names.push(name);
                    write_key(&mut root, name);
                    write_str(&mut root, value);
                }
            }
            head.push(b']');
        }
        head.extend_from_slice(br#"],"Metrics":["#);
        for (key, json) in metadata {
            if !names.contains(&key.as_str()) {
                names.push(key);
                write_key(&mut root, key);
                root.extend_from_slice(json.as_bytes());
            }
        }
        if let Some(level) = settings.log_level
            && let Some(time) = rfc_3339(timestamp)
            && !names.contains(&"level")
            && !names.contains(&"timestamp")
        {
            names.extend(["level", "timestamp"]);
            write_key(&mut root, "level");
            write_str(&mut root, level);
            write_key(&mut root, "timestamp");
            write_str(&mut root, &time);
        }
        Self { head, root, names }
    }

    /// Appends the blobs of these metrics, with the chunk of their values for this round.
    fn write<'m>(&self, round: usize, metrics: impl Iterator<Item = &'m Metric>, to: &mut Vec<u8>) {
        let (mut definitions, mut targets) = (Vec::with_capacity(512), Vec::with_capacity(512));
        let mut count = 0;
        for metric in metrics {
            let (before, values_before) = (definitions.len(), targets.len());
            write_definition(&mut definitions, metric, count == 0);
            write_values(&mut targets, metric, round);
            let bytes = self.head.len() + definitions.len() + AFTER_METRICS.len() + self.root.len() + targets.len() + 2;
            if count > 0 && (count == METRICS_PER_BLOB || bytes > BLOB_BYTES) {
                self.finish(&definitions[..before], &targets[..values_before], to);
                // The metric that did not fit is the first of the next blob, without its comma.
                definitions.drain(..=before);
                targets.drain(..values_before);
                count = 0;
            }
            count += 1;
        }
        if count > 0 {
            self.finish(&definitions, &targets, to);
        }
    }

    fn finish(&self, definitions: &[u8], targets: &[u8], to: &mut Vec<u8>) {
        for part in [&self.head, definitions, AFTER_METRICS, &self.root, targets, b"}\n"] {
            to.extend_from_slice(part);
        }
    }
}

/// Returns the time of a blob as Lambda reads it, which gives a line without a valid time the level `INFO`.
fn rfc_3339(milliseconds: u64) -> Option<String> {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))?;
    let mut text = String::with_capacity(24);
    // An error after the year 9999.
    write!(text, "{}", humantime::format_rfc3339_millis(time)).ok()?;
    Some(text)
}

fn write_definition(to: &mut Vec<u8>, metric: &Metric, first: bool) {
    to.extend_from_slice(if first { br#"{"Name":"# } else { br#",{"Name":"# });
    write_str(to, &metric.name);
    to.extend_from_slice(br#","Unit":""#);
    to.extend_from_slice(metric.unit.as_str().as_bytes());
    to.extend_from_slice(if metric.high_resolution { br#"","StorageResolution":1}"# } else { br#""}"# });
}

fn write_values(to: &mut Vec<u8>, metric: &Metric, round: usize) {
    write_key(to, &metric.name);
    let values = metric.values.chunks(VALUES_PER_METRIC).nth(round).unwrap_or_default();
    for (index, value) in values.iter().enumerate() {
        to.push(if index == 0 { b'[' } else { b',' });
        // Values were checked when they were recorded, so JSON has each of them.
        write_json(to, value);
    }
    to.push(b']');
}

fn write_key(to: &mut Vec<u8>, key: &str) {
    to.push(b',');
    write_str(to, key);
    to.push(b':');
}

fn write_str(to: &mut Vec<u8>, text: &str) {
    write_json(to, text);
}

/// Writes JSON to memory, which does not fail.
fn write_json(to: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    let _ = serde_json::to_writer(to, value);
}
