//! The log lines of calls, which a failing test shows.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic;
use std::sync::Once;

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::observe::capture::check_on_each_thread;
use crate::observe::logging::{CapturedLogs, LogFormat, Logs, log_panic};

tokio::task_local! {
    /// The lines of the current call.
    static LINES: RefCell<String>;
}

/// The destination of the log lines of a caller's calls.
#[derive(Clone)]
pub(super) enum LogLines {
    /// Standard error, unless the test has a subscriber of its own.
    Printed(Dispatch),
    Captured(Dispatch),
    /// The subscriber of the test, if it has one.
    Discarded,
}

impl LogLines {
    pub(super) fn printed() -> Self {
        check_on_each_thread();
        let logs = Logs::from_env().format(LogFormat::Text).writer(Lines(None));
        // Without a slot for spans, so that no test sends any.
        Self::Printed(tracing_subscriber::registry().with(logs.layer()).into())
    }

    pub(super) fn captured(captured: &CapturedLogs) -> Self {
        let logs = Logs::new().format(LogFormat::Json).writer(Lines(Some(captured.clone())));
        Self::Captured(logs.build().into())
    }

    /// Runs a call, and returns its lines as well.
    pub(super) async fn of<F: Future>(&self, call: F) -> (F::Output, String) {
        let subscriber = match self {
            Self::Printed(subscriber) if dispatcher::get_default(Dispatch::is::<NoSubscriber>) => subscriber.clone(),
            Self::Captured(subscriber) => subscriber.clone(),
            Self::Printed(_) | Self::Discarded => return (call.await, String::new()),
        };
        log_panics();
        let call = async { (call.await, LINES.with(RefCell::take)) };
        LINES.scope(RefCell::default(), call).with_subscriber(subscriber).await
    }
}

/// Logs each panic within a call as Lambda's log has it, after the hook of the process has reported it.
fn log_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            hook(info);
            if LINES.try_with(|_| ()).is_ok() {
                log_panic(info);
            }
        }));
    });
}

/// Writes lines to where the test harness captures them, or where the test does.
struct Lines(Option<CapturedLogs>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        match &mut self.0 {
            Some(captured) => captured.write_all(bytes)?,
            // The harness captures what this macro prints, and no direct write to standard error.
            None => eprint!("{text}"),
        }
        let _ = LINES.try_with(|lines| lines.borrow_mut().push_str(&text));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[cfg(feature = "http")]
mod tests {
    use std::process::Command;

    use crate::http::{HttpError, Method};
    use crate::testing::{Caller, http};

    async fn list(_: Method) -> Result<String, HttpError> {
        let timeout = std::io::Error::new(std::io::ErrorKind::TimedOut, std::io::Error::other("the disk is asleep"));
        tracing::info!(orders = 3, "listing");
        Err(HttpError::internal(timeout))
    }

    #[tokio::test]
    async fn a_failing_test_shows_the_log_lines_and_the_cause_of_a_500() {
        const NAME: &str = "testing::lines::tests::a_failing_test_shows_the_log_lines_and_the_cause_of_a_500";
        if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
            let response = Caller::new(crate::handler(list)).send(http::get("/orders")).await.unwrap();
            assert_eq!(response.text(), r#"{"title":"Internal Server Error","status":500}"#);
            return assert_eq!(response.status(), 200, "{response:?}");
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", NAME]).env_clear().env("PILASTER_TEST_CHILD", "1").output().unwrap();
        assert!(!child.status.success());
        assert_eq!(String::from_utf8_lossy(&child.stderr), "", "the harness has captured it");
        let shown = String::from_utf8_lossy(&child.stdout);
        let (printed, debug) = shown.split_once("panicked at").unwrap();
        for text in [printed, debug] {
            assert!(text.contains("listing") && text.contains("orders=3"), "{shown}");
            assert!(text.contains("the request failed") && text.contains("the disk is asleep"), "{shown}");
        }
    }

    #[tokio::test]
    async fn the_text_of_a_panic_is_in_the_response_and_the_captured_lines() {
        async fn broken(_: Method) -> &'static str {
            panic!("boom")
        }
        let caller = Caller::new(crate::handler(broken));
        let response = caller.send(http::get("/")).await.unwrap();
        assert_eq!(response.text(), r#"{"title":"Internal Server Error","status":500}"#);
        assert!(format!("{response:?}").contains("boom"), "{response:?}");

        let logs = crate::observe::logging::CapturedLogs::default();
        caller.with_logs(&logs).send(http::get("/")).await.unwrap();
        let lines = logs.lines();
        assert_eq!((lines.len(), &lines[0]["message"], &lines[0]["error_type"]), (1, &"boom".into(), &"Panic".into()));
        assert!(lines[0]["function_request_id"].is_string(), "{lines:?}");
    }

    #[tokio::test]
    async fn a_test_with_a_subscriber_gets_the_lines_itself() {
        let lines = crate::observe::logging::CapturedLogs::default();
        let _guard =
            tracing::subscriber::set_default(crate::observe::logging::Logs::new().writer(lines.clone()).build());
        let response = Caller::new(crate::handler(list)).send(http::get("/orders")).await.unwrap();
        assert!(!format!("{response:?}").contains("asleep"));
        let messages = lines.lines().iter().map(|line| line["message"].clone()).collect::<Vec<_>>();
        assert_eq!(messages, ["listing", "the request failed"]);
    }
}
