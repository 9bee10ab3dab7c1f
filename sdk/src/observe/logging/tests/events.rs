//! Tests of logged events and responses, and of several layers around one function.

use super::*;

#[tokio::test]
async fn the_event_is_logged_when_asked_for() {
    for (vars, logged) in [(&[][..], 0), (&[("POWERTOOLS_LOGGER_LOG_EVENT", "True")][..], 1)] {
        let (logs, captured) = from_vars(vars);
        let _guard = set_default(logs.format(LogFormat::Json).build());
        let handler = service_fn(async |_: Incoming| answer());
        LoggingLayer::new().layer(handler).oneshot(incoming("id-1", "{\n  \"greeting\": \"hello\"\n}")).await.unwrap();
        let lines = captured.lines();
        assert_eq!(lines.len(), logged);
        if let Some(line) = lines.first() {
            assert_eq!(line["event"], json!({"greeting": "hello"}));
            assert_eq!(line["message"], "Lambda invocation event");
            assert_eq!(line["function_request_id"], "id-1");
        }
    }
}

#[tokio::test]
async fn an_event_too_large_for_a_line_is_cut() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.log_event(true).build());
    let event = json!({"Records": vec!["x"; 1_000_000]}).to_string();
    let handler = service_fn(async |_: Incoming| answer());
    LoggingLayer::new().layer(handler).oneshot(incoming("id-1", &event)).await.unwrap();
    assert!(captured.text().len() <= truncate::MAX_LINE);
    let line = captured.lines().remove(0);
    assert!(line["event"].as_str().unwrap().starts_with(r#"{"Records":["x","#));
}

#[tokio::test]
async fn the_correlation_id_is_found_within_a_text() {
    let event = json!({"body": json!({"order": {"id": "o-1"}}).to_string()}).to_string();
    let layers = [
        LoggingLayer::new().correlation_id("/body/order/id"),
        #[cfg(feature = "idempotency")]
        LoggingLayer::new().correlation_id_by("powertools_json(body).order.id"),
    ];
    for layer in layers {
        let (logs, captured) = logs();
        let _guard = set_default(logs.build());
        let handler = service_fn(async |_: Incoming| {
            tracing::info!("x");
            answer()
        });
        layer.layer(handler).oneshot(incoming("id-1", &event)).await.unwrap();
        assert_eq!(captured.lines()[0]["correlation_id"], "o-1");
    }
}

#[cfg(feature = "idempotency")]
#[test]
#[should_panic(expected = "LoggingLayer::correlation_id_by: `[` is not a JMESPath expression")]
fn an_invalid_expression_is_a_mistake_at_the_start() {
    let _ = LoggingLayer::new().correlation_id_by("[").layer(());
}

#[tokio::test]
async fn event_and_response_are_logged_without_what_is_omitted() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    let layer = LoggingLayer::new()
        .log_event(true)
        .log_response(true)
        .omit(["event.headers.authorization", "event.body.password", "response.users.[].email"])
        .mask("*****");
    let handler = service_fn(async |_: Incoming| {
        let answer = json!({ "users": [{ "id": 1, "email": "a@x.com" }] });
        Ok::<_, FunctionError>(Outgoing::serialize(&answer).unwrap())
    });
    let body = json!({ "password": "p" }).to_string();
    let event = json!({ "headers": { "authorization": "Bearer x", "accept": "*/*" }, "body": body });
    let answer = layer.layer(handler).oneshot(incoming("id-1", &event.to_string())).await.unwrap();
    assert!(answer.as_json().unwrap().get().contains("a@x.com"), "the answer itself is whole");
    let lines = captured.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["event"]["headers"], json!({ "authorization": "*****", "accept": "*/*" }));
    assert_eq!(lines[0]["event"]["body"], r#"{"password":"*****"}"#);
    assert_eq!(lines[1]["message"], "Lambda invocation response");
    assert_eq!(lines[1]["response"], json!({ "users": [{ "id": 1, "email": "*****" }] }));
}

