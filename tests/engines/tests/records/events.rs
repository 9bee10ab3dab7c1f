//! Topics, rules and buckets: to the function itself, and through the envelopes of other services.

use serde_json::json;

use super::Seen;

#[test]
fn a_message_of_a_topic_comes_directly_and_through_a_queue_raw_or_not() {
    let seen = Seen::of("sns");
    for (id, said) in [("direct", "direct/of direct"), ("queued", "queued/of queued"), ("raw", "/")] {
        assert_eq!((seen.done(id), seen.seen(id)), (vec!["1"], vec![said]), "{id}: its topic and its subject");
    }
    for (id, said) in [("queued-fails", "queued/of queued"), ("raw-fails", "/")] {
        assert_eq!((seen.done(id), seen.seen(id)), (vec![], vec![said; 3]), "{id}: as often as the queue sends it");
    }
    let mut dead = seen.dead();
    dead.sort_unstable_by_key(String::len);
    assert_eq!(dead[0], "raw-fails");
    assert!(dead.len() == 2 && dead[1].contains("queued-fails"), "{dead:?}");

    // SNS has no partial batch responses.
    let error = "2 of 3 records failed: m0: asked to fail; m2: the function panicked";
    assert_eq!(seen.0["direct"]["answer"], json!({ "errorType": "RecordsFailed", "errorMessage": error }));
    assert!(seen.0["direct"]["error"].is_string());
    assert_eq!(seen.done("direct-1"), ["1"]);
}

#[test]
fn an_event_of_a_rule_comes_directly_and_through_a_queue() {
    let seen = Seen::of("eventbridge");
    for id in ["direct", "queued"] {
        assert_eq!((seen.done(id), seen.seen(id)), (vec!["1"], vec![&*format!("{id}/Sent")]));
    }
    assert_eq!((seen.done("fails"), seen.seen("fails")), (vec![], vec!["queued/Sent"; 3]));
    let dead = seen.dead();
    assert!(dead.len() == 1, "{dead:?}");
}

#[test]
fn an_object_arrives_with_its_key_by_each_kind_of_notification() {
    let seen = Seen::of("bucket");
    for (size, path) in ["direct", "queue", "topic", "both", "bus"].into_iter().enumerate() {
        let key = format!("{path}/Käse + 100%/a b.jpg");
        assert_eq!(seen.done(&key), [format!("{} bytes, created: true", size + 1)], "{key}");
    }
    assert!(seen.dead().is_empty() && seen.lines("the record failed").is_empty());
}
