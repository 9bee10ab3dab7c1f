//! Tests of buffered lines.

use super::*;

fn levels(captured: &CapturedLogs) -> Vec<String> {
    captured.lines().iter().map(|line| format!("{} {}", line["level"].as_str().unwrap(), line["message"])).collect()
}

/// Returns the lines of an invocation with this buffer.
async fn written_by(
    logs: Logs,
    captured: &CapturedLogs,
    buffer: Buffer,
    act: fn() -> Result<(), FunctionError>,
) -> Vec<String> {
    let _guard = set_default(logs.build());
    let handler = service_fn(move |_: Incoming| async move {
        act()?;
        answer()
    });
    let _ = LoggingLayer::new().buffer(buffer).layer(handler).oneshot(incoming("id-1", "{}")).await;
    levels(captured)
}

#[tokio::test]
async fn buffered_lines_are_written_before_the_error_and_dropped_without_one() {
    let (logs, captured) = logs();
    let act = || {
        tracing::debug!("one");
        tracing::info!("at once");
        tracing::debug!("two");
        tracing::trace!("too fine");
        Ok(())
    };
    assert_eq!(written_by(logs, &captured, Buffer::new(), act).await, [r#"INFO "at once""#]);

    let (logs, captured) = super::logs();
    let act = || {
        tracing::debug!("one");
        tracing::info!("at once");
        tracing::debug!("two");
        tracing::error!("failed");
        tracing::debug!("held again");
        Ok(())
    };
    let expected = [r#"INFO "at once""#, r#"DEBUG "one""#, r#"DEBUG "two""#, r#"ERROR "failed""#];
    assert_eq!(written_by(logs, &captured, Buffer::new(), act).await, expected);
    assert!(captured.lines().iter().all(|line| line["function_request_id"] == "id-1"));
}

#[tokio::test]
async fn a_failed_invocation_flushes_its_buffer_even_if_error_lines_do_not() {
    let (logs, captured) = logs();
    let act = || {
        tracing::debug!("one");
        tracing::error!("seen");
        Err(FunctionError::new("OutOfStock", "no umbrella is left"))
    };
    let expected = [r#"ERROR "seen""#, r#"DEBUG "one""#, r#"ERROR "the invocation failed""#];
    assert_eq!(written_by(logs, &captured, Buffer::new().flush_on_error(false), act).await, expected);
}

#[test]
fn a_panic_flushes_the_buffer() {
    if let Some((logs, captured)) = child("buffering::a_panic_flushes_the_buffer") {
        assert!(logs.init());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let handler = service_fn(async |_: Incoming| {
                tracing::debug!("one");
                if true {
                    panic!("boom");
                }
                answer()
            });
            let mut service = LoggingLayer::new().buffer(Buffer::new().flush_on_error(false)).layer(handler);
            let call = std::panic::AssertUnwindSafe(service.call(incoming("id-1", "{}")));
            assert!(futures_util::FutureExt::catch_unwind(call).await.is_err());
        });
        assert_eq!(levels(&captured), [r#"DEBUG "one""#, r#"ERROR "boom""#]);
    }
}

/// In a separate process, since tracing works differently with only one subscriber.
#[test]
fn a_process_with_one_subscriber_buffers_lines_and_changes_its_level() {
    if let Some((logs, captured)) =
        child("buffering::a_process_with_one_subscriber_buffers_lines_and_changes_its_level")
    {
        assert!(logs.init());
        let act = |_: Incoming| async {
            tracing::debug!("one");
            tracing::info!("two");
            flush_buffer();
            answer()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..2 {
            let service = LoggingLayer::new().buffer(Buffer::new()).layer(service_fn(act));
            runtime.block_on(service.oneshot(incoming("id-1", "{}"))).unwrap();
        }
        set_level(Level::Debug);
        tracing::debug!("three");
        let one = [r#"INFO "two""#, r#"DEBUG "one""#];
        assert_eq!(levels(&captured), [&one[..], &one, &[r#"DEBUG "three""#]].concat());
    }
}

#[tokio::test]
async fn a_full_buffer_drops_the_oldest_lines_with_a_warning() {
    let (logs, captured) = logs();
    let act = || {
        (0..100).for_each(|step| tracing::debug!("step {step}"));
        flush_buffer();
        Ok(())
    };
    let written = written_by(logs, &captured, Buffer::new().max_bytes(1024), act).await;
    assert_eq!(written[written.len() - 2], r#"DEBUG "step 99""#);
    let warning = "Some logs are not displayed because they were evicted from the buffer. Increase buffer size to store more \
                logs in the buffer";
    assert_eq!(written[written.len() - 1], format!("WARN {warning:?}"));
    let held: usize = captured.text().lines().take(written.len() - 1).map(|line| line.len() + 1).sum();
    assert!((512..=1024).contains(&held), "{held}");
    assert_eq!(captured.lines().last().unwrap()["function_request_id"], "id-1");
}

#[tokio::test]
async fn a_line_larger_than_the_buffer_is_written_at_once() {
    let (logs, captured) = logs();
    let act = || {
        tracing::debug!("large");
        Ok(())
    };
    let warning = "Cannot add item to the buffer. Item size exceeds total cache size 10 bytes";
    let expected = [r#"DEBUG "large""#.to_owned(), format!("WARN {warning:?}")];
    assert_eq!(written_by(logs, &captured, Buffer::new().max_bytes(10), act).await, expected);
}

#[tokio::test]
async fn cleared_lines_are_gone_and_a_buffer_of_warnings_holds_them_too() {
    let (logs, captured) = logs();
    let act = || {
        tracing::warn!("one");
        clear_buffer();
        tracing::info!("two");
        flush_buffer();
        Ok(())
    };
    let buffer = Buffer::new().level(Level::Fatal);
    assert_eq!(written_by(logs, &captured, buffer, act).await, [r#"INFO "two""#]);
}

#[tokio::test]
async fn a_sampled_invocation_buffers_nothing_and_lambdas_level_leaves_nothing_to_buffer() {
    let act = || {
        tracing::debug!("one");
        tracing::info!("two");
        flush_buffer();
        Ok(())
    };
    let (sampled, captured) = logs();
    let both = [r#"DEBUG "one""#, r#"INFO "two""#];
    assert_eq!(written_by(sampled.sample_rate(1.0), &captured, Buffer::new().level(Level::Info), act).await, both);
    let (limited, captured) = from_vars(&[("AWS_LAMBDA_LOG_LEVEL", "INFO"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    let warning =
        "no lines are buffered: AWS_LAMBDA_LOG_LEVEL is INFO, and Lambda would drop buffered lines up to DEBUG";
    let expected = [format!("WARN {warning:?}"), both[1].to_owned()];
    assert_eq!(written_by(limited, &captured, Buffer::new(), act).await, expected);
}

#[tokio::test]
async fn a_buffer_that_can_hold_nothing_is_one_warning() {
    let (limited, captured) = from_vars(&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    let _guard = set_default(limited.build());
    for level in [Level::Debug, Level::Info, Level::Warn, Level::Debug] {
        let layer = LoggingLayer::new().buffer(Buffer::new().level(level));
        layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming("id-1", "{}")).await.unwrap();
    }
    assert_eq!(captured.lines().len(), 1, "{}", captured.text());
}

#[tokio::test]
async fn concurrent_invocations_have_separate_buffers() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    let handler = service_fn(async |incoming: Incoming| {
        let id = incoming.invocation.request_id().to_owned();
        for step in 0..3 {
            tracing::debug!(step, expected = id, "x");
            tokio::task::yield_now().await;
        }
        if id == "id-3" { Err(FunctionError::new("Odd", "odd")) } else { answer() }
    });
    let service = LoggingLayer::new().buffer(Buffer::new()).layer(handler);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let mut service = service.clone();
            tokio::spawn(async move { service.call(incoming(&format!("id-{n}"), "{}")).await.is_ok() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    tracing::debug!("outside");
    let lines = captured.lines();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line["function_request_id"] == "id-3"));
    assert!(lines[..3].iter().all(|line| line["expected"] == "id-3" && line["level"] == "DEBUG"));
}

#[tokio::test]
async fn sampling_is_decided_anew_for_each_invocation() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.sample_rate(0.5).build());
    let handler = service_fn(async |_: Incoming| {
        tracing::debug!("x");
        answer()
    });
    for n in 0..400 {
        LoggingLayer::new().layer(handler).oneshot(incoming(&format!("id-{n}"), "{}")).await.unwrap();
    }
    // Outside of it with a chance of one in 10 to the 22nd.
    let chosen = captured.lines().len();
    assert!((100..300).contains(&chosen), "{chosen}");
}
