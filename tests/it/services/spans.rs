//! The span of an invocation of each kind.

use super::*;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The name, the trigger and some attributes of the span of each kind.
fn expected(kind: &str) -> (&'static str, &'static str, Value) {
    let messages = json!({ "messaging.operation.type": "process", "messaging.batch.message_count": 1 });
    match kind {
        "resolver" => ("Query.work", "http", json!({})),
        "resolver of an item" => ("Post.item", "http", json!({})),
        "resolver of a batch" => ("Post.items", "http", json!({})),
        "authorizer" | "channel authorizer" => ("", "http", json!({})),
        "publish" => ("process one", "pubsub", messages),
        "publish of all" => ("process all", "pubsub", messages),
        "subscribe" => ("subscribe one", "http", json!({ "messaging.system": "aws_appsync" })),
        "function of an agent" | "gateway" => {
            ("execute_tool end", "other", json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "end" }))
        }
        "router of an agent" => ("", "other", json!({})),
        "MCP server" => ("POST", "http", json!({ "gen_ai.tool.name": "end", "http.response.status_code": 200 })),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_span_of_each_kind_has_its_name_its_trigger_and_its_kind() {
    for kind in kinds() {
        let seen = Seen::default();
        kind.call(&seen, &[asked("id-1", "well")]).await.remove(0).unwrap();
        let spans = seen.spans.spans();
        let (name, trigger, attributes) = expected(kind.name);
        let (span, found) = (spans.last().unwrap(), &spans.last().unwrap()["attributes"]);
        assert_eq!((&span["name"], &found["faas.trigger"]), (&json!(name), &json!(trigger)), "{}", kind.name);
        let span_kind = if trigger == "pubsub" { "consumer" } else { "server" };
        assert_eq!((&span["kind"], &span["status"]), (&json!(span_kind), &Value::Null), "{}", kind.name);
        assert_eq!(found["faas.invocation_id"], "id-1", "{}", kind.name);
        for (key, value) in attributes.as_object().unwrap() {
            assert_eq!(&found[key], value, "{}: {key}", kind.name);
        }
        let inner = spans.iter().rev().skip(1).map(|span| span["name"].as_str().unwrap()).collect::<Vec<_>>();
        let items: &[&str] = match kind.name {
            "resolver of an item" => &["item"],
            "publish" => &["event"],
            _ => &[],
        };
        assert_eq!(inner, items, "{}", kind.name);
    }
}

/// The name of the span that has the failure, and its `error.type`: an item or an event that fails by itself, or the
/// invocation, which may be a success.
fn failing(kind: &str, how: &str) -> (&'static str, &'static str) {
    let name = match (kind, how) {
        // The deadline is that of all items.
        ("resolver of an item", "error" | "panic") => "item",
        ("publish", "error" | "panic") => "event",
        _ => expected(kind).0,
    };
    let error_type = match (kind, how) {
        ("router of an agent", "late") => "504",
        ("router of an agent", _) => "500",
        (_, "late") => "Timeout",
        ("authorizer" | "channel authorizer", "error") => "Error",
        ("authorizer" | "channel authorizer" | "function of an agent" | "gateway" | "MCP server", "panic") => "Panic",
        _ => "InternalError",
    };
    (name, error_type)
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_in_the_span_also_where_the_invocation_succeeds() {
    for kind in kinds() {
        for how in ["error", "panic", "late"] {
            let seen = Seen::default();
            let is_failed = kind.call(&seen, &[asked("id-1", how)]).await.remove(0).is_err();
            let spans = seen.spans.spans();
            let failed = spans.iter().filter(|span| span["status"] == "error");
            let failed = failed.map(|span| (&span["name"], &span["attributes"]["error.type"])).collect::<Vec<_>>();
            let (name, error_type) = failing(kind.name, how);
            assert_eq!(failed, [(&json!(name), &json!(error_type))], "{} {how}: {spans:#?}", kind.name);
            let text = Value::from(spans.clone()).to_string();
            assert!(!text.contains("disk is") || is_failed, "{} {how}: {text}", kind.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_trace_of_a_client_is_a_link_or_the_parent() {
    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    for kind in kinds() {
        let mut event = kind.event("well");
        let headers = json!({ "traceparent": TRACEPARENT, "accept": "application/json, text/event-stream" });
        let carried = match kind.name {
            "resolver" | "publish" | "publish of all" | "subscribe" => event.pointer_mut("/request/headers"),
            "resolver of an item" | "resolver of a batch" => event.pointer_mut("/0/request/headers"),
            "authorizer" | "channel authorizer" => event.pointer_mut("/requestHeaders"),
            "MCP server" => event.pointer_mut("/headers"),
            // An agent sends no headers; a gateway sends them in the client context.
            _ => None,
        };
        let mut context = (kind.context)();
        match carried {
            Some(carried) => *carried = headers,
            None if kind.name == "gateway" => {
                let client = context.client_context.as_mut().unwrap();
                client.custom.insert("bedrockAgentCorePropagatedHeaders".to_owned(), headers.to_string());
            }
            None => continue,
        }
        for xray in [Some(XRAY), None] {
            let seen = Seen::default();
            let mut context = asked("id-1", "well").context(context.clone());
            context.xray_trace_id = xray.map(str::to_owned);
            let call = (context, Duration::from_secs(10), event.clone());
            (kind.call)(seen.clone(), vec![call]).await.remove(0).unwrap();
            let spans = seen.spans.spans();
            let span = spans.last().unwrap();
            let trace = "0af7651916cd43dd8448eb211c80319c";
            match xray {
                Some(_) => {
                    assert_eq!(span["trace_id"], "5759e988bd862e3fe1be46a994272793", "{}", kind.name);
                    assert_eq!(span["links"][0]["trace_id"], trace, "{}", kind.name);
                }
                None => assert_eq!(span["trace_id"], trace, "{}", kind.name),
            }
        }
    }
}
