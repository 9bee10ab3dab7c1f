//! `http-response-serializer`: each serializer is a writer of Pilaster's `NegotiationLayer`, and the function returns the value.

use pilaster::http::{IntoResponse, Json, Method, Negotiate, NegotiationLayer, Response, Stack, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expectation::{Sees, expected, leaks, secret_of};
use super::handler::{Handler, Kind};
use super::{errors, options};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, read_json_bodies, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    serializers: Vec<Serializer>,
    default_content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Serializer {
    regex: Pattern,
    serializer: How,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(rename = "$regex")]
    pattern: String,
}

/// The way in which a body is written.
#[derive(Clone, Copy, Deserialize)]
#[serde(tag = "$custom", deny_unknown_fields)]
enum How {
    #[serde(rename = "serialize.xml_message")]
    Xml {},
    #[serde(rename = "serialize.json_message")]
    Json {},
    #[serde(rename = "serialize.body_as_is")]
    AsItIs {},
    #[serde(rename = "serialize.whole_response_204_null")]
    NoContent {},
}

impl How {
    fn write(self, text: &str) -> Response {
        match self {
            Self::Xml {} => format!("<message>{text}</message>").into_response(),
            Self::Json {} => Json(json!({ "message": text })).into_response(),
            Self::AsItIs {} => text.to_owned().into_response(),
            Self::NoContent {} => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

/// Options of the negotiation beside it: none, since the writers are what there is to choose from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoOptions {}

pub(super) fn replay(case: &Case) -> Replay {
    only_these(
        &case.json["expect"],
        &["handler_called", "handler_event", "response", "response_absent", "error", "context_added"],
    )?;
    let mut stack = Stack::new();
    let mut layer = NegotiationLayer::new().default_to_first(true);
    let mut negotiates = false;
    for middleware in case.json["chain"].as_array().into_iter().flatten() {
        let config = &middleware["config"];
        match middleware["name"].as_str() {
            Some("http-response-serializer") => {
                for (media_type, how) in writers(options(config)?)? {
                    layer = layer.writer(media_type, move |text: &String| how.write(text));
                }
            }
            Some("http-error-handler") => stack = stack.errors(errors::layer(config)?),
            // Reads `Accept`, as the layer does.
            Some("http-content-negotiation") => {
                let NoOptions {} = options(config)?;
                negotiates = true;
            }
            _ => return unsupported("another middleware beside it"),
        }
    }
    let event = complete(&case.json["event"], "GET");
    let mut headers = event["headers"].as_object().into_iter().flatten();
    if !negotiates && headers.any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
        return unsupported("a serializer that does not look at `Accept`");
    }
    let text = text_of(&case.json["handler"])?;
    let handler = Handler::read(&case.json["handler"])?;
    let notes = Notes::default();
    let seen = notes.clone();
    let function = move |_: Method| {
        let answer = handler.run(&seen, json!({})).map(|prepared| match &text {
            // A response that has its media type is the function's own.
            Some(text) if !prepared.headers().contains_key(header::CONTENT_TYPE) => {
                (prepared.status(), Negotiate(text.clone())).into_response()
            }
            _ => prepared,
        });
        std::future::ready(answer)
    };
    let mut observed = match send(pilaster::handler(function).layer(stack.layer(layer)), &event) {
        Sent::Answer(answer) => delivered(&event, &answer),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["called"] = json!(!notes.all().is_empty());
    observed["leaks"] = json!(leaks(secret_of(&case.json)?.as_deref(), &observed["body"]));
    let mut expected = expected(&case.json, Sees::default())?;
    // The headers also contain what the choice depends on; middy leaves it out.
    let chosen_by = observed["headers"].as_object_mut().and_then(|headers| headers.remove("vary"));
    observed["vary"] = chosen_by.unwrap_or_default();
    expected["vary"] = json!("accept");
    read_json_bodies(&mut expected, &mut observed);
    if let (Some(expected), Some(observed)) = (expected.as_object(), observed.as_object_mut()) {
        observed.retain(|name, _| expected.contains_key(name) || name == "refused" || name == "failed");
    }
    Ok(Compared { expected, observed })
}

/// The text that the handler returns to be written; none where it fails.
fn text_of(handler: &Value) -> Result<Option<String>, Stop> {
    match Kind::read(handler)? {
        Kind::Return { value } => match value.get("body").unwrap_or(&value) {
            Value::String(text) => Ok(Some(text.clone())),
            _ => unsupported("a value that no writer here takes"),
        },
        _ => Ok(None),
    }
}

/// Media types, the default first, and how to write in each. Those of a function are known when it is built, those of a case when it
/// is read.
fn writers(options: Options) -> Result<Vec<(&'static str, How)>, Stop> {
    let Some(default) = options.default_content_type else {
        return unsupported("serializers without a default, which leave a body as it is where nothing is asked for");
    };
    let mut writers = Vec::new();
    for Serializer { regex: Pattern { pattern }, serializer } in options.serializers {
        let exact =
            pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).map(|text| text.replace("\\/", "/"));
        let Some(media_type) = exact else {
            return unsupported("a serializer for whatever media type is asked for");
        };
        writers.push((&*Box::leak(media_type.into_boxed_str()), serializer));
    }
    writers.sort_by_key(|(media_type, _)| *media_type != default);
    Ok(writers)
}
