//! Functions of every kind, each called with the text of an event, and the properties of every result.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Once;

use axum_extra::extract::CookieJar;
use futures_util::FutureExt;
use pilaster::events::authorizer::{AuthorizerError, Policy};
use pilaster::http::{
    self, Bytes, Claims, CorsLayer, EventKind, Form, HeaderMap, HttpError, Json, Multipart, Path, Query, Rejection,
    Request, RequestContext, TypedHeader, headers,
};
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::records::{SesMessage, TransformedRecord};
use pilaster::testing::Caller;
use pilaster::{
    Authorizer, BoxError, Change, CloudFormation, CustomResource, Event, EventBridge, Firehose, FunctionError,
    IntoService, Kafka, Kinesis, LogRecord, MqMessage, S3Object, Schedule, Sns, Sqs,
};
use serde::Deserialize;
use serde_json::{Map, Value};

type Called<'c> = Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + 'c>>;

/// The kind of a function's response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Http,
    Records,
    Event,
}

/// A function of any kind.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    call: Box<dyn for<'c> Fn(&'c str) -> Called<'c>>,
}

impl Function {
    fn new<F: IntoService>(name: &'static str, kind: Kind, function: F) -> Self {
        let caller = Rc::new(Caller::new(function).without_logs());
        Self {
            name,
            kind,
            call: Box::new(move |event| {
                let caller = Rc::clone(&caller);
                Box::pin(async move { caller.call_text(event).await })
            }),
        }
    }

    /// Calls it, and fails the test after a panic, or if the result is not a response of its kind.
    pub(crate) async fn call(&self, event: &str) -> Result<Value, FunctionError> {
        watch_panics();
        let before = PANICS.get();
        let answer = AssertUnwindSafe((self.call)(event)).catch_unwind().await;
        let shown = || event.chars().take(3_000).collect::<String>();
        assert_eq!(PANICS.get(), before, "{}: it panicked over {}", self.name, shown());
        let answer = answer.unwrap_or_else(|_| panic!("{}: it panicked over {}", self.name, shown()));
        if let Err(mistake) = self.check(&answer) {
            panic!("{}: {mistake}: {answer:?}, after {}", self.name, shown());
        }
        answer
    }

