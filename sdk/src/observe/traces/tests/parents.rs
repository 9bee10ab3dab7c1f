//! Tests of the parent and the links of an invocation's span.

use super::*;

fn request(traceparent: &str) -> Value {
    json!({"headers": {"traceparent": traceparent}, "requestContext": {"http": {}}})
}

#[tokio::test]
async fn the_callers_trace_is_a_link_where_x_ray_samples_one_and_the_parent_where_there_is_no_header() {
    let seen_by = async |header: Option<&str>, traceparent: &str| {
        seen(request(traceparent), invocation(header), async |_| answer()).await.spans
    };
    let spans = seen_by(None, TRACEPARENT).await;
    assert_eq!(spans[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(spans[0]["parent_span_id"], "b7ad6b7169203331");
    assert_eq!(spans[0]["attributes"]["faas.trigger"], "http");
    let spans = seen_by(Some(HEADER), TRACEPARENT).await;
    assert_eq!(spans[0]["trace_id"], "5759e988bd862e3fe1be46a994272793");
    assert_eq!(spans[0]["links"][0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn no_caller_makes_a_function_trace_that_x_ray_does_not_trace() {
    for header in [
        HEADER.replace("Sampled=1", "Sampled=0"),
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned(),
        "Sampled=0".to_owned(),
    ] {
        let seen = seen(request(TRACEPARENT), invocation(Some(&header)), async |_| answer()).await;
        assert_eq!(seen.spans, [] as [Value; 0], "{header}");
    }
}

#[tokio::test]
async fn no_caller_turns_the_traces_of_a_function_off() {
    let dropped = TRACEPARENT.replace("-01", "-00");
    let seen = seen(request(&dropped), invocation(None), async |_| answer()).await;
    assert_eq!(seen.spans[0]["parent_span_id"], Value::Null);
    assert_eq!(seen.spans[0]["links"][0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn a_caller_that_is_trusted_decides_where_x_ray_does_not_sample_the_trace() {
    let captured = CapturedSpans::default();
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let layer = TracesLayer::new().captured(&captured).trust_callers(true);
    let event = crate::RawEvent::parse(request(TRACEPARENT).to_string()).unwrap();
    let header = HEADER.replace("Sampled=1", "Sampled=0");
    let incoming = Incoming { event, invocation: invocation(Some(&header)) };
    let called = async move { layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await };
    called.with_subscriber(dispatch).await.unwrap();
    assert_eq!(captured.spans()[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn without_a_caller_a_trace_begins() {
    let seen = seen(json!({}), invocation(None), async |_| answer()).await;
    assert_eq!(seen.spans[0]["parent_span_id"], Value::Null);
}

#[tokio::test]
async fn a_trace_that_x_ray_does_not_sample_is_not_sent_but_its_lines_name_it() {
    let header = HEADER.replace("Sampled=1", "Sampled=0");
    let seen = seen(json!({}), invocation(Some(&header)), async |_| {
        tracing::info!("working");
        answer()
    })
    .await;
    assert_eq!(seen.spans, [] as [Value; 0]);
    assert_eq!(seen.lines[0]["trace_id"], "5759e988bd862e3fe1be46a994272793");
}