#[tokio::test]
async fn two_layers_share_one_context_and_log_an_event_and_a_failure_once() {
    for (layer, event) in [
        (LoggingLayer::new(), r#"{"id":"e-1","secret":1}"#),
        (LoggingLayer::new().omit(["event.secret"]), r#"{"id":"e-1"}"#),
        (LoggingLayer::new().omit(["event.id"]).correlation_id(correlation_paths::EVENT_BRIDGE), r#"{"secret":1}"#),
    ] {
        let (logs, captured) = logs();
        let _guard = set_default(logs.log_event(true).build());
        let handler = service_fn(async |_: Incoming| {
            append_key("order", 7);
            Err::<Outgoing, _>(FunctionError::new("OutOfStock", "no umbrella is left"))
        });
        let both = LoggingLayer::around(|| layer.buffer(Buffer::new()).layer(handler));
        both.oneshot(incoming("id-1", r#"{"id":"e-1","secret":1}"#)).await.unwrap_err();
        let lines = captured.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0]["event"].to_string(), event);
        assert_eq!((&lines[1]["message"], &lines[1]["order"]), (&json!("the invocation failed"), &json!(7)));
    }
}

#[test]
#[should_panic(expected = "LoggingLayer::omit: `headers.authorization` is not a path: write `event` or `response`")]
fn an_invalid_path_is_a_mistake_at_the_start() {
    let _ = LoggingLayer::new().omit(["headers.authorization"]).layer(());
}

#[tokio::test]
async fn a_function_can_ask_for_its_keys_and_its_correlation_id() {
    let (logs, _) = logs();
    let _guard = set_default(logs.build());
    append_key("process", 1);
    let handler = service_fn(async |_: Incoming| {
        append_key("order", json!({ "id": 7 }));
        append_key("gone", 1);
        remove_keys(["gone"]);
        assert_eq!(Value::from(current_keys()), json!({ "order": { "id": 7 } }));
        assert_eq!(correlation_id().as_deref(), Some("r-1"));
        answer()
    });
    let layer = LoggingLayer::new().correlation_id(correlation_paths::API_GATEWAY_REST);
    let event = r#"{"requestContext":{"requestId":"r-1"}}"#;
    layer.layer(handler).oneshot(incoming("id-1", event)).await.unwrap();
    assert_eq!(Value::from(current_keys()), json!({ "process": 1 }));
    assert_eq!(correlation_id(), None);
}

#[test]
fn the_level_can_be_changed_at_run_time_but_not_lambdas() {
    let act = || {
        for level in [Level::Debug, Level::Error, Level::Info] {
            set_level(level);
            tracing::debug!("x");
            tracing::info!("x");
        }
    };
    let (logs, captured) = logs();
    with_default(logs.build(), act);
    assert_eq!(
        captured.lines().iter().map(|line| line["level"].clone()).collect::<Vec<_>>(),
        ["DEBUG", "INFO", "INFO"]
    );
    let (logs, captured) = from_vars(&[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    with_default(logs.build(), act);
    assert_eq!(captured.text(), "");
}

#[test]
fn a_line_can_have_no_location() {
    let (logs, captured) = logs();
    with_default(logs.location(false).build(), || tracing::info!("x"));
    assert!(captured.text().starts_with(r#"{"level":"INFO","message":"x","#), "{}", captured.text());
}

/// Runs one invocation of a function that returns its event, within these layers, the innermost first.
async fn echoed(layers: Vec<LoggingLayer>, event: &Value) -> Vec<Value> {
    let (logs, captured) = logs();
    let _guard = set_default(logs.log_event(true).build());
    let echo = service_fn(async |incoming: Incoming| Outgoing::try_from(incoming.event));
    let service = LoggingLayer::around(|| {
        let mut service = tower::util::BoxCloneSyncService::new(echo);
        for layer in layers {
            service = tower::util::BoxCloneSyncService::new(layer.layer(service));
        }
        service
    });
    service.oneshot(incoming("id-1", &event.to_string())).await.unwrap();
    captured.lines()
}

#[tokio::test]
async fn no_layer_logs_what_another_one_omits_and_the_event_is_logged_once() {
    let event = json!({"a": "secret-a", "b": "secret-b", "c": 1});
    let omit = |paths: [&str; 2]| LoggingLayer::new().omit(paths);
    let (a, b) = (omit(["event.a", "response.a"]), omit(["event.b", "response.b"]));
    let logged = |layer: &LoggingLayer| layer.clone().log_event(true).log_response(true);
    for layers in [
        vec![a.clone(), b.clone(), LoggingLayer::new()],
        vec![logged(&a), logged(&b), LoggingLayer::new()],
        vec![a.clone(), b.clone(), logged(&LoggingLayer::new())],
        vec![logged(&LoggingLayer::new()), a.clone(), b.clone()],
        vec![a.mask("***"), logged(&b)],
    ] {
        let lines = echoed(layers.clone(), &event).await;
        let events: Vec<_> = lines.iter().filter(|line| line["message"] == "Lambda invocation event").collect();
        assert_eq!(events.len(), 1, "{layers:?}");
        assert_eq!(events[0]["event"]["c"], 1);
        assert!(lines.iter().all(|line| !line.to_string().contains("secret")), "{layers:?}: {lines:?}");
    }
}

#[tokio::test]
async fn a_layer_that_is_applied_before_the_subscriber_exists_is_respected() {
    let echo = service_fn(async |incoming: Incoming| Outgoing::try_from(incoming.event));
    let service = LoggingLayer::around(|| LoggingLayer::new().omit(["event.early_password"]).layer(echo));
    let (logs, captured) = logs();
    let _guard = set_default(logs.log_event(true).build());
    let event = json!({"early_password": "secret", "c": 1}).to_string();
    service.oneshot(incoming("id-1", &event)).await.unwrap();
    let lines = captured.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["event"], json!({"c": 1}));
}
