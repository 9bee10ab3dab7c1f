//! The tenants example, built and deployed by its template into an engine with DynamoDB and Cognito.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn a_user_reaches_the_notes_of_the_tenant_in_the_token_and_no_others() {
    let engine = Engine::shared();
    let report = engine.report_of("tenants", "tenants.py");

    for (request, status, body) in [
        ("acme writes", 200, Value::Null),
        ("globex writes", 200, Value::Null),
        ("acme reads", 200, json!({ "text": "of acme" })),
        ("globex reads", 200, json!({ "text": "of globex" })),
        ("acme deletes", 200, Value::Null),
        ("globex still reads", 200, json!({ "text": "of globex" })),
        ("globex at last", 200, json!(["plan"])),
    ] {
        let answer = &report[request];
        assert_eq!((&answer["status"], &answer["body"]), (&json!(status), &body), "{request}: {}", report["log"]);
    }
    for (request, status, challenge) in [
        ("acme names globex in the path", 400, Value::Null),
        ("acme names globex in the cursor", 400, Value::Null),
        ("acme names globex in the body", 422, Value::Null),
        ("no token", 401, json!("Bearer")),
        ("forged token", 401, json!("Bearer error=\"invalid_token\"")),
        ("foreign issuer", 401, json!("Bearer error=\"invalid_token\"")),
        ("access token", 401, json!("Bearer error=\"invalid_token\"")),
    ] {
        let answer = &report[request];
        assert_eq!(
            (&answer["status"], &answer["headers"]["www-authenticate"]),
            (&json!(status), &challenge),
            "{request}"
        );
        assert!(!answer.to_string().contains("of globex"), "{request}: {answer}");
    }

    // The tenant has 20 requests at once, and one more each second: on a machine that takes 110 seconds, all are accepted.
    let many = report["many"].as_array().expect("statuses");
    let refused = report["refused"].as_array().expect("responses");
    let accepted = many.iter().filter(|status| **status == 200).count();
    assert!(!refused.is_empty() && accepted + refused.len() == many.len(), "{many:?}");
    for answer in refused {
        assert_eq!(
            (&answer["headers"]["retry-after"], &answer["body"]["status"]),
            (&json!("1"), &json!(429)),
            "{answer}"
        );
        assert_eq!(answer["body"]["violated-policies"], json!(["tenant"]), "{answer}");
    }
    assert_eq!(report["globex meanwhile"], json!(vec![200; 10]), "another tenant is not disturbed");

    assert_eq!(report["items"], json!([["tenant#globex", "note#plan"]]));
    let counts = report["counts"].as_array().expect("counts");
    assert_eq!(counts.len(), 2, "one for each tenant: {counts:?}");
    for count in counts {
        assert!(count[0].as_str().is_some_and(|id| id.starts_with("rate-limit#tenant#")), "{counts:?}");
        assert!(count[1] == true && !count.to_string().contains("acme"), "it expires and names no tenant: {counts:?}");
    }
}
