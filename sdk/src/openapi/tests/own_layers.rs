//! Each of Pilaster's layers and extractors, beside what it answers: the document has it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path as FilePath;

use serde_json::{Value, json};

use crate::http::{
    self, CacheControlLayer, CompressionLayer, ConditionalLayer, CorsLayer, DeadlineLayer, ErrorLayer, HttpError,
    IdempotencyKey, JwtLayer, Method, NegotiationLayer, OpenApiViewerLayer, PartialResponseLayer, Preconditions,
    RateLimitLayer, SecurityHeadersLayer, Stack,
};
use crate::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use crate::json_schema::SchemaLayer;
use crate::openapi::of;
use crate::rate_limit::{self, Quota, RateLimit};
use crate::testing::Caller;
use crate::testing::http::{Request, get, post};
use crate::{IntoService, JwtVerifier};

/// What the document of a layer is checked by.
enum Check {
    /// Requests with the status of the last one's response, which the layer sends; and statuses that a test cannot cause.
    Sends(fn() -> Stack, Vec<(Vec<Request>, u16)>, &'static [&'static str]),
    /// The layer has no status below 500 of its own; the others are `default`.
    Nothing(fn() -> Stack),
    /// The file is not a layer.
    NoLayer,
}

fn idempotent() -> Stack {
    Stack::new().idempotency(IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "test").require_key()))
}

fn limited() -> Stack {
    Stack::new().rate_limit(RateLimitLayer::new(RateLimit::new(rate_limit::MemoryStore::new(), Quota::per_minute(1))))
}

