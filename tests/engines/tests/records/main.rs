//! Record functions behind the real event source mappings of an engine: the probe `records` as a built `bootstrap`, called by
//! queues, streams, topics and rules. `records.py` sends and waits; here it is judged.
//!
//! The engine treats a partial batch response of a stream as success, so of streams only the delivery is shown here. What AWS
//! makes of the responses is modelled by `pilaster::testing`'s mappings.

mod events;
mod queues;
mod streams;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use engines::Engine;
use serde_json::Value;

/// The report of `records.py`.
struct Seen(Value);

impl Seen {
    /// Plays a scenario to its end.
    fn of(scenario: &str) -> Self {
        let engine = Engine::shared();
        let output = Command::new(engine.program("python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/records.py"))
            .arg(engine.endpoint())
            .args([env!("CARGO_BIN_EXE_records"), scenario])
            .stderr(Stdio::inherit())
            .output()
            .expect("python starts");
        assert!(output.status.success(), "records.py {scenario} failed");
        Self(serde_json::from_slice(&output.stdout).expect("what it saw"))
    }

    /// Of an item of the probe's table: the texts of a list.
    fn list(&self, id: &str, list: &str) -> Vec<&str> {
        let texts = self.0["ledger"][id][list].as_array();
        texts.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// At which deliveries of it, by their receive counts, a record was begun.
    fn begun(&self, record: &str) -> Vec<&str> {
        self.list(&format!("record#{record}"), "begun")
    }

    /// At which deliveries it was done.
    fn done(&self, record: &str) -> Vec<&str> {
        self.list(&format!("record#{record}"), "done")
    }

    /// Returns the source's values of a record, at each delivery.
    fn seen(&self, record: &str) -> Vec<&str> {
        self.list(&format!("record#{record}"), "seen")
    }

    /// Returns the records of a group that were done, in this order.
    fn order(&self, group: &str) -> Vec<&str> {
        self.list(&format!("group#{group}"), "order")
    }

    /// The ids of what is in the dead-letter queue, or the whole text where it says none; in the queue's order.
    fn dead(&self) -> Vec<String> {
        let bodies = self.0["dead"].as_array().expect("messages").iter().filter_map(Value::as_str);
        let id = |body: &str| Some(serde_json::from_str::<Value>(body).ok()?["id"].as_str()?.to_owned());
        bodies.map(|body| id(body).unwrap_or_else(|| body.to_owned())).collect()
    }

    /// The function's log lines with this message.
    fn lines(&self, message: &str) -> Vec<Value> {
        let lines = self.0["log"].as_array().expect("lines").iter().filter_map(Value::as_str);
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    /// No record of any was done twice in one delivery, whatever else went wrong.
    fn assert_that_nothing_was_done_twice_in_one_delivery(&self) {
        for (id, item) in self.0["ledger"].as_object().expect("items") {
            let mut times = BTreeMap::<&str, usize>::new();
            for delivery in item["done"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                *times.entry(delivery).or_default() += 1;
            }
            assert!(times.values().all(|times| *times == 1), "{id}: {item}");
        }
    }
}
