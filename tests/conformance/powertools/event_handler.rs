//! The HTTP part of Powertools' event handler: the routes of a case as an `axum::Router` under Pilaster's stack.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::middleware::{Next, from_fn};
use axum::routing::MethodRouter;
use pilaster::http::{HeaderName, HeaderValue, IntoResponse, Method, Request, Response, Stack, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower_http::normalize_path::NormalizePathLayer;

use super::answers::{Answer, Cookie};
use super::raised::{Exceptions, Rule};
use super::routes::{Nested, Route, Shared, router, with_fallback};
use super::{cors, only_these, read};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, read_json_bodies, rejected, send};
use crate::layers::Own;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    resolver: String,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    routers: Vec<Nested>,
    #[serde(default)]
    strip_prefixes: Vec<Value>,
    prefix: Option<String>,
    #[serde(default)]
    cors: Value,
    #[serde(default)]
    middlewares: Vec<Middleware>,
    #[serde(default)]
    error_handlers: Vec<Rule>,
    not_found: Option<Value>,
    /// All answers from a kilobyte on, in TypeScript.
    #[serde(default)]
    compress: bool,
}

/// The input of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(rename = "event")]
    _event: Option<Value>,
    #[serde(rename = "event_file")]
    _event_file: Option<String>,
    #[serde(rename = "patch")]
    _patch: Option<Map<String, Value>>,
    cookie: Option<Cookie>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Middleware {
    name: String,
    #[serde(default)]
    add_header: Map<String, Value>,
    short_circuit: Option<Answer>,
}

pub(super) fn replay(case: &Case) -> Replay {
    let input: Input = read("an input", &case.json["input"])?;
    if let Some(cookie) = input.cookie {
        return cookie_alone(case, cookie);
    }
    match case.json["config"]["resolver"].as_str() {
        Some(
            "rest"
            | "http"
            | "alb"
            | "function_url"
            | "vpc_lattice"
            | "vpc_lattice_v2"
            | "lattice"
            | "lattice_v2"
            | "APIGatewayRestResolver"
            | "APIGatewayHttpResolver"
            | "ALBResolver"
            | "LambdaFunctionUrlResolver"
            | "VPCLatticeResolver"
            | "VPCLatticeV2Resolver",
        ) => {}
        Some("http.Router") => {}
        Some("appsync_events") => return super::channels::replay(case),
        Some(other) => return unsupported(format!("the resolver `{other}`")),
        None => return unsupported("cases without a resolver"),
    }
    if let Some(name) = case.json["env"].as_object().and_then(|env| env.keys().next()) {
        return unsupported(format!("answers that depend on {name}"));
    }
    only_these(&case.json["expected"], &["response", "error", "trace"])?;
    let config: Config = read("a router", &case.json["config"])?;
    let event = case.event().map_err(Stop::Unsupported)?;
    let typescript = config.resolver == "http.Router";
    let notes = Notes::default();
    let sent = call(&config, typescript, &event, &notes)?;
    Ok(compared(case, &event, &notes, sent))
}

fn call(config: &Config, typescript: bool, event: &Value, notes: &Notes) -> Result<Sent, Stop> {
    let exceptions = Exceptions::new(config.error_handlers.clone(), typescript)?;
    let routes: Vec<_> = config.routes.iter().chain(config.routers.iter().flat_map(Nested::routes)).collect();
    let mut methods: Vec<_> =
        routes.iter().filter(|route| route.has_cors()).flat_map(|route| route.methods()).collect();
    methods.sort();
    methods.dedup();
    let cors = match &config.cors {
        Value::Null | Value::Bool(false) => None,
        options if typescript => Some(cors::typescript(options)?),
        options => Some(cors::python(options, &methods)?),
    };
    // Where a route chooses for itself, each has its own.
    let single = routes.iter().any(|route| route.chooses_cors());
    let of_routes = cors.clone().filter(|_| single);
    let shared = Shared {
        notes: notes.clone(),
        exceptions: exceptions.clone(),
        typescript,
        cors: of_routes,
        compress: config.compress,
    };
    let mut strip = Vec::new();
    for prefix in &config.strip_prefixes {
        match prefix.as_str() {
            Some(prefix) => strip.push(prefix.to_owned()),
            None => return unsupported("prefixes that are regular expressions"),
        }
    }
    let build = || -> Result<axum::Router, Stop> {
        let router = router(&config.routes, &config.routers, &strip, &shared)?;
        let router = match &config.prefix {
            Some(prefix) => axum::Router::new().nest(prefix, router),
            None => router,
        };
        with_fallback(router, config.not_found.clone(), &shared)
    };
    let Ok(router) = catch_unwind(AssertUnwindSafe(build)) else {
        return unsupported("routes that axum refuses to have together");
    };
    let router = router?;

    let mut own = Own::default();
    for middleware in &config.middlewares {
        middleware.check()?;
        middleware.clone().push_to(&mut own, notes);
    }
    if typescript || config.resolver == "rest" {
        // Both ignore a slash at the end, which axum does not.
        own.push(NormalizePathLayer::trim_trailing_slash());
    }
    let mut stack = Stack::new().errors(exceptions.layer(notes));
    if let Some(layer) = cors.filter(|_| !single) {
        stack = stack.cors(layer);
    }
    Ok(send(pilaster::http::service(router).layer(stack.layer(own)), event))
}

