//! The projection example, built and deployed by its template into an engine with DynamoDB, its streams and Lambda: events are put
//! into their table, and the mapping calls the function.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn events_that_are_put_into_their_table_become_accounts() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "projection", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/projection.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/projection"))
        .arg(built["projection"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "projection.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    let account = |id: &str, version: u32, cents: i32| json!({ "account": id, "version": version, "owner": format!("owner of {id}"), "cents": cents });
    for id in ["ada", "bob", "eve"] {
        assert_eq!(report["counted"][id], account(id, 12, (2..12).sum::<i32>() - 100));
        assert_eq!(
            report["after a replay"][id],
            account(id, 13, (2..12).sum::<i32>() - 99),
            "nothing twice, nothing taken away"
        );
    }
    // From the first that failed on, all come again.
    assert_eq!(
        report["wrong turn"],
        json!({ "batchItemFailures": [{ "itemIdentifier": "2" }, { "itemIdentifier": "3" }] })
    );
    assert_eq!(report["after a wrong turn"]["version"], 14);

    let log = report["log"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let lines = log.filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Vec<_>>();
    let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    assert_eq!(count("applied"), 3 * 13 + 1, "{lines:#?}");
    assert_eq!(count("already applied"), 3, "{lines:#?}");

    assert!(
        lines.iter().any(|line| line["message"] == "the record failed"
            && line["error"].to_string().contains("last applied event: 14")),
        "{lines:#?}"
    );
}
