//! Blobs of metrics beside those that Powertools for Python writes of the same calls, and judged by CloudWatch's schema.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use pilaster::observe::metrics::{CapturedMetrics, Unit};
use pilaster::{BoxError, MetricsLayer};
use serde_json::{Map, Value, json};

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A small generator (splitmix64), so that a seed says what is called.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

/// The calls of one invocation. Each metric has one unit and one resolution.
fn case(seed: u64) -> Value {
    let mut chance = Chance(seed);
    let mut calls = Vec::new();
    let metrics = 1 + chance.below(8);
    for metric in 0..metrics {
        let name = format!("{}{metric}", chance.of(&["Orders", "Zeit ü ", "a/b.c-d_e #:", "\u{65e5}\u{672c}"]));
        let (unit, resolution) = (chance.of(&UNITS), if chance.below(3) == 0 { 1 } else { 60 });
        for _ in 0..1 + chance.below(5) {
            let value = match chance.below(5) {
                0 => json!(0),
                1 => json!(chance.below(1 << 40)),
                2 => json!(-(chance.below(1000) as f64) / 8.0),
                3 => json!(chance.below(1 << 50) as f64 * 1e-9),
                _ => json!(1e15),
            };
            calls.push(json!(["metric", name, unit, value, resolution]));
        }
    }
    for dimension in 0..chance.below(4) {
        // CloudWatch takes ASCII alone, which Powertools does not check.
        let value = chance.of(&["eu", "\"quoted\\\"", "a b/c", "42"]);
        calls.push(json!(["dimension", format!("dimension{dimension}"), value]));
    }
    for member in 0..chance.below(4) {
        let value = [json!({ "nested": [1, null, "x"] }), json!("text"), json!(3.5), json!(null)];
        calls.push(json!(["metadata", format!("member{member}"), value[chance.below(4) as usize]]));
    }
    let defaults =
        if chance.below(2) == 0 { json!({}) } else { json!({ "environment": "test", "stage": "two words" }) };
    json!({ "namespace": "Shop", "service": "payment", "defaults": defaults, "calls": calls })
}

/// More than a blob takes: 250 metrics, and 250 values of one of them.
fn large() -> Value {
    let metrics = (0..250).map(|n| json!(["metric", format!("Metric{n}"), "Count", n, 60]));
    let values = (0..250).map(|n| json!(["metric", "Metric7", "Count", n, 60]));
    let calls = metrics.chain(values).collect::<Vec<_>>();
    json!({ "namespace": "Shop", "service": "payment", "defaults": {}, "calls": calls })
}

/// Returns the blobs of Pilaster for the calls.
fn written(case: &Value) -> Result<Vec<Value>, BoxError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let captured = CapturedMetrics::default();
    let mut layer = MetricsLayer::new().namespace(text(&case["namespace"])).service(text(&case["service"]));
    for (name, value) in case["defaults"].as_object().into_iter().flatten() {
        layer = layer.default_dimension(name, text(value));
    }
    let metrics = layer.writer(captured.clone()).metrics();
    for call in case["calls"].as_array().into_iter().flatten() {
        let name = text(&call[1]);
        match call[0].as_str() {
            Some("metric") => {
                let unit: Unit = text(&call[2]).parse()?;
                let value = call[3].as_f64().ok_or("a number")?;
                match call[4].as_u64() {
                    Some(1) => metrics.add_high_resolution(&name, unit, value)?,
                    _ => metrics.add(&name, unit, value)?,
                }
            }
            Some("dimension") => metrics.dimension(&name, text(&call[2]))?,
            _ => metrics.metadata(&name, &call[2])?,
        }
    }
    metrics.flush();
    Ok(captured.blobs())
}

/// A blob without its time, its dimensions and metrics in one order: that of neither side means anything.
fn compared(blob: &Value) -> Map<String, Value> {
    let mut blob = blob.as_object().expect("an object").clone();
    let directive = &blob["_aws"]["CloudWatchMetrics"][0];
    let sorted = |list: &Value| {
        let mut list = list.as_array().expect("a list").clone();
        list.sort_by_key(Value::to_string);
        list
    };
    let sets = directive["Dimensions"].as_array().expect("sets").iter().map(sorted).collect::<Vec<_>>();
    // A resolution that is left out is 60.
    let metrics = sorted(&directive["Metrics"]).into_iter().map(|metric| {
        (metric["Name"].clone(), metric["Unit"].clone(), metric.get("StorageResolution").cloned().unwrap_or(json!(60)))
    });
    let directive = json!([directive["Namespace"], sets, metrics.collect::<Vec<_>>()]);
    blob.insert("_aws".to_owned(), directive);
    blob
}

/// All values of each metric, whichever blobs they are in.
fn values(blobs: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut values = BTreeMap::<String, Vec<String>>::new();
    for blob in blobs {
        for metric in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("metrics") {
            let name = metric["Name"].as_str().expect("a name");
            values
                .entry(name.to_owned())
                .or_default()
                .extend(blob[name].as_array().expect("values").iter().map(Value::to_string));
        }
    }
    values.values_mut().for_each(|values| values.sort());
    values
}

#[test]
fn powertools_for_python_writes_the_same_blobs_of_the_same_calls_and_cloudwatchs_schema_takes_them()
-> Result<(), BoxError> {
    let mut cases = (0..300).map(case).collect::<Vec<_>>();
    cases.push(large());
    let ours = cases.iter().map(written).collect::<Result<Vec<_>, _>>()?;

    let mut python = Command::new(engines::programs().join("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/emf.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    let asked = json!({ "cases": cases, "blobs": ours.concat() }).to_string();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = python.wait_with_output().expect("its end");
    writer.join().expect("the writer")?;
    assert!(output.status.success(), "emf.py failed");
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["mistakes"], json!([]), "what the schema says");

    let theirs: Vec<Vec<Value>> = serde_json::from_value(report["blobs"].clone())?;
    let (small, large) = (cases.len() - 1, cases.len() - 1);
    for at in 0..small {
        assert_eq!((ours[at].len(), theirs[at].len()), (1, 1), "{}", cases[at]);
        assert_eq!(compared(&ours[at][0]), compared(&theirs[at][0]), "{}", cases[at]);
    }
    // They split at different places, and lose nothing.
    assert_eq!(values(&ours[large]), values(&theirs[large]));
    Ok(())
}