fn compared(case: &Case, event: &Value, notes: &Notes, sent: Sent) -> Compared {
    let want = &case.json["expected"];
    let nothing_ran = want["trace"].as_array().is_some_and(Vec::is_empty);
    let mut expected = match (want.get("response"), want.get("error")) {
        (Some(response), _) => delivered(event, response),
        // An event that no router accepts fails the invocation; an exception of the user is a response.
        (None, Some(_)) if nothing_ran => json!({ "failed": true }),
        _ => json!({ "status": 500, "leaks": false }),
    };
    let mut observed = match sent {
        Sent::Answer(answer) => delivered(event, &answer),
        Sent::Failed(_) => json!({ "failed": true }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    if notes.all().is_empty()
        && let Some(detail) = rejected(&observed)
    {
        observed["rejected"] = detail;
    }
    read_json_bodies(&mut expected, &mut observed);
    if let Some(message) = want.pointer("/error/message").and_then(Value::as_str).filter(|_| !nothing_ran) {
        observed["leaks"] = json!(!message.is_empty() && observed["body"].to_string().contains(message));
        if let Some(observed) = observed.as_object_mut() {
            observed.retain(|name, _| matches!(name.as_str(), "status" | "leaks" | "refused" | "rejected" | "failed"));
        }
    }
    if let Some(trace) = want.get("trace") {
        expected["trace"] = trace.clone();
        observed["trace"] = json!(notes.all());
    }
    Compared { expected, observed }
}

/// One cookie in an answer.
fn cookie_alone(case: &Case, cookie: Cookie) -> Replay {
    only_these(&case.json["expected"], &["set_cookie"])?;
    let value = cookie.header()?;
    let function = move |_: Method| std::future::ready([(header::SET_COOKIE, value.clone())]);
    let event = complete(&json!({}), "GET");
    let mut expected = json!({ "multiValueHeaders": { "Set-Cookie": [case.json["expected"]["set_cookie"]] } });
    let mut observed = match send(pilaster::handler(function).layer(Stack::new()), &event) {
        Sent::Answer(answer) => answer,
        Sent::Failed(_) => return Ok(Compared { expected, observed: json!({ "failed": true }) }),
        Sent::Refused(sentence) => return Ok(Compared { expected, observed: json!({ "refused": sentence }) }),
    };
    for side in [&mut expected, &mut observed] {
        *side = json!({ "set_cookie": delivered(&event, side)["headers"]["set-cookie"] });
    }
    Ok(Compared { expected, observed })
}

impl Middleware {
    /// Checks that Rust's types can express it.
    pub(super) fn check(&self) -> Result<(), Stop> {
        self.short_circuit.as_ref().map_or(Ok(()), Answer::check)
    }

    /// The middleware as a layer of one route.
    pub(super) fn around(&self, route: MethodRouter, notes: &Notes) -> MethodRouter {
        let (middleware, notes) = (self.clone(), notes.clone());
        route.layer(from_fn(move |request: Request, next: Next| {
            let (middleware, notes) = (middleware.clone(), notes.clone());
            async move { middleware.run(&notes, request, next).await }
        }))
    }

    fn push_to(self, own: &mut Own, notes: &Notes) {
        let notes = notes.clone();
        own.push(from_fn(move |request: Request, next: Next| {
            let (middleware, notes) = (self.clone(), notes.clone());
            async move { middleware.run(&notes, request, next).await }
        }));
    }

    async fn run(self, notes: &Notes, request: Request, next: Next) -> Response {
        notes.add(json!({ "middleware": self.name, "phase": "before" }));
        if let Some(answer) = self.short_circuit {
            return answer.into_response();
        }
        let mut response = next.run(request).await;
        for (name, value) in &self.add_header {
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            if let Some((name, value)) = name.parse::<HeaderName>().ok().zip(value) {
                response.headers_mut().append(name, value);
            }
        }
        notes.add(json!({ "middleware": self.name, "phase": "after" }));
        response
    }
}
