//! Tests of invocations that run at the same time.

use super::*;

/// Eight invocations at once, with five steps each: two lines a step, the second from a spawned task.
async fn interleave() {
    let handler = service_fn(async |incoming: Incoming| {
        let id = incoming.invocation.request_id().to_owned();
        append_key("mine", &id);
        set_correlation_id(id.clone());
        for step in 0..5 {
            tokio::task::yield_now().await;
            tracing::info!(step, expected = id, "x");
            let spawned = async move { tracing::info!(spawned = true, "x") }.in_current_span();
            tokio::spawn(spawned).await.unwrap();
        }
        answer()
    });
    let service = LoggingLayer::new().layer(handler);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let mut service = service.clone();
            tokio::spawn(async move { service.call(incoming(&format!("id-{n}"), "{}")).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    tracing::info!("outside");
}

fn assert_context_was_kept(captured: &CapturedLogs) {
    let mut lines = captured.lines();
    let outside = lines.pop().unwrap();
    assert_eq!((outside.get("mine"), outside.get("function_request_id")), (None, None));
    assert_eq!(lines.len(), 8 * 5 * 2);
    for line in &lines {
        let id = &line["function_request_id"];
        assert!(id.is_string());
        assert_eq!((&line["mine"], &line["correlation_id"]), (id, id));
        assert!(line.get("expected").is_none_or(|expected| expected == id));
    }
}

#[tokio::test]
async fn interleaved_invocations_keep_their_context() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    interleave().await;
    assert_context_was_kept(&captured);
    let lines = captured.lines();
    let changes = lines.windows(2).filter(|pair| pair[0]["mine"] != pair[1]["mine"]).count();
    assert!(changes > 8, "they did interleave");
}

#[test]
fn invocations_on_several_threads_keep_their_context() {
    if let Some((logs, captured)) = child("concurrency::invocations_on_several_threads_keep_their_context") {
        assert!(logs.init());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        runtime.block_on(interleave());
        assert_context_was_kept(&captured);
    }
}
