//! The flags example, built and deployed by its template into an engine with AppConfig, Cognito and a JWT authorizer.

use engines::Engine;
use serde_json::json;

#[test]
fn offers_follow_the_flags_that_the_template_deploys_and_those_that_come_after() {
    let engine = Engine::shared();
    let report = engine.report_of("flags", "offers.py");

    // Shipping is free at some hours of some days.
    let offer = |when: &str, who: &str| {
        let answer = &report[when][who];
        assert_eq!(answer["status"], 200, "{answer}: {}", report["log"]);
        assert_eq!(answer["body"]["price"]["currency"], "EUR");
        (answer["body"]["price"]["amount"].clone(), answer["body"]["checkout"].clone())
    };
    let (old, new) = (json!("/checkout"), json!("/v2/checkout"));
    assert_eq!(offer("first", "usual"), (json!(2000), old.clone()));
    assert_eq!(offer("first", "premium"), (json!(1800), old.clone()));
    assert_eq!(offer("first", "new checkout"), (json!(2000), new.clone()));
    assert_eq!(report["first"]["unknown"]["status"], 404);

    assert_eq!(offer("wishes", "premium by query and header"), (json!(2000), old.clone()));
    assert_eq!(report["wishes"]["no token"]["status"], 401);
    assert_eq!(report["wishes"]["forged token"]["status"], 401);

    assert_eq!(offer("second", "usual"), (json!(1000), old.clone()), "the flags changed");
    assert_eq!(offer("second", "premium"), (json!(1800), old.clone()));
    assert_eq!(offer("second", "new checkout"), (json!(1000), new));

    assert_eq!(offer("without", "premium"), (json!(2000), old), "the defaults of the code");
    let log = report["log"].to_string();
    assert!(log.contains("nowhere"), "the log names the missing one: {log}");

    let monitors = report["monitors"].as_array().expect("monitors").iter();
    let metrics = monitors.map(|monitor| &report["alarms"][monitor["AlarmArn"].as_str().expect("an ARN")]);
    assert_eq!(metrics.collect::<Vec<_>>(), ["UnusableFlags", "5xx"], "what rolls a deployment back");
}
