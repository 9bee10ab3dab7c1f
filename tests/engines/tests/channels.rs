//! The channels example, built and deployed by its template into an engine with Lambda and the authorizers of AppSync Events.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn the_authorizer_decides_who_publishes_and_the_function_what() {
    let engine = Engine::shared();
    let report = engine.report_of("channels", "channels.py");

    // The API asks the authorizer.
    let statuses = ["publisher", "reader", "unknown"].map(|key| report["published"][key]["status"].clone());
    assert_eq!(statuses, [json!(200), json!(401), json!(401)], "{}", report["published"]);
    assert_eq!(report["published"]["publisher"]["body"]["successful"].as_array().map(Vec::len), Some(1));

    // Each namespace names the function as a direct integration that is waited for.
    for namespace in ["comments", "reactions"] {
        for handler in ["onPublish", "onSubscribe"] {
            let handler = &report["namespaces"][namespace][handler];
            assert_eq!(handler["behavior"], "DIRECT", "{}", report["namespaces"]);
            assert_eq!(handler["integration"]["lambdaConfig"]["invokeType"], "REQUEST_RESPONSE");
        }
    }

    let ids = |call: &str| report[call]["ids"].clone();
    let comments = json!({ "events": [
        { "id": ids("comments")[0], "payload": { "author": "studio", "text": "Goal!" } },
        { "id": ids("comments")[2], "error": "CommentTooLong: a comment has at most 500 bytes" },
    ] });
    assert_eq!(report["comments"]["answer"], comments);
    let reactions = json!({ "events": [{ "id": ids("reactions")[0], "payload": { "a": 2, "b": 1 } }] });
    assert_eq!(report["reactions"]["answer"], reactions);
    let unknown = json!("UnknownChannel: no handler is registered for this channel");
    assert_eq!(report["other"]["answer"]["events"][0], json!({ "id": ids("other")[0], "error": unknown }));
    assert_eq!((&report["follow"]["answer"], &report["follow"]["failed"]), (&Value::Null, &json!(false)));
    assert_eq!(report["wildcard"]["failed"], true);
    assert_eq!(report["wildcard"]["answer"]["errorType"], "UnauthorizedException");
}
