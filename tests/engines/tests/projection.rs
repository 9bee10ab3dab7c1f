//! The projection example, built and deployed by its template into an engine with DynamoDB, its streams and Lambda: events are put
//! into their table, and the mapping calls the function.

use engines::Engine;
use serde_json::json;

#[test]
fn events_become_accounts_also_if_some_never_arrive_and_while_the_accounts_are_rebuilt() {
    let engine = Engine::shared();
    let report = engine.report_of("projection", "projection.py");

    let sum = (2..12).sum::<i32>() - 100;
    for id in ["ada", "bob", "eve"] {
        let account = |sequence: i32, amount: i32| json!([sequence, format!("owner of {id}"), amount]);
        assert_eq!(report["counted"][id], account(12, sum));
        assert_eq!(report["after a replay"][id], account(13, sum + 1));
        assert_eq!(report["after a rebuild"][id], account(33, sum + 21), "{}", report["log"]);
    }
    let rebuilt = report["rebuilt"].as_array().expect("answers");
    assert!(rebuilt.len() == 6 && rebuilt.iter().all(|sequence| sequence.as_u64() >= Some(13)), "{rebuilt:?}");
    let missing = "event 1 of the account is missing in the events table, or invalid: correct it there";
    assert_eq!(report["no account"]["errorMessage"], missing);

    assert_eq!(report["healed"], json!(vec![json!({ "batchItemFailures": [] }); 4]));
    assert_eq!(report["after healing"], json!([250, "kim", 250]));
    // From the first failure on, all are sent again.
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": "2" }, { "itemIdentifier": "3" }] });
    assert_eq!(report["missing"], failed);
    assert_eq!(report["before the missing event"], json!([251, "kim", 251]));
    assert_eq!(report["late"], json!({ "batchItemFailures": [] }));
    assert_eq!(report["after the late event"], json!([253, "kim", 253]));

    assert_eq!(report["changed"], json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] }));
    assert_eq!(report["after the change"], json!([253, "kim", 253]));
    assert_eq!(report["changed, after a rebuild"], json!({ "batchItemFailures": [] }));
    assert_eq!(report["rebuilt with the change"], json!([253, "kim", 1252]));

    let log = report["log"].to_string();
    for error in ["of the account is missing in the events table", "was changed or removed after it was applied"] {
        assert!(log.contains(error), "{error}: {log}");
    }
}
