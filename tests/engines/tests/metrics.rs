//! A built binary behind a Runtime API (lambda-simulator): its metrics on standard output, of invocations that run at once.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use engines::binary::Guarded;
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use serde_json::{Value, json};

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

const INVOCATIONS: u64 = 500;

fn end_of(number: u64) -> &'static str {
    match number % 10 {
        3 => "fail",
        7 => "panic",
        _ => "answer",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_five_hundred_invocations_at_once_has_one_blob_of_its_own_however_it_ends() {
    let simulator = Simulator::builder().function_name("metered").build().await.expect("the simulator starts");
    let mut command = Command::new(env!("CARGO_BIN_EXE_metered"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).envs(simulator.lambda_env_vars());
    command.env("AWS_LAMBDA_MAX_CONCURRENCY", "8").env("POWERTOOLS_SERVICE_NAME", "metered");
    let mut child = command.spawn().map(Guarded).expect("the function starts");
    let mut pipe = child.0.stdout.take().expect("a pipe");
    // Read all the time, so that the function never waits for us.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    });

    let mut asked = Vec::new();
    for number in 0..INVOCATIONS {
        let event = json!({ "number": number, "end": end_of(number) });
        let invocation = InvocationBuilder::new().payload(event).build().expect("an invocation");
        asked.push((number, simulator.enqueue(invocation).await));
    }
    for (number, id) in &asked {
        let outcome = simulator.wait_for_invocation_complete(id, PATIENCE).await.expect("an outcome");
        assert_eq!(matches!(outcome.status, InvocationStatus::Success), end_of(*number) == "answer", "{number}");
    }
    drop(child);

    let text = reader.join().expect("the reader");
    let lines =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}")));
    let (blobs, logs): (Vec<Value>, Vec<Value>) = lines.partition(|line: &Value| line.get("_aws").is_some());
    let (cold, blobs): (Vec<_>, Vec<_>) = blobs.into_iter().partition(|blob| blob.get("ColdStart").is_some());
    assert_eq!(cold.len(), 1);
    assert_eq!((&cold[0]["function_name"], &cold[0]["service"]), (&json!("metered"), &json!("metered")));

    let mut of_each: HashMap<u64, usize> = HashMap::new();
    for blob in &blobs {
        let number = blob["number"].as_u64().expect("the metadata");
        *of_each.entry(number).or_default() += 1;
        assert_eq!((&blob["Steps"], &blob["Spawned"]), (&json!([5.0]), &json!([1.0])));
        assert_eq!(blob["Number"], Value::from(vec![number as f64; 5]));
        assert_eq!(blob["InvocationLatency"].as_array().map(Vec::len), Some(1));
        let directive = &blob["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Probe"), &json!([["service"]])));
    }
    assert!((0..INVOCATIONS).all(|number| of_each.get(&number) == Some(&1)), "one blob each: {of_each:?}");
    let failures = (0..INVOCATIONS).filter(|number| end_of(*number) != "answer").count();
    assert_eq!(logs.iter().filter(|line| line["level"] == "ERROR").count(), failures, "and one line each");
}
