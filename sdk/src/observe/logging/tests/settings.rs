//! Tests of the variables and the builder.

use super::*;

/// The levels of the lines that are written with these variables.
fn written(vars: &'static [(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let (logs, captured) = from_vars(vars);
    let warnings = logs.warnings();
    with_default(logs.format(LogFormat::Json).build(), || {
        tracing::trace!("x");
        tracing::debug!("x");
        tracing::info!("x");
        tracing::warn!("x");
        tracing::error!("x");
        emit(Level::Fatal, "x", &serde_json::Map::new());
    });
    let levels = captured.lines().iter().map(|line| line["level"].as_str().unwrap().to_owned()).collect();
    (levels, warnings)
}

#[test]
fn the_level_is_taken_from_the_first_variable_that_is_set() {
    const ALL: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    for (vars, from, complaint) in [
        (&[][..], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")], 0, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")], 5, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "warning")], 3, ""),
        (&[("LOG_LEVEL", "ERROR")], 4, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "DEBUG"), ("LOG_LEVEL", "ERROR")], 1, ""),
        (&[("RUST_LOG", "debug")], 1, ""),
        (&[("RUST_LOG", "off")], 5, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "INFO"), ("RUST_LOG", "debug")], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "INFO"), ("RUST_LOG", "off")], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "pilaster=trace")], 3, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG"), ("POWERTOOLS_LOG_LEVEL", "ERROR")], 1, ""),
        (
            &[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "DEBUG")],
            4,
            "Current log level (DEBUG) does not match AWS Lambda Advanced Logging Controls minimum log level (ERROR). \
             This can lead to data loss, consider adjusting them.",
        ),
        (
            &[("AWS_LAMBDA_LOG_LEVEL", "LOUD")],
            2,
            "the environment variable AWS_LAMBDA_LOG_LEVEL must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL",
        ),
        (&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("POWERTOOLS_LOGGER_SAMPLE_RATE", "1")], 3, ""),
        (
            &[("POWERTOOLS_LOGGER_SAMPLE_RATE", "2")],
            2,
            "the environment variable POWERTOOLS_LOGGER_SAMPLE_RATE must be a number from 0 to 1",
        ),
    ] {
        let (levels, warnings) = written(vars);
        assert_eq!(levels, ALL[from..], "{vars:?}");
        assert_eq!(warnings.concat(), complaint, "{vars:?}");
    }
}

#[test]
fn a_level_from_code_overrides_the_variables_except_lambdas() {
    for (vars, debug) in [(&[("POWERTOOLS_LOG_LEVEL", "ERROR")][..], 1), (&[("AWS_LAMBDA_LOG_LEVEL", "INFO")][..], 0)] {
        let (logs, captured) = from_vars(vars);
        with_default(logs.level(Level::Debug).build(), || tracing::debug!("x"));
        assert_eq!(captured.text().lines().count(), debug, "{vars:?}");
    }
}

#[test]
fn a_sampled_invocation_is_logged_at_debug_and_an_unsampled_one_is_not() {
    for (rate, debug_lines) in [("1", 1), ("0", 0)] {
        let captured = CapturedLogs::default();
        let logs = Logs::from_vars(|name| match name {
            "POWERTOOLS_LOGGER_SAMPLE_RATE" => Some(rate.to_owned()),
            "AWS_LAMBDA_LOG_FORMAT" => Some("JSON".to_owned()),
            _ => None,
        });
        with_default(logs.writer(captured.clone()).build(), || {
            invocation_span(&invocation("id-1")).in_scope(|| {
                tracing::trace!("x");
                tracing::debug!("x");
                tracing::debug!(target: "hyper::client", "x");
                tracing::info!("x");
            });
        });
        let lines = captured.lines();
        assert_eq!(lines.iter().filter(|line| line["level"] == "DEBUG").count(), debug_lines);
        assert_eq!(lines.len(), debug_lines + 1);
        assert!(lines.iter().all(|line| line["sampling_rate"] == rate.parse::<f64>().unwrap()));
    }
}

#[test]
fn the_applications_spans_give_context_to_errors_at_any_level() {
    let (logs, captured) = logs();
    with_default(logs.level(Level::Error).build(), || {
        let _span = tracing::info_span!("order", id = 42).entered();
        tracing::info!("not written");
        tracing::error!("failed");
    });
    assert_eq!(captured.lines()[0]["id"], 42);
    assert_eq!(captured.lines().len(), 1);
}

#[test]
fn the_format_follows_lambda_and_is_text_locally() {
    let json = "{\"level\"";
    let text = "2024-01-02T03:04:05.750Z INFO  ";
    for (vars, start) in [
        (&[][..], text),
        (&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")], json),
        (&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), ("AWS_LAMBDA_LOG_FORMAT", "Text")], text),
        (&[("AWS_LAMBDA_LOG_FORMAT", "JSON")], json),
        (&[("POWERTOOLS_DEV", "true")], "{\n    \"level\":\"INFO\",\n"),
    ] {
        let (logs, captured) = from_vars(vars);
        with_default(logs.build(), || tracing::info!("x"));
        assert!(captured.text().starts_with(start), "{vars:?}: {}", captured.text());
    }
}

#[test]
fn invalid_variables_are_logged_at_any_level() {
    if let Some((logs, captured)) = child("settings::invalid_variables_are_logged_at_any_level") {
        drop(logs);
        let logs = Logs::from_vars(|name| match name {
            "AWS_LAMBDA_LOG_LEVEL" => Some("ERROR".to_owned()),
            "LOG_LEVEL" => Some("LOUD".to_owned()),
            "AWS_LAMBDA_RUNTIME_API" => Some("127.0.0.1:9001".to_owned()),
            _ => None,
        });
        assert!(logs.writer(captured.clone()).init());
        let lines = captured.lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "WARN");
        assert!(lines[0]["message"].as_str().unwrap().starts_with("the environment variable LOG_LEVEL must be TRACE"));
    }
}
