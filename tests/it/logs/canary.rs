//! A marked secret goes into functions of every kind, mostly where it cannot be read, and each function shows by `Debug` its
//! arguments: the secret is in no response, log line, blob of metrics or span.

use lambda_runtime::Context;
use pilaster::http::{
    Accepts, Claims, Form, HeaderMap, HeaderValue, HttpError, Json, Multipart, Path, Query, RequestContext, Valid,
    header,
};
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::observe::logging::{self, Level, LogFormat, LoggingLayer, Logs};
use pilaster::observe::metrics::{self, BuiltIn, MetricsLayer};
use pilaster::observe::traces::{self, TracesLayer};
use pilaster::records::{EventBridge, FromRecord, LogRecord, MqMessage, Next, Record, SesMessage, from_fn};
use pilaster::testing::{
    Caller, active_mq, event_bridge, firehose, http, insert, kafka, kinesis, logs, rabbit_mq, scheduler, sns, sqs,
};
use pilaster::{
    Authorizer, BoxError, Change, Event, Firehose, FunctionError, Incoming, Invocation, Kafka, Kinesis, RawService,
    Schedule, Sns, Sqs,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use super::find::holds;

const SECRET: &str = "hunter2canary";

/// A value of it is never sent.
#[derive(Clone, Debug, Deserialize, garde::Validate)]
#[garde(allow_unvalidated)]
#[allow(dead_code)]
struct Card {
    number: u64,
    kind: Kind,
    #[garde(length(max = 3))]
    #[serde(default)]
    note: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Kind {
    Credit,
}

/// Returns bodies that contain the secret and are not a card.
fn bodies() -> Vec<Value> {
    vec![
        json!({"number": SECRET, "kind": "Credit"}),
        json!({"number": 1, "kind": SECRET}),
        json!({"number": [SECRET], "kind": {SECRET: 1}}),
        json!(SECRET),
        json!([SECRET]),
    ]
}

fn context() -> Context {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    context.client_context =
        serde_json::from_value(json!({"custom": {"token": SECRET}, "environment": {"k": SECRET}})).ok();
    context.identity = serde_json::from_value(json!({"identityId": SECRET, "identityPoolId": SECRET})).ok();
    assert!(context.client_context.is_some() && context.identity.is_some());
    context
}

/// The whole output of a function.
#[derive(Default)]
struct Seen {
    lines: logging::CapturedLogs,
    metrics: metrics::CapturedMetrics,
    spans: traces::CapturedSpans,
}

impl Seen {
    fn metrics(&self) -> MetricsLayer {
        let layer = MetricsLayer::new().namespace("Shop").writer(self.metrics.clone());
        layer.built_in(BuiltIn::Latency).built_in(BuiltIn::RecordFailures)
    }

    fn traces(&self) -> TracesLayer {
        TracesLayer::new().captured(&self.spans)
    }

    async fn call<R: RawService>(self, caller: Caller<R>, event: &Value, format: LogFormat) -> String {
        let logs = Logs::new().level(Level::Trace).format(format).writer(self.lines.clone()).build();
        let answer = caller.with_context(context()).call(event.clone()).with_subscriber(logs).await;
        let answer = match answer {
            Ok(answer) => answer.to_string(),
            Err(error) => format!("{error:?} {error} {}", error.message()),
        };
        assert!(!self.metrics.text().is_empty() && !self.spans.spans().is_empty());
        let spans = Value::from(self.spans.spans());
        format!("{answer}\n{}\n{}\n{spans}", self.lines.text(), self.metrics.text())
    }
}

/// Calls the function with each event, and looks for the secret in all that comes out.
macro_rules! keeps_secrets {
    ($function:expr, $events:expr) => {
        for event in $events {
            let event: Value = event;
            for format in [LogFormat::Json, LogFormat::Text] {
                let seen = Seen::default();
                let function = pilaster::handler($function);
                let function = function.outer(LoggingLayer::new()).outer(seen.traces()).outer(seen.metrics());
                let out = seen.call(Caller::new(function), &event, format).await;
                for line in out.lines() {
                    assert!(!holds(line, SECRET), "{event}: {line}");
                }
                assert!(holds(&event.to_string(), SECRET), "{event}");
            }
        }
    };
}

mod records;
mod services;

/// Requests with a secret in each header that carries one, and with these bodies.
fn requests(path: &str, of: impl Fn(http::Request, &Value) -> http::Request) -> Vec<Value> {
    let headers = [
        ("authorization", "Bearer hunter2canary"),
        ("x-forwarded-authorization", SECRET),
        ("cookie", "session=hunter2canary"),
        ("x-api-key", SECRET),
        ("x-amzn-oidc-accesstoken", SECRET),
        ("x-amzn-oidc-data", SECRET),
        ("x-amz-security-token", SECRET),
        ("sec-websocket-protocol", SECRET),
    ];
    let request = |body: &Value| {
        let request = headers.iter().fold(http::post(path), |request, (name, value)| request.header(*name, *value));
        let mut event = of(request, body).into_event().unwrap();
        event["requestContext"]["authorizer"] =
            json!({"jwt": {"claims": {"sub": SECRET, "level": SECRET}, "scopes": [SECRET]}});
        event
    };
    bodies().iter().map(request).collect()
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Level9 {
    level: u8,
}

#[tokio::test]
async fn of_requests() {
    let with_json = |request: http::Request, body: &Value| request.json(body);
    let with_form = |request: http::Request, _: &Value| {
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .text("number=hunter2canary&kind=hunter2canary")
    };
    let with_parts = |request: http::Request, _: &Value| {
        let part = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhunter2canary\r\n--b-";
        request.header("content-type", "multipart/form-data; boundary=b").text(part)
    };
    let broken = |request: http::Request, _: &Value| {
        request.header("content-type", "application/json").text(r#"{"number": "hunter2canary"#)
    };
    keeps_secrets!(async |Json(card): Json<Card>| format!("{card:?}"), requests("/", with_json));
    keeps_secrets!(async |Json(card): Json<Card>| format!("{card:?}"), requests("/", broken));
    keeps_secrets!(async |Valid(Json(card)): Valid<Json<Card>>| format!("{card:?}"), requests("/", with_json));
    keeps_secrets!(async |Form(card): Form<Card>| format!("{card:?}"), requests("/", with_form));
    keeps_secrets!(
        async |Query(card): Query<Card>| format!("{card:?}"),
        requests("/?number=hunter2canary&kind=x", with_json)
    );
    keeps_secrets!(async |Claims(level): Claims<Level9>| format!("{level:?}"), requests("/", with_json));
    keeps_secrets!(
        async |mut parts: Multipart| {
            tracing::info!(?parts, "shown");
            while let Some(field) = parts.next_field().await? {
                tracing::info!(?field, "shown");
                let _ = field.bytes().await?;
            }
            Ok::<_, pilaster::http::Rejection>("well")
        },
        requests("/", with_parts)
    );
    keeps_secrets!(
        async |invocation: Invocation, headers: HeaderMap, context: RequestContext, body: String| {
            tracing::info!(?invocation, ?headers, ?context, "shown");
            let mut parts = axum::http::Request::new(body).into_parts().0;
            parts.headers = headers;
            tracing::error!(?parts, "shown");
            Err::<(), _>(HttpError::conflict("taken").with_header(header::SET_COOKIE, HeaderValue::from_static("a=b")))
        },
        requests("/", with_json)
    );
    keeps_secrets!(
        async |accepts: Accepts, path: Path<std::collections::HashMap<String, u8>>, _: String| format!(
            "{accepts:?} {path:?}"
        ),
        requests("/", with_json)
    );
}

#[tokio::test]
async fn of_whole_events() {
    keeps_secrets!(async |Event(card): Event<Card>| Ok::<_, BoxError>(format!("{card:?}")), bodies());
    let detail = |body| Value::from(event_bridge("shop", "Sold", body));
    keeps_secrets!(
        async |Event(card): Event<Value>| match serde_json::from_value::<Card>(card["detail"].clone()) {
            Ok(card) => Ok(format!("{card:?}")),
            Err(_) => Err(BoxError::from("not a card")),
        },
        bodies().into_iter().map(detail)
    );
    let input = |body| {
        let mut event = Value::from(scheduler("nightly"));
        event["detail"] = body;
        event
    };
    keeps_secrets!(
        async |schedule: Schedule| {
            let error = schedule.json::<Card>().map(drop).unwrap_err();
            tracing::info!(?schedule, %error, shown = ?error, "shown");
            Ok::<_, FunctionError>(())
        },
        bodies().into_iter().map(input)
    );
    let arn = "arn:aws:execute-api:eu-west-1:123456789012:a/b/GET/";
    let token = json!({"type": "TOKEN", "authorizationToken": SECRET, "methodArn": arn});
    let request = json!({
        "type": "REQUEST", "methodArn": arn, "resource": "/", "path": "/", "httpMethod": "GET",
        "headers": {"authorization": SECRET}, "requestContext": {"identity": {"apiKey": SECRET}},
    });
    keeps_secrets!(
        async |authorizer: Authorizer| {
            tracing::info!(?authorizer, "shown");
            Err::<pilaster::events::authorizer::Policy, _>(pilaster::events::authorizer::AuthorizerError::Unauthorized)
        },
        [token, request]
    );
}

#[tokio::test]
async fn of_what_passes_between_layers() {
    let event = pilaster::RawEvent::parse(json!({"token": SECRET}).to_string()).unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(context()) };
    let shown = format!("{incoming:?} {incoming:#?} {:?}", incoming.invocation);
    assert!(!holds(&shown, SECRET), "{shown}");
}

#[tokio::test]
async fn of_idempotent_calls() {
    let store = MemoryStore::new();
    for body in bodies() {
        let seen = Seen::default();
        let layer = IdempotencyLayer::new(Idempotency::new(store.clone(), "f").key("body"));
        let function = pilaster::handler(async |_: String| "well").without_stack().layer(layer);
        let function = function.outer(LoggingLayer::new()).outer(seen.traces()).outer(seen.metrics());
        let event = http::post("/").header("authorization", SECRET).json(&body).into_event().unwrap();
        let out = seen.call(Caller::new(function), &event, LogFormat::Json).await;
        assert!(!holds(&out, SECRET) && !holds(&format!("{store:?}"), SECRET), "{out}");
    }
}
