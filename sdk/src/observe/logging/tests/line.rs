//! Tests of the keys of a line, their order and their format.

use super::*;

#[test]
fn a_line_outside_of_an_invocation_has_powertools_keys_in_their_order() {
    let (logs, captured) = logs();
    with_default(logs.build(), || tracing::info!(target: "my_function", order_id = 42, "Hello"));
    let place = format!("sdk/src/observe/logging/tests/line.rs:{}", line!() - 1);
    let expected = format!(
        "{{\"level\":\"INFO\",\"location\":\"{place}\",\"message\":\"Hello\",\"timestamp\":\"2024-01-02T03:04:05.750Z\",\
         \"service\":\"payment\",\"order_id\":42}}\n"
    );
    assert_eq!(captured.text(), expected);
}

#[tokio::test]
async fn a_line_in_an_invocation_has_all_keys_in_their_order() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.sample_rate(0.0).key("version", "1.4").build());
    let handler = service_fn(async |_: Incoming| {
        append_key("order", 7);
        async { tracing::warn!(user = "event", "Hello") }
            .instrument(tracing::info_span!("outer", step = 1, user = "span"))
            .await;
        answer()
    });
    let mut incoming = incoming("52fdfc07", r#"{"requestContext": {"requestId": "req-1"}}"#);
    incoming.invocation = incoming.invocation.with_cold_start(true);
    let service = LoggingLayer::new().correlation_id("/requestContext/requestId").layer(handler);
    service.oneshot(incoming).await.unwrap();

    let text = captured.text();
    let (_, rest) = text.split_once(r#""message""#).unwrap();
    assert_eq!(
        rest,
        concat!(
            r#":"Hello","timestamp":"2024-01-02T03:04:05.750Z","service":"payment","cold_start":true,"function_name":"test","#,
            r#""function_memory_size":128,"function_arn":"arn:aws:lambda:eu-west-1:809313241:function:test","#,
            r#""function_request_id":"52fdfc07","correlation_id":"req-1","#,
            r#""xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793","sampling_rate":0.0,"#,
            r#""version":"1.4","order":7,"step":1,"user":"event"}"#,
            "\n"
        )
    );
}

#[test]
fn without_a_trace_there_is_no_trace_key_and_with_a_tenant_there_is_one() {
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        let mut context = Context::default();
        context.tenant_id = Some("t-1".to_owned());
        invocation_span(&Invocation::new(context)).in_scope(|| tracing::info!("x"));
    });
    let line = &captured.lines()[0];
    assert_eq!(line.get("xray_trace_id"), None);
    assert_eq!(line["tenant_id"], "t-1");
    assert_eq!(line["cold_start"], false);
}

#[test]
fn no_field_overwrites_a_reserved_key() {
    let (logs, captured) = logs();
    with_default(logs.key("timestamp", "mine").build(), || {
        append_key("service", "mine");
        tracing::info_span!("s", message = "mine", xray_trace_id = "mine").in_scope(|| {
            tracing::info!(
                target: "my_function",
                level = "mine",
                location = "mine",
                cold_start = "mine",
                function_name = "mine",
                function_memory_size = "mine",
                function_arn = "mine",
                function_request_id = "mine",
                correlation_id = "mine",
                tenant_id = "mine",
                sampling_rate = "mine",
                "mine?"
            );
        });
    });
    let line = captured.lines().remove(0);
    assert_eq!(line["message"], "mine?");
    assert_eq!(line["service"], "payment");
    let renamed = line.as_object().unwrap().iter().filter(|(key, _)| key.ends_with('_')).count();
    assert_eq!(renamed, 14);
    assert_eq!(line.as_object().unwrap().values().filter(|value| *value == "mine").count(), 14);
}

#[test]
fn a_key_occurs_once_and_the_innermost_wins() {
    let (logs, captured) = logs();
    with_default(logs.key("a", "static").key("k", "static").build(), || {
        append_key("a", "appended");
        let outer = tracing::info_span!("outer", a = "outer", b = "outer", c = "outer", late = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("late", 1);
        outer.record("late", 2);
        let _inner = tracing::info_span!("inner", b = "inner", c = "inner").entered();
        tracing::info!(c = "event", r#type = "raw", none = None::<u8>, "x");
    });
    let text = captured.text();
    let (_, keys) = text.split_once(r#""service":"payment","#).unwrap();
    assert_eq!(keys, "\"k\":\"static\",\"a\":\"outer\",\"late\":2,\"b\":\"inner\",\"c\":\"event\",\"type\":\"raw\"}\n");
}

#[tokio::test]
async fn a_line_of_text_is_one_line_whatever_is_in_it() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.format(LogFormat::Text).build());
    let handler = service_fn(async |_: Incoming| {
        tracing::warn!(target: "my_function", order = 7, note = "a b\nc", user = "u-1", "first\nsecond");
        answer()
    });
    LoggingLayer::new().layer(handler).oneshot(incoming("id-1", "{}")).await.unwrap();
    let (start, end) = (
        "2024-01-02T03:04:05.750Z WARN  sdk/src/observe/logging/tests/line.rs:",
        " first\\nsecond order=7 note=\"a b\\nc\" user=u-1 function_request_id=id-1\n",
    );
    let text = captured.text();
    assert!(text.starts_with(start) && text.ends_with(end), "{text}");
}

#[test]
fn the_location_in_a_dependency_starts_at_its_crate() {
    assert_eq!(prefix::shortened("/root/x/src/y-1/hyper-1.8.1/src/client/conn.rs"), "hyper-1.8.1/src/client/conn.rs");
    assert_eq!(prefix::shortened("examples/crud/src/main.rs"), "examples/crud/src/main.rs");
    assert_eq!(prefix::shortened("/build/main.rs"), "/build/main.rs");
}

#[test]
fn each_line_is_one_write() {
    #[derive(Clone, Default)]
    struct Counted(std::sync::Arc<std::sync::Mutex<Vec<Vec<u8>>>>);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let counted = Counted::default();
    with_default(Logs::new().writer(counted.clone()).build(), || {
        tracing::info!(a = 1, "x");
        tracing::info!(b = "x".repeat(100_000), "x");
    });
    let writes = counted.0.lock().unwrap();
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|write| write.ends_with(b"}\n")));
}

#[test]
fn a_line_of_the_sdk_has_the_location_of_the_users_code_or_none() {
    let (logs, captured) = logs();
    with_default(logs.errors(ErrorKeys::TypeScript).build(), || {
        let error: &(dyn StdError + 'static) = &Refused;
        tracing::error!(error, "unknown");
        tracing::error!(location = %"/root/app/src/main.rs:7", error, "known");
    });
    let lines = captured.lines();
    assert_eq!((lines[0].get("location"), lines[0]["error"].get("location")), (None, None));
    assert_eq!(
        (&lines[1]["location"], &lines[1]["error"]["location"]),
        (&json!("app/src/main.rs:7"), &json!("app/src/main.rs:7"))
    );
    assert_eq!(lines[1].get("location_"), None);
}
