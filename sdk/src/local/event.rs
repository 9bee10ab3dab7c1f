//! The local run with an event: `cargo run -- event.json`, or the event on standard input. The response is printed.

use std::io::{self, IsTerminal as _, Read as _};
use std::pin::{Pin, pin};
use std::time::Duration;

use super::arguments::Input;
use super::{invocation, print};
use crate::core::error::{BoxError, FunctionError, chain};
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::RawService;
use crate::core::raw::{Incoming, Outgoing, RawEvent};
use crate::core::signals::Signals;

/// The maximum time-out of a Lambda function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>).
const TIMEOUT: Duration = Duration::from_secs(900);

/// Reads each event that the arguments name, or the one on standard input.
pub(super) fn read(mut inputs: Vec<Input>) -> Result<Vec<RawEvent>, BoxError> {
    if inputs.is_empty() {
        inputs.push(Input::Stdin);
    }
    let mut events = Vec::with_capacity(inputs.len());
    for input in inputs {
        let (read, name) = match input {
            Input::Stdin => (standard_input()?, "standard input".to_owned()),
            Input::File(file) => (std::fs::read(&file), file.display().to_string()),
        };
        let read = read.map_err(|error| format!("cannot read {name}: {error}"))?;
        events.push(parse(read).map_err(|mistake| format!("{name}: {mistake}"))?);
    }
    Ok(events)
}

/// Calls the function with each event. They were all read before, since a mistake in one must precede any effect.
pub(super) async fn serve<S: RawService>(raw: S, events: Vec<RawEvent>) -> Result<(), BoxError> {
    let mut failed = 0;
    // Registered once: it takes file descriptors until the process ends, and Ctrl-C counts between two events, too.
    let mut interrupted = pin!(Signals::interrupt()?.received());
    for event in events {
        failed += usize::from(!call(raw.clone(), event, interrupted.as_mut()).await?);
    }
    match failed {
        0 => Ok(()),
        _ => Err("the function failed; its error is printed above".into()),
    }
}

fn standard_input() -> Result<io::Result<Vec<u8>>, BoxError> {
    if io::stdin().is_terminal() {
        return Err("an event is missing: name a file that contains one (`cargo run -- event.json`), or pipe one in; `--event NAME` prints one, such as `--event sqs`; `--help` lists the names".into());
    }
    let mut bytes = Vec::new();
    // One more byte shows that it is too long.
    Ok(io::stdin().take(PAYLOAD_LIMIT as u64 + 1).read_to_end(&mut bytes).map(|_| bytes))
}

/// Returns the event in the bytes of a file. Editors and PowerShell begin one with a byte order mark, which Lambda never sends.
fn parse(bytes: Vec<u8>) -> Result<RawEvent, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("the event is UTF-16; save the file as UTF-8".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "the event is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.len() > PAYLOAD_LIMIT {
        return Err("the event is larger than the 6 MB limit of Lambda".to_owned());
    }
    if text.trim_ascii().is_empty() {
        return Err("the event is empty; `--event NAME` prints one to start from, such as `--event sqs`; `--help` lists the names".to_owned());
    }
    RawEvent::parse(text).map_err(|error| format!("the event is not JSON: {error}"))
}

/// Prints the response, or the error as Lambda reports it. Returns `false` for an error.
async fn call<S: RawService>(
    mut raw: S,
    event: RawEvent,
    interrupted: Pin<&mut impl Future<Output = io::Result<()>>>,
) -> Result<bool, BoxError> {
    let incoming = Incoming { event, invocation: invocation(TIMEOUT)? };
    let called = async {
        std::future::poll_fn(|cx| raw.poll_ready(cx)).await?;
        text(raw.call(incoming).await?).await
    };
    let answered = tokio::select! {
        answered = called => answered,
        stopped = interrupted => return Err(stopped.err().map_or_else(|| "stopped".into(), Into::into)),
    };
    match answered {
        Ok(text) => {
            print(format_args!("{text}"));
            Ok(true)
        }
        Err(error) => {
            let (name, message) = (error.error_type(), error.message());
            print(format_args!("{}", serde_json::json!({ "errorType": name, "errorMessage": message })));
            let causes = chain(&error);
            if causes.len() > 1 {
                eprintln!("{}", causes.join(": "));
            }
            Ok(false)
        }
    }
}

/// Returns the text of a response. One that is streamed is read to its end.
#[cfg(feature = "http")]
async fn text(response: Outgoing) -> Result<String, FunctionError> {
    match response.into_content() {
        Ok(json) => Ok(json.get().to_owned()),
        Err(streamed) => Ok(crate::http::streaming::whole(*streamed).await?.to_string()),
    }
}

