//! `http-response-serializer`: a function that answers in the media type that Pilaster's `NegotiationLayer` chose.

use pilaster::http::{
    HttpError, IntoResponse, Json, Negotiated, NegotiationLayer, Response, Stack, StatusCode, header,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expectation::{Sees, expected};
use super::handler::Handler;
use super::{custom, errors, options};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, read_json_bodies, send};
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    serializers: Vec<Value>,
    default_content_type: Option<String>,
}

/// Media types, the default first, and how to write in each.
type Forms = Vec<(&'static str, Value)>;

pub(super) fn replay(case: &Case) -> Replay {
    let mut stack = Stack::new();
    let mut forms = Forms::new();
    for middleware in case.json["chain"].as_array().into_iter().flatten() {
        let config = &middleware["config"];
        match middleware["name"].as_str() {
            Some("http-response-serializer") => forms = read(options(config)?)?,
            Some("http-error-handler") => stack = stack.errors(errors::layer(config)?),
            // Reads `Accept`, as the layer does.
            Some("http-content-negotiation") => {}
            _ => return unsupported("another middleware beside it"),
        }
    }
    let offer: Vec<_> = forms.iter().map(|(media_type, _)| *media_type).collect();
    let stack = stack.layer(NegotiationLayer::new().media_types(offer).default_to_first(true));
    let event = complete(&case.json["event"], "GET");
    let handler = Handler::read(&case.json["handler"])?;
    let text = case.json["handler"]["value"]["body"].as_str().unwrap_or_default().to_owned();
    let notes = Notes::default();
    let seen = notes.clone();
    let function = move |negotiated: Negotiated| {
        let answer = handler.run(&seen, json!({}));
        let answer = answer.and_then(|_| {
            let chosen = forms.iter().find(|(media_type, _)| negotiated.media_type() == Some(media_type));
            let (media_type, how) = chosen.ok_or_else(|| HttpError::not_acceptable("there is none"))?;
            Ok(([(header::CONTENT_TYPE, *media_type)], written(how, &text)).into_response())
        });
        async move { answer }
    };
    let mut observed = match send(pilaster::handler(function).layer(stack), &event) {
        Sent::Answer(answer) => delivered(&event, &answer),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["called"] = json!(!notes.all().is_empty());
    let mut expected = expected(&case.json, Sees::default());
    // The headers also tell what was chosen by.
    let chosen_by = observed["headers"].as_object_mut().and_then(|headers| headers.remove("vary"));
    observed["vary"] = chosen_by.unwrap_or_default();
    expected["vary"] = json!("accept");
    read_json_bodies(&mut expected, &mut observed);
    if let (Some(expected), Some(observed)) = (expected.as_object(), observed.as_object_mut()) {
        observed.retain(|name, _| expected.contains_key(name) || name == "refused" || name == "failed");
    }
    Ok(Compared { expected, observed })
}

/// The types of a function are known when it is built; those of a case when it is read.
fn read(options: Options) -> Result<Forms, Stop> {
    let mut forms = Forms::new();
    for serializer in options.serializers {
        let pattern = serializer.pointer("/regex/$regex").and_then(Value::as_str).unwrap_or_default();
        let exact =
            pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).map(|text| text.replace("\\/", "/"));
        let Some(media_type) = exact else {
            return unsupported("a serializer for whatever media type is asked for");
        };
        forms.push((Box::leak(media_type.into_boxed_str()), serializer["serializer"].clone()));
    }
    forms.sort_by_key(|(media_type, _)| options.default_content_type.as_deref() != Some(media_type));
    Ok(forms)
}

/// The body as the case's serializer writes it.
fn written(how: &Value, text: &str) -> Response {
    match custom(how) {
        Some("serialize.xml_message") => format!("<message>{text}</message>").into_response(),
        Some("serialize.json_message") => Json(json!({ "message": text })).into_response(),
        Some("serialize.whole_response_204_null") => StatusCode::NO_CONTENT.into_response(),
        _ => text.to_owned().into_response(),
    }
}
