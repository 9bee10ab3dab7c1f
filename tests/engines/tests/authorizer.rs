//! The authorizer example, built and deployed by its template into an engine with an HTTP API, DynamoDB and Cognito.

use engines::Engine;
use serde_json::json;

#[test]
fn a_partner_needs_a_valid_key_and_a_user_has_the_claim_of_the_trigger() {
    let engine = Engine::shared();
    let report = engine.report_of("authorizer", "authorizer.py");

    for (name, status) in [
        ("no key", 401),
        ("wrong key", 403),
        ("old key", 200),
        ("new key", 200),
        ("expired key", 403),
        ("reader reads", 200),
        ("reader changes", 403),
        ("reader reads again", 200),
        ("user", 200),
        ("user without a token", 401),
        ("user with an API key", 401),
        ("partner with a token", 403),
    ] {
        assert_eq!(report[name]["status"], status, "{name}: {}", report[name]);
    }
    for name in ["old key", "new key"] {
        assert_eq!(report[name]["body"], json!({ "partner": "acme" }), "{name}");
    }
    assert_eq!(report["user"]["body"], json!({ "sub": report["subject"], "tenant": "north" }));
    let (client, minutes) = (&report["client"], json!({ "AccessToken": "minutes", "IdToken": "minutes" }));
    assert_eq!((&client["AccessTokenValidity"], &client["IdTokenValidity"]), (&json!(15), &json!(15)), "{client}");
    assert_eq!(client["TokenValidityUnits"], minutes);
    assert_eq!(report["lifetime"], 15 * 60, "a token keeps a tenant that its user has lost");
    assert_eq!(report["no tenant"]["error"], "Unhandled", "{}", report["no tenant"]);
    assert_eq!(report["no tenant"]["payload"]["errorType"], "NoTenant");
}
