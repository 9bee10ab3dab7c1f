//! The tenants example, built and deployed by its template into an engine with DynamoDB, Cognito and a JWT authorizer.

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
    for (request, status) in [
        ("acme names globex in the path", 400),
        ("acme names globex in the cursor", 400),
        ("acme names globex in the body", 422),
        ("no token", 401),
        ("forged token", 401),
        ("access token", 403),
    ] {
        assert_eq!(report[request]["status"], status, "{request}: {}", report[request]);
        assert!(!report[request].to_string().contains("of globex"), "{request}");
    }

    // 130 requests may be spread over three minutes on a slow machine.
    let many = report["many"].as_array().expect("statuses");
    let accepted = many.iter().filter(|status| **status == 200).count();
    assert!(
        accepted <= 3 * 60 && accepted + report["retry after"].as_array().map_or(0, Vec::len) == many.len(),
        "{many:?}"
    );
    assert_eq!(report["globex meanwhile"], json!(vec![200; 10]), "another tenant is not disturbed");
    let waits = report["retry after"].as_array().expect("headers").iter();
    assert!(
        waits.clone().all(|wait| wait.as_str().is_some_and(|wait| wait.parse::<u8>().is_ok_and(|wait| wait <= 60)))
    );

    let items = report["items"].as_array().expect("items");
    assert!(items.contains(&json!(["tenant#globex", "note", false])), "{items:?}");
    assert!(items.contains(&json!(["tenant#acme", "requests", true])), "the counts expire: {items:?}");
    assert!(!items.contains(&json!(["tenant#acme", "note", false])), "{items:?}");
}