fn tokens() -> Stack {
    Stack::new().layer(JwtLayer::new(JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example")).scopes(["read"]))
}

/// Returns the check of each file in `http/layers`.
fn checks() -> Vec<(&'static str, Check)> {
    use Check::{NoLayer, Nothing, Sends};
    let keyed = |key: &str, body: u32| post("/items").header("idempotency-key", key).json(body);
    vec![
        ("base_path", Nothing(|| Stack::new().base_path("v1"))),
        ("cache_control", Nothing(|| Stack::new().cache_control(CacheControlLayer::new("max-age=60")))),
        ("catch_panic", Nothing(Stack::new)),
        ("compression", Nothing(|| Stack::new().compression(CompressionLayer::new()))),
        (
            "conditional",
            Sends(
                || Stack::new().conditional(ConditionalLayer::new()),
                vec![
                    (vec![get("/items").header("if-none-match", "*")], 304),
                    (vec![get("/items").header("if-match", "\"another\"")], 412),
                ],
                &[],
            ),
        ),
        // A preflight is no operation.
        ("cors", Nothing(|| Stack::new().cors(CorsLayer::new().allow_origins(["https://app.example.com"])))),
        ("deadline", Nothing(|| Stack::new().deadline(DeadlineLayer::new()))),
        ("described", NoLayer),
        ("entity_tag", NoLayer),
        ("erased", NoLayer),
        (
            "error_layer",
            Sends(|| Stack::new().errors(ErrorLayer::new().on::<Gone>(410)), vec![(vec![get("/gone")], 410)], &[]),
        ),
        // The layer of a user's function, which `Stack::openapi` describes.
        ("from_fn", NoLayer),
        (
            "idempotency",
            Sends(
                idempotent,
                vec![(vec![post("/items").json(1)], 400), (vec![keyed("a", 1), keyed("a", 2)], 422)],
                &["409"],
            ),
        ),
        (
            "json_schema",
            Sends(
                || Stack::new().layer(SchemaLayer::new().incoming(r#"{ "type": "integer" }"#)),
                vec![
                    (vec![post("/items").header("content-type", "application/json").text("{")], 400),
                    (vec![post("/items").text("1")], 415),
                    (vec![post("/items").json("text")], 422),
                ],
                &["413"],
            ),
        ),
        ("jwt", Sends(tokens, vec![(vec![get("/items")], 401)], &["403"])),
        (
            "negotiation",
            Sends(
                || Stack::new().layer(NegotiationLayer::new().media_types(["application/json"])),
                vec![(vec![get("/items").header("accept", "image/png")], 406)],
                &[],
            ),
        ),
        (
            "openapi_viewer",
            Nothing(|| {
                let document = r#"{ "openapi": "3.1.0", "info": { "title": "Items", "version": "1" } }"#;
                Stack::new().openapi_viewer(OpenApiViewerLayer::new(document))
            }),
        ),
        (
            "partial_response",
            Sends(|| Stack::new().layer(PartialResponseLayer::new()), vec![(vec![get("/items?fields=a(")], 400)], &[]),
        ),
        ("quality_values", NoLayer),
        ("rate_limit", Sends(limited, vec![(vec![get("/items"), get("/items")], 429)], &[])),
        ("request_document", NoLayer),
        ("security_headers", Nothing(|| Stack::new().security_headers(SecurityHeadersLayer::new()))),
        ("stack", NoLayer),
    ]
}

#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gone")
    }
}

impl std::error::Error for Gone {}

#[http::operation(crate = crate, route = "GET /items")]
async fn items(_: Method) -> http::Json<Value> {
    http::Json(json!([1]))
}

#[http::operation(crate = crate, route = "POST /items")]
async fn create(_: Method) -> http::NoContent {
    http::NoContent
}

#[http::operation(crate = crate, route = "GET /gone", responses(200 = "Never."))]
async fn gone(_: Method) -> Result<http::NoContent, HttpError> {
    Err(Gone)?
}

fn service(stack: Stack) -> impl IntoService {
    http::service(http::routes![items, create, gone]).layer(stack)
}

/// Returns the responses of each operation.
fn responses(document: &Value) -> Vec<&Value> {
    let items = document["paths"].as_object().unwrap().values();
    items.flat_map(|item| item.as_object().unwrap().values()).map(|operation| &operation["responses"]).collect()
}

/// Returns the modules of a folder.
fn modules(folder: &str) -> BTreeSet<String> {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src/http").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn each_layer_is_in_the_table() {
    let known: BTreeSet<_> = checks().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(known, modules("layers"), "a new layer needs an entry, and its statuses in `layers/described.rs`");
}

#[tokio::test]
async fn the_document_has_what_each_layer_answers() {
    for (name, check) in checks() {
        let (stack, sent, others) = match check {
            Check::Sends(stack, sent, others) => (stack, sent, others),
            Check::Nothing(stack) => {
                let document = of(&service(stack())).unwrap();
                let plain = of(&service(Stack::new())).unwrap();
                assert_eq!(document.as_value()["paths"], plain.as_value()["paths"], "{name}");
                for responses in responses(document.as_value()) {
                    assert!(responses["default"].is_object(), "{name}: a status of 500 and above is `default`");
                }
                continue;
            }
            Check::NoLayer => continue,
        };
        let document = of(&service(stack())).unwrap();
        for status in others {
            assert!(responses(document.as_value()).iter().any(|all| all[status].is_object()), "{name}: {status}");
        }
        for (requests, status) in sent {
            // A new function, so that no request finds what another has left.
            let caller = Caller::new(service(stack())).against(&document).without_logs();
            let mut last = 0;
            for request in requests {
                last = caller.send(request).await.unwrap().status();
            }
            assert_eq!(last, status, "{name}");
        }
    }
}

#[test]
fn the_parameters_of_layers_are_those_of_the_operations() {
    let document = of(&service(idempotent().layer(PartialResponseLayer::new().parameter("only")))).unwrap();
    let paths = &document.as_value()["paths"]["/items"];
    let names = |method: &str| {
        let all = paths[method]["parameters"].as_array().unwrap();
        all.iter().map(|one| (one["name"].clone(), one["in"].clone(), one["required"].clone())).collect::<Vec<_>>()
    };
    let only = || (json!("only"), json!("query"), json!(false));
    assert_eq!(names("get"), [only()]);
    assert_eq!(names("post"), [only(), (json!("Idempotency-Key"), json!("header"), json!(true))]);
    let retry = &paths["post"]["responses"]["409"]["headers"]["Retry-After"];
    assert_eq!(retry["required"], true);
    assert!(paths["get"]["responses"]["409"].is_null(), "a `GET` has no key");
}

/// The statuses below 500 of each file in `http/extract`; `None` for a file that is not an extractor.
fn extractors() -> Vec<(&'static str, Option<Vec<&'static str>>)> {
    vec![
        ("check", None),
        ("claims", Some(vec!["401", "403"])),
        ("client", Some(vec![])),
        ("connection", Some(vec!["400"])),
        ("content_type", None),
        ("context", Some(vec![])),
        ("form", Some(vec!["413", "415", "422"])),
        ("invocation", Some(vec![])),
        ("json", Some(vec!["400", "413", "415", "422"])),
        ("jwt", Some(vec!["401", "403"])),
        ("member_names", None),
        ("metrics", Some(vec![])),
        ("multipart", Some(vec!["400", "413", "415"])),
        ("parameter", Some(vec![])),
        ("path", Some(vec!["400"])),
        ("plain_value", None),
        ("query", Some(vec!["400"])),
        ("secret", Some(vec![])),
        ("valid", Some(vec!["400", "413", "415", "422"])),
    ]
}

/// The statuses of an operation with one extractor.
macro_rules! statuses {
    ($($name:literal: $extractor:ty),* $(,)?) => {{
        let mut found = std::collections::BTreeMap::new();
        $({
            let mut schemas = crate::openapi::schemas::Schemas::new();
            let mut operation = crate::openapi::Operation::new("POST /items/{id}", &mut schemas);
            <$extractor as crate::openapi::OperationPart>::request(&mut operation);
            let responses = operation.finish().responses();
            let statuses = responses.keys().filter(|status| *status != "default").cloned().collect::<Vec<_>>();
            found.insert($name, statuses);
        })*
        found
    }};
}

#[test]
fn each_extractor_is_in_the_table_with_what_it_answers() {
    let table = extractors();
    let known: BTreeSet<_> = table.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, modules("extract"), "a new extractor needs an entry, and its statuses in `described`");
    let found = statuses! {
        "claims": http::Claims<Value>,
        "connection": http::Connection,
        "context": http::RequestContext,
        "form": http::Form<Value>,
        "invocation": crate::Invocation,
        "json": http::Json<Value>,
        "jwt": http::Jwt<Value>,
        "multipart": http::Multipart,
        "path": http::Path<u32>,
        "query": http::Query<Asked>,
        "valid": http::Valid<http::Json<Value>>,
    };
    for (name, statuses) in table {
        // The others are silent: they answer with 500 and above alone.
        let statuses = statuses.filter(|statuses| found.contains_key(name) || !statuses.is_empty());
        if let Some(statuses) = statuses {
            assert_eq!(found[name], statuses, "{name}");
        }
    }
    let found = statuses! { "preconditions": Preconditions, "key": IdempotencyKey, "maybe": Option<IdempotencyKey> };
    assert_eq!(found["preconditions"], ["412", "428"]);
    assert_eq!((&found["key"], &found["maybe"]), (&vec!["400".to_owned()], &vec!["400".to_owned()]));
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code)]
struct Asked {
    limit: Option<u8>,
}

#[http::operation(crate = crate, route = "PUT /text")]
async fn text(_: String) -> http::NoContent {
    http::NoContent
}

#[http::operation(crate = crate, route = "PUT /item")]
async fn change(preconditions: Preconditions) -> Result<http::NoContent, HttpError> {
    preconditions.required()?.check(None)?;
    Ok(http::NoContent)
}

#[tokio::test]
async fn what_an_extractor_sends_is_in_the_document() {
    let service = || http::service(http::routes![text, change]);
    let document = of(&service()).unwrap();
    let put = crate::testing::http::put;
    for (request, status) in
        [(put("/text").bytes([0xff]), 400), (put("/item"), 428), (put("/item").header("if-match", "\"a\""), 412)]
    {
        let caller = Caller::new(service()).against(&document).without_logs();
        assert_eq!(caller.send(request).await.unwrap().status(), status);
    }
}
