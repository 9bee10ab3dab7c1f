//! The chat example, built and deployed by its template into an engine with a WebSocket API and its management API.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn messages_reach_the_connections_of_a_room_and_gone_ones_are_removed() {
    let engine = Engine::shared();
    let report = engine.report_of("chat", "chat.py");

    assert_eq!(report["tickets"], json!([200, 200, 200]), "{:#}", report["log"]);
    assert_eq!((&report["another room"], &report["no token"]), (&json!(403), &json!(401)));
    assert_eq!(report["open"], json!({ "ada": true, "bob": true, "cyd": true }), "{:#}", report["log"]);
    assert_eq!((&report["used ticket"], &report["no ticket"]), (&json!(false), &json!(false)));
    let expiries = report["expires in"].as_array().expect("times").iter().filter_map(Value::as_u64);
    assert!(expiries.clone().all(|seconds| (7_700..=7_800).contains(&seconds)), "{}", report["expires in"]);
    assert_eq!(expiries.count(), 3, "the tickets are used: {}", report["expires in"]);

    // The response and the message of the sender come in any order.
    let messages = |of: &Value| {
        let mut messages = of.as_array().expect("messages").clone();
        messages.iter_mut().for_each(|message| message["user"] = message["user"].is_string().into());
        messages.sort_by_key(ToString::to_string);
        messages
    };
    let hello = json!({ "room": "lobby", "user": true, "text": "hello" });
    let response = |connections: u8| json!({ "connections": connections, "user": false });
    assert_eq!(messages(&report["messages"]["ada"]), [response(3), hello.clone()]);
    assert_eq!(messages(&report["messages"]["bob"]), [hello]);
    assert_eq!(report["messages"]["cyd"], json!([]), "another room");
    assert_eq!(report["gone"], json!([]));

    assert_eq!(report["left"], 2);
    let alone = json!({ "room": "lobby", "user": true, "text": "is anybody there?" });
    assert_eq!(messages(&report["alone"]), [response(1), alone]);
    assert_eq!(report["unknown action"][0]["status"], 400, "{}", report["unknown action"]);
}