    fn check(&self, answer: &Result<Value, FunctionError>) -> Result<(), &'static str> {
        let answer = match answer {
            Err(error) if error.error_type().is_empty() || error.error_type() == "Panic" => {
                return Err("an error without a type");
            }
            Err(error) if error.message().len() > 2_000 || error.error_type().len() > 100 => {
                return Err("an error that repeats its input");
            }
            Err(_) => return Ok(()),
            Ok(answer) => answer,
        };
        match self.kind {
            Kind::Event => Ok(()),
            Kind::Http => match answer["statusCode"].as_u64() {
                // An empty response to a WebSocket message has no body.
                Some(200..=499) if answer.get("body").is_none_or(Value::is_string) => Ok(()),
                _ => Err("not a response to this request"),
            },
            Kind::Records => {
                let failures = match answer {
                    Value::Null => return Ok(()),
                    answer => &answer["batchItemFailures"],
                };
                if answer["records"].is_array() {
                    return Ok(());
                }
                let known = |failure: &Value| match &failure["itemIdentifier"] {
                    Value::String(id) => !id.is_empty(),
                    place => place["partition"].is_string() && place["offset"].is_i64(),
                };
                // Lambda takes an empty or unknown id as the failure of the whole batch.
                match failures.as_array().is_some_and(|failures| failures.iter().all(known)) {
                    true => Ok(()),
                    false => Err("not a response to this batch"),
                }
            }
        }
    }
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts panics, also those that a layer turns into a 500 or a failed record.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            hook(panic);
        }));
    });
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is only decoded")]
pub(crate) struct Order {
    id: u64,
    name: Option<String>,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is only decoded")]
struct Line {
    sku: String,
    count: i32,
    price: f64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only decoded")]
struct Page {
    limit: Option<u8>,
    after: Option<String>,
    #[serde(default)]
    tag: Vec<String>,
}

/// Everything that reads the head of a request.
#[expect(clippy::too_many_arguments, reason = "one function sees all of them")]
async fn head(
    kind: EventKind,
    path: Result<Path<Map<String, Value>>, Rejection>,
    query: Result<Query<Page>, Rejection>,
    claims: Result<Claims<Value>, Rejection>,
    cookies: CookieJar,
    language: Option<TypedHeader<headers::UserAgent>>,
    context: RequestContext,
    request: Request,
) -> String {
    let typed = context.typed().is_ok();
    let seen = (path.is_ok(), query.is_ok(), claims.is_ok(), cookies.iter().count(), language.is_some(), typed);
    format!("{kind:?} {} {} {seen:?} {}", request.method(), request.uri(), request.headers().len())
}

async fn json(_: HeaderMap, Json(order): Json<Order>) -> String {
    format!("{order:?}")
}

async fn form(Form(order): Form<Map<String, Value>>) -> String {
    format!("{order:?}")
}

async fn text(text: String) -> String {
    text
}

async fn bytes(bytes: Bytes) -> Bytes {
    bytes
}

async fn upload(mut parts: Multipart) -> Result<String, HttpError> {
    let mut seen = String::new();
    while let Some(part) = parts.next_field().await? {
        seen += &format!("{:?} {:?} {:?} ", part.name(), part.file_name(), part.content_type());
        seen += &part.bytes().await?.len().to_string();
    }
    Ok(seen)
}

/// A stack with every layer that reads the request.
fn stack() -> http::Stack {
    let origins = ["https://*.example.com", "https://app.example.com", "http://localhost:*", "http://[::1]:3000"];
    let cors = CorsLayer::new().allow_origins(origins).allow_credentials(true).mirror_headers();
    http::Stack::new().cors(cors)
}

macro_rules! of_records {
    ($name:ident, $of:ty) => {
        async fn $name(record: $of) -> Result<(), BoxError> {
            drop(format!("{record:?}"));
            Ok(())
        }
    };
}
of_records!(sqs, Sqs<Order>);
of_records!(sqs_text, Sqs<String>);
of_records!(kinesis, Kinesis<Order>);
of_records!(kinesis_bytes, Kinesis<Vec<u8>>);
of_records!(change, Change<Order>);
of_records!(change_map, Change<Map<String, Value>>);
of_records!(kafka, Kafka<String, Order>);
of_records!(object, S3Object);
of_records!(sns, Sns<Order>);
of_records!(mq, MqMessage<Order>);
of_records!(logs, LogRecord);
of_records!(ses, SesMessage);
of_records!(event_bridge, EventBridge<Order>);

async fn firehose(record: Firehose<Vec<u8>>) -> Result<TransformedRecord, BoxError> {
    Ok(TransformedRecord::ok(record.data))
}

async fn typed(Event(order): Event<Order>) -> Result<String, BoxError> {
    Ok(format!("{order:?}"))
}

async fn any(Event(value): Event<Value>) -> Result<Value, BoxError> {
    Ok(value)
}

async fn schedule(schedule: Schedule) -> Result<String, BoxError> {
    Ok(format!("{schedule:?}"))
}

async fn authorize(request: Authorizer) -> Result<Policy, AuthorizerError> {
    let token = request.bearer_token().ok_or(AuthorizerError::Unauthorized)?;
    let user = token.to_owned();
    Ok(Policy::allow(user, [request.arn()?.all()]))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "it is only decoded")]
struct Database {
    name: String,
    connections: Option<u32>,
    #[serde(default)]
    replicas: Vec<bool>,
}

async fn custom_resource(event: CloudFormation<Database>) -> Result<CustomResource, BoxError> {
    Ok(CustomResource::new().data("Seen", format!("{:?}", event.request).len()))
}

/// A function whose responses are recorded by this key.
pub(crate) fn keyed(key: &'static str) -> Function {
    let layer = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").key(key));
    Function::new("idempotent", Kind::Event, pilaster::handler(any).layer(layer))
}

/// Returns the functions of HTTP requests.
pub(crate) fn http() -> Vec<Function> {
    vec![
        Function::new("head", Kind::Http, pilaster::handler(head).layer(stack())),
        Function::new("json", Kind::Http, pilaster::handler(json).layer(stack())),
        Function::new("form", Kind::Http, pilaster::handler(form)),
        Function::new("text", Kind::Http, pilaster::handler(text)),
        Function::new("bytes", Kind::Http, pilaster::handler(bytes)),
        Function::new("multipart", Kind::Http, pilaster::handler(upload)),
    ]
}

/// The functions of records.
pub(crate) fn records() -> Vec<Function> {
    vec![
        Function::new("sqs", Kind::Records, pilaster::handler(sqs)),
        Function::new("sqs_text", Kind::Records, pilaster::handler(sqs_text)),
        Function::new("kinesis", Kind::Records, pilaster::handler(kinesis)),
        Function::new("kinesis_bytes", Kind::Records, pilaster::handler(kinesis_bytes)),
        Function::new("change", Kind::Records, pilaster::handler(change)),
        Function::new("change_map", Kind::Records, pilaster::handler(change_map)),
        Function::new("kafka", Kind::Records, pilaster::handler(kafka)),
        Function::new("s3", Kind::Records, pilaster::handler(object)),
        Function::new("sns", Kind::Records, pilaster::handler(sns)),
        Function::new("mq", Kind::Records, pilaster::handler(mq)),
        Function::new("logs", Kind::Records, pilaster::handler(logs)),
        Function::new("ses", Kind::Records, pilaster::handler(ses)),
        Function::new("event_bridge", Kind::Records, pilaster::handler(event_bridge)),
        Function::new("firehose", Kind::Records, pilaster::handler(firehose)),
    ]
}

/// The functions of whole events.
pub(crate) fn events() -> Vec<Function> {
    vec![
        Function::new("typed", Kind::Event, pilaster::handler(typed)),
        Function::new("any", Kind::Event, pilaster::handler(any)),
        Function::new("schedule", Kind::Event, pilaster::handler(schedule)),
        Function::new("authorizer", Kind::Event, pilaster::handler(authorize)),
        Function::new("cloudformation", Kind::Event, pilaster::handler(custom_resource)),
    ]
}

/// Returns all functions.
pub(crate) fn all() -> Vec<Function> {
    http().into_iter().chain(records()).chain(events()).collect()
}

/// Returns the function of this name.
pub(crate) fn named(name: &str) -> Function {
    all().into_iter().find(|function| function.name == name).unwrap()
}

/// A tool with an argument of each kind, and a router.
pub(crate) fn tools() -> impl pilaster::IntoService {
    let router = axum::Router::new().route("/a/{id}", axum::routing::post(async |body: String| body));
    order().for_bedrock().openapi(router)
}

/// The same tool for clients of MCP.
pub(crate) fn mcp() -> impl pilaster::IntoService {
    pilaster::http::service(pilaster::mcp::Server::new(order()))
}

fn order() -> pilaster::tools::Tools {
    use pilaster::tools::{Definition, Input, Tool, Tools};

    #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    struct Item {
        name: String,
        count: u8,
    }

    #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    struct Order {
        items: Vec<Item>,
        urgent: Option<bool>,
        price: Option<f64>,
        notes: Option<Vec<String>>,
    }

    impl Tool for Order {
        const DEFINITION: Definition = Definition::new("order", "Orders.");
    }

    async fn order(Input(order): Input<Order>) -> Order {
        order
    }

    Tools::new().add(order)
}