#[cfg(not(feature = "http"))]
async fn text(response: Outgoing) -> Result<String, FunctionError> {
    Ok(response.as_json().map_or("null", serde_json::value::RawValue::get).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mistake_in_an_event_is_reported_before_the_first_call() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static CALLS: AtomicU32 = AtomicU32::new(0);
        async fn count(_: crate::Event<u32>) -> Result<(), BoxError> {
            CALLS.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        let folder = std::env::temp_dir().join(format!("pilaster-{}-events", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("one.json"), "1").unwrap();
        std::fs::write(folder.join("odd.json"), "1, 2").unwrap();
        let run = async |names: &[&str]| {
            let events = read(names.iter().map(|name| Input::File(folder.join(name))).collect())?;
            serve(crate::handler(count).into_service().unwrap(), events).await
        };
        let error = run(&["one.json", "odd.json"]).await.unwrap_err().to_string();
        assert!(error.contains("odd.json: the event is not JSON"), "{error}");
        assert!(run(&["one.json", "none.json"]).await.unwrap_err().to_string().contains("cannot read"));
        assert_eq!(CALLS.load(Ordering::Relaxed), 0);
        run(&["one.json", "one.json"]).await.unwrap();
        assert_eq!(CALLS.load(Ordering::Relaxed), 2);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn many_events_take_no_more_file_descriptors_than_one() {
        async fn ignore(_: crate::Event<u32>) -> Result<(), BoxError> {
            Ok(())
        }
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        let events = (0..500).map(|_| RawEvent::parse("1").unwrap()).collect();
        serve(crate::handler(ignore).into_service().unwrap(), events).await.unwrap();
        // Tests beside it open some.
        assert!(open() < before + 250, "{before} {}", open());
    }

    #[test]
    fn an_event_is_read_as_editors_write_it() {
        let read = |bytes: &[u8]| parse(bytes.to_vec()).map(|event| event.get().to_owned());
        assert_eq!(read(b"\xef\xbb\xbf{\"a\": 1}\r\n").unwrap(), "{\"a\": 1}");
        assert_eq!(read(b" null ").unwrap(), "null");
        for (bytes, mistake) in [
            (&b"\xff\xfe{\0}\0"[..], "save the file as UTF-8"),
            (b"\"\xe4\"", "not UTF-8"),
            (b" \n", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b"{\"a\": hunter2}", "not JSON"),
            (b"{} {}", "not JSON"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(mistake) && !error.contains("hunter2"), "{error}");
        }
        assert!(read(&vec![b' '; PAYLOAD_LIMIT + 1]).unwrap_err().contains("6 MB"));
    }

    #[cfg(feature = "http")]
    const URL: &str = r#"{"version":"2.0","rawPath":"/","requestContext":{"domainName":"u.lambda-url.eu-central-1.on.aws","http":{"method":"GET","path":"/"}}}"#;

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn a_streamed_body_that_is_not_text_is_base64() {
        async fn bytes(_: http::Method) -> Vec<u8> {
            vec![0, 0xff, 0xfe, 1]
        }
        let incoming = Incoming { event: parse(URL.into()).unwrap(), invocation: invocation(TIMEOUT).unwrap() };
        let service = crate::handler(bytes).streaming().into_service().unwrap();
        let printed = text(tower::ServiceExt::oneshot(service, incoming).await.unwrap()).await.unwrap();
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&printed["body"], &printed["isBase64Encoded"]), (&"AP/+AQ==".into(), &true.into()), "{printed}");
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn a_streamed_body_that_breaks_off_fails_its_event_alone() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static CALLS: AtomicU32 = AtomicU32::new(0);
        async fn broken(_: http::Method) -> crate::http::Body {
            CALLS.fetch_add(1, Ordering::Relaxed);
            let chunks = [Ok("first"), Err(io::Error::other("broke"))];
            crate::http::Body::from_stream(futures_util::stream::iter(chunks))
        }
        let events = (0..2).map(|_| parse(URL.into()).unwrap()).collect();
        let service = crate::handler(broken).streaming().into_service().unwrap();
        let error = serve(service, events).await.unwrap_err().to_string();
        assert!(error.contains("the function failed"), "{error}");
        assert_eq!(CALLS.load(Ordering::Relaxed), 2);
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn an_http_function_takes_an_event_too_also_one_that_streams() {
        async fn hello(_: http::Method) -> &'static str {
            "hello"
        }
        for streams in [false, true] {
            let incoming = Incoming { event: parse(URL.into()).unwrap(), invocation: invocation(TIMEOUT).unwrap() };
            let mut called =
                Box::pin(tower::ServiceExt::oneshot(crate::handler(hello).into_service().unwrap(), incoming.clone()))
                    as std::pin::Pin<Box<dyn Future<Output = Result<Outgoing, crate::FunctionError>>>>;
            if streams {
                called = Box::pin(tower::ServiceExt::oneshot(
                    crate::handler(hello).streaming().into_service().unwrap(),
                    incoming,
                ));
            }
            let printed: serde_json::Value = serde_json::from_str(&text(called.await.unwrap()).await.unwrap()).unwrap();
            assert_eq!((&printed["statusCode"], &printed["body"]), (&200.into(), &"hello".into()), "{printed}");
        }
    }
}
