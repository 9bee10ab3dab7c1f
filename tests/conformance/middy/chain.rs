//! A chain of middlewares as a function of Pilaster's: each middleware becomes a layer of the stack, an argument of the handler,
//! or a layer of the user's own.

use std::collections::BTreeMap;

use pilaster::http::{
    CorsLayer, ErrorLayer, Form, HeaderMap, HeaderName, HeaderValue, IntoResponse, Json, PartialResponseLayer, Path,
    Query, Rejection, SecurityHeadersLayer, Stack,
};
use pilaster::observe::logging::{CapturedLogs, Level, Logs};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

use super::bodies::{BEYOND, Lenient, Pairs, Parser, Parts, Reader, Revived, Seen, Unread};
use super::expectation::{Sees, expected, leaks, secret_of};
use super::handler::{Handler, Prepared};
use super::{cors, errors, normalizer, options, security};
use crate::case::Case;
use crate::exchange::{Notes, Sent, by_name, complete, complete_web_socket, delivered, read_json_bodies, send};
use crate::layers::Own;
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Partial {
    filtering_key_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NoOptions {}

/// A middleware that was written for the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inline {
    phase: Option<String>,
    set_headers: Option<Map<String, Value>>,
    set_response: Option<Value>,
    noop: Option<bool>,
}

/// The settings that a chain of middlewares amounts to.
struct Plan {
    cors: Option<CorsLayer>,
    security: Option<SecurityHeadersLayer>,
    errors: Option<ErrorLayer>,
    /// Outside the stack, and within it.
    outer: Own,
    own: Own,
    parser: Parser,
    sees: Sees,
    web_socket: bool,
    /// The event's body is base64.
    base64: bool,
}

pub(super) fn replay(case: &Case) -> Replay {
    if case.json.get("plugin").is_some() {
        return unsupported("plugins of middy's core");
    }
    only_these(
        &case.json["expect"],
        &["handler_called", "handler_event", "response", "response_absent", "error", "logged"],
    )?;
    let plan = Plan::read(&case.json["chain"], &case.json["event"])?;
    let handler = Handler::read(&case.json["handler"])?;
    let event = &case.json["event"];
    // A body that is to be read is posted, also where the case has none.
    let method = if plan.sees.body { "POST" } else { "GET" };
    let event = if plan.web_socket { complete_web_socket(event) } else { complete(event, method) };
    let mut expected = expected(&case.json, plan.sees)?;
    let secret = secret_of(&case.json)?;
    let notes = Notes::default();
    let log = CapturedLogs::default();
    let _guard = tracing::subscriber::set_default(Logs::new().level(Level::Error).writer(log.clone()).build());
    let sent = match (plan.parser.reader, plan.parser.lenient) {
        (Reader::None, _) => plan.call::<Unread>(&event, &notes, handler),
        (Reader::Json, false) => plan.call::<Json<Value>>(&event, &notes, handler),
        (Reader::Json, true) => plan.call::<Lenient<Json<Value>>>(&event, &notes, handler),
        (Reader::Revived, false) => plan.call::<Json<Revived>>(&event, &notes, handler),
        (Reader::Revived, true) => plan.call::<Lenient<Json<Revived>>>(&event, &notes, handler),
        (Reader::Form, false) => plan.call::<Form<Pairs>>(&event, &notes, handler),
        (Reader::Form, true) => plan.call::<Lenient<Form<Pairs>>>(&event, &notes, handler),
        (Reader::Multipart, false) => plan.call::<Parts>(&event, &notes, handler),
        (Reader::Multipart, true) => plan.call::<Lenient<Parts>>(&event, &notes, handler),
    };
    let mut observed = observed(secret.as_deref(), &event, &notes, sent);
    if let (Some(_), Some(Ok(echoed))) =
        (observed.get("saw"), observed["body"].as_str().map(serde_json::from_str::<Value>))
    {
        observed["echoed"] = echoed;
    }
    observed["logged"] = log.lines().iter().map(|line| line["error"].clone()).collect();
    if observed["body"].as_str().is_some_and(|body| body.contains(BEYOND)) {
        return unsupported("limits of the names of a form: the loop over the parts is the handler's");
    }
    read_json_bodies(&mut expected, &mut observed);
    // A part that the case does not have is not compared.
    if let (Some(expected), Some(observed)) = (expected.as_object(), observed.as_object_mut()) {
        observed.retain(|name, _| expected.contains_key(name) || name == "refused" || name == "failed");
        for part in ["saw", "echoed"] {
            if let (Some(Value::Object(want)), Some(Value::Object(got))) = (expected.get(part), observed.get_mut(part))
            {
                got.retain(|name, _| want.contains_key(name));
            }
        }
    }
    Ok(Compared { expected, observed })
}

/// A configuration that middy rejects: the types of Pilaster, or its checks at start, must reject it as well.
pub(super) fn construct(case: &Case) -> Replay {
    match case.json.pointer("/chain/0/name").and_then(Value::as_str) {
        Some("http-cors") => {
            only_these(&case.json["expect"], &["construct_error"])?;
            let refused = cors::layer(super::only(case)?)?.check().is_err();
            Ok(Compared { expected: json!({ "refuses": true }), observed: json!({ "refuses": refused }) })
        }
        _ => unsupported("a mistake that Rust's types rule out"),
    }
}

