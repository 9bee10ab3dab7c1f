//! `http-content-negotiation`: media types and languages by Pilaster's `NegotiationLayer` and `Accepts`.

use pilaster::http::{Accepts, Json, Negotiated, NegotiationLayer, Stack};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::expectation::status_of;
use super::handler::Kind;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, send};
use crate::{Compared, Replay, only_these, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[allow(dead_code)]
struct Options {
    parse_charsets: bool,
    available_charsets: Vec<String>,
    default_to_first_charset: bool,
    parse_encodings: bool,
    available_encodings: Vec<String>,
    default_to_first_encoding: bool,
    parse_languages: bool,
    available_languages: Vec<String>,
    default_to_first_language: bool,
    parse_media_types: bool,
    available_media_types: Vec<String>,
    default_to_first_media_type: bool,
    fail_on_mismatch: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parse_charsets: true,
            available_charsets: Vec::new(),
            default_to_first_charset: false,
            parse_encodings: true,
            available_encodings: Vec::new(),
            default_to_first_encoding: false,
            parse_languages: true,
            available_languages: Vec::new(),
            default_to_first_language: false,
            parse_media_types: true,
            available_media_types: Vec::new(),
            default_to_first_media_type: false,
            fail_on_mismatch: true,
        }
    }
}

pub(super) fn replay(case: &Case) -> Replay {
    let options: Options = options(super::only(case)?)?;
    let expect = &case.json["expect"];
    only_these(expect, &["handler_called", "handler_event", "response", "response_is", "error", "context_added"])?;
    match Kind::read(&case.json["handler"])? {
        Kind::Echo { what } if what == "context" || what == "event" => {}
        Kind::MustNotRun {} | Kind::ReturnNothing {} => {}
        _ => return unsupported("a function that does something else"),
    }
    let refused = expect.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    if ["Unsupported Charset", "Unsupported Encoding"].iter().any(|start| refused.starts_with(start)) {
        return unsupported("`Accept-Charset`, which RFC 9110 deprecates, and a 406 for `Accept-Encoding`");
    }
    if case.json["event"].get("headers").is_none() {
        return unsupported("an event that is not a request");
    }
    // The types of a function are known when it is built; those of a case when it is read.
    let fixed = |parse: bool, names: &[String]| -> Vec<&'static str> {
        let names = names.iter().filter(|_| parse);
        names.map(|name| &*Box::leak(name.clone().into_boxed_str())).collect()
    };
    let media_types = fixed(options.parse_media_types, &options.available_media_types);
    let languages = fixed(options.parse_languages, &options.available_languages);
    let lenient = (languages.is_empty() || options.default_to_first_language)
        && (media_types.is_empty() || options.default_to_first_media_type);
    if !lenient && (options.default_to_first_language || options.default_to_first_media_type) {
        return unsupported("the first of one list and a 406 for the other");
    }
    let mut layer = NegotiationLayer::new().default_to_first(lenient);
    if options.fail_on_mismatch || lenient {
        layer = layer.media_types(media_types.clone()).languages(languages.clone());
    }
    let names = [
        ("preferredLanguages", "preferredLanguage", &languages),
        ("preferredMediaTypes", "preferredMediaType", &media_types),
    ];
    let wanted: Vec<_> =
        names.into_iter().filter(|(.., available)| !available.is_empty()).map(|(all, one, _)| (all, one)).collect();
    if wanted.is_empty() && expect.get("error").is_none() {
        return unsupported("only charsets, encodings, or what the client sent as it is");
    }
    let notes = Notes::default();
    let seen = notes.clone();
    let function = move |accepts: Accepts, negotiated: Negotiated| {
        let (types, tongues) = (accepts.media_types(&media_types), accepts.languages(&languages));
        let mut saw = Map::new();
        for (all, one, list, chosen) in [
            ("preferredLanguages", "preferredLanguage", tongues, negotiated.language()),
            ("preferredMediaTypes", "preferredMediaType", types, negotiated.media_type()),
        ] {
            if let Some(chosen) = chosen.or(list.first().copied()) {
                saw.insert(one.to_owned(), json!(chosen));
            }
            saw.insert(all.to_owned(), json!(list));
        }
        seen.add(Value::Object(saw));
        async { Json("answered") }
    };
    let event = complete(&case.json["event"], "GET");
    let mut observed = match send(pilaster::handler(function).layer(Stack::new().layer(layer)), &event) {
        Sent::Answer(answer) => json!({ "status": delivered(&event, &answer)["status"] }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    let called = notes.all().into_iter().next();
    observed["called"] = json!(called.is_some());
    let mut expected = json!({
        "status": expect.get("error").map_or(Ok(200), status_of)?,
        "called": expect["handler_called"],
    });
    // The cases record what a context got anew: what it had before stayed.
    let context_value = |name: &str| expect["context_added"].get(name).or(case.json["context"].get(name)).cloned();
    if let Some(called) = called {
        for name in wanted.iter().flat_map(|(all, one)| [*all, *one]) {
            if let Some(value) = context_value(name) {
                expected[name] = value;
                observed[name] = called.get(name).cloned().unwrap_or_default();
            }
        }
    }
    Ok(Compared { expected, observed })
}