fn observed(secret: Option<&str>, event: &Value, notes: &Notes, sent: Sent) -> Value {
    let saw = notes.all();
    let mut observed = match sent {
        Sent::Answer(answer) => delivered(event, &answer),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["leaks"] = json!(leaks(secret, &observed["body"]));
    observed["called"] = json!(!saw.is_empty());
    if let Some(saw) = saw.into_iter().next() {
        observed["saw"] = saw;
    }
    observed
}

impl Plan {
    fn read(chain: &Value, event: &Value) -> Result<Self, Stop> {
        let mut plan = Self {
            base64: event["isBase64Encoded"] == Value::Bool(true),
            cors: None,
            security: None,
            errors: None,
            outer: Own::default(),
            own: Own::default(),
            parser: Parser::NONE,
            sees: Sees::default(),
            web_socket: false,
        };
        for middleware in chain.as_array().into_iter().flatten() {
            let Some(name) = middleware["name"].as_str() else { return unsupported("a middleware without a name") };
            plan.add(name, &middleware["config"])?;
        }
        Ok(plan)
    }

    fn add(&mut self, name: &str, config: &Value) -> Result<(), Stop> {
        match name {
            "http-cors" => self.cors = Some(cors::layer(config)?),
            "http-security-headers" => self.security = Some(security::layer(config)?),
            "http-header-normalizer" => {
                normalizer::read(config, &mut self.own)?;
                self.sees.headers = true;
            }
            "http-error-handler" if self.errors.is_none() => self.errors = Some(errors::layer(config)?),
            "http-json-body-parser"
            | "http-urlencode-body-parser"
            | "http-multipart-body-parser"
            | "ws-json-body-parser" => {
                self.parser = Parser::read(name, config, self.base64, &mut self.own)?;
                self.sees.body = true;
                self.web_socket |= name == "ws-json-body-parser";
            }
            "http-urlencode-path-parser" => {
                let NoOptions {} = options(config)?;
                self.sees.path = true;
            }
            "http-event-normalizer" => {
                let NoOptions {} = options(config)?;
                self.sees.path = true;
                self.sees.query = true;
            }
            "http-partial-response" => {
                let Partial { filtering_key_name } = options(config)?;
                let layer = PartialResponseLayer::new();
                // A function's parameter is known when it is built; that of a case when it is read.
                self.own.push(match filtering_key_name {
                    Some(name) => layer.parameter(Box::leak(name.into_boxed_str())),
                    None => layer,
                });
            }
            // Each failure is a line without a layer for it.
            "error-logger" => errors::logger(config)?,
            "$inline" => self.inline(config)?,
            other => return unsupported(format!("`{other}` has no counterpart")),
        }
        Ok(())
    }

    /// A middleware that was written for the case: a layer of the user's, or a rule for errors.
    fn inline(&mut self, config: &Value) -> Result<(), Stop> {
        match options(config)? {
            Inline { noop: Some(_), set_headers: None, set_response: None, .. } => Ok(()),
            Inline { phase: Some(phase), set_headers: Some(headers), set_response: None, .. } if phase == "after" => {
                // A middleware before CORS in the chain is outside of it.
                let outside = self.cors.is_none();
                let layers = if outside { &mut self.outer } else { &mut self.own };
                for (name, value) in &headers {
                    let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
                    let Some((name, value)) = name.parse::<HeaderName>().ok().zip(value) else {
                        return unsupported("a header that is none");
                    };
                    layers.push(SetResponseHeaderLayer::overriding(name, value));
                }
                Ok(())
            }
            Inline { phase: Some(phase), set_headers: None, set_response: Some(response), .. }
                if phase == "on_error" =>
            {
                let response = Prepared::read(&response)?;
                self.errors = Some(ErrorLayer::new().render_with(move |_| response.clone().into_response()));
                Ok(())
            }
            Inline { phase, .. } => {
                unsupported(format!("a middleware of its own at {}", phase.as_deref().unwrap_or("no phase")))
            }
        }
    }

    /// Calls the function whose handler takes the body as a `B`.
    fn call<B>(&self, event: &Value, notes: &Notes, handler: Handler) -> Sent
    where
        B: Seen<Rejection = Rejection>,
    {
        let (notes, sees) = (notes.clone(), self.sees);
        let function =
            move |headers: HeaderMap, query: Query<Pairs>, path: Option<Path<BTreeMap<String, String>>>, body: B| {
                let mut saw = Map::new();
                if sees.headers {
                    saw.insert("headers".to_owned(), by_name(header_pairs(&headers)));
                }
                if sees.query {
                    saw.insert("query".to_owned(), grouped(query.0));
                }
                if sees.path {
                    saw.insert("path".to_owned(), json!(path.map(|path| path.0).unwrap_or_default()));
                }
                if sees.body {
                    saw.insert("body".to_owned(), body.value());
                }
                let answer = handler.run(&notes, Value::Object(saw));
                async move { answer }
            };
        let mut stack = Stack::new();
        if let Some(layer) = &self.cors {
            stack = stack.cors(layer.clone());
        }
        if let Some(layer) = &self.security {
            stack = stack.security_headers(layer.clone());
        }
        if let Some(layer) = &self.errors {
            stack = stack.errors(layer.clone());
        }
        let layers = ServiceBuilder::new().layer(self.outer.clone()).layer(stack.layer(self.own.clone()));
        send(pilaster::handler(function).without_stack().layer(layers), event)
    }
}

fn header_pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Name to values.
fn grouped(pairs: Vec<(String, String)>) -> Value {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    json!(all)
}
