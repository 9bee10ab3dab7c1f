//! Compares the behaviour of Pilaster with the case, or with the expected value, if an entry requires this.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::ENTRY;
use super::part::part;
use crate::case::Case;
use crate::compare::Difference;

/// Returns `true` if Pilaster behaves as the entry states. In addition to the matchers, as the whole or as one of `$one_of`:
///
/// - `{"$base64_of_expected" = true}`: the expected text in base64
/// - `{"$base64_decoded" = true}`: the expected text, decoded from base64
/// - `{"$form_decoded" = true}`: the expected text, decoded as forms are
/// - `{"$json_text_of_expected" = true}`: a string that holds the expected value as JSON
/// - `{"$opposite" = true}`: the other boolean
/// - `{"$as_configured" = "/place"}`: the value that the case's options have there under this name
/// - `{"$as_handler_set" = true}`: the header that the case's handler set itself
/// - `{"$as_in_event" = true}`: what the event has under this name
/// - `{"$item_of" = "/place"}`: an item of this list of the case
/// - `{"$returned_by_handler" = true}`: what a handler of the case returns, or its member of this name
/// - `{"$handler_of_case" = true}`: the name of one of its handlers
/// - `{"$added_by_middleware" = true}`: the header that one of its middlewares adds
/// - `{"$in_path" = true}`: a segment of the event's path
/// - `{"$in_expected_trace" = true}`: nothing, or what is elsewhere in the expected trace
/// - `{"$data_of_a_record" = true}`: the data of one of the event's records
/// - `{"$text_of_a_record" = true}`: the body of one of the event's records
pub(super) fn did(pilaster: &Value, case: &Case, difference: &Difference) -> bool {
    let Some((kind, argument)) = pilaster.as_object().filter(|pilaster| pilaster.len() == 1).and_then(one) else {
        return ENTRY.matches(pilaster, difference.observed.as_ref());
    };
    let Some(observed) = &difference.observed else {
        return match kind {
            "$in_expected_trace" => true,
            "$one_of" => argument.as_array().into_iter().flatten().any(|option| did(option, case, difference)),
            _ => ENTRY.matches(pilaster, None),
        };
    };
    let (text, name) = (observed.as_str(), difference.at.rsplit('/').next().unwrap_or_default());
    let expected = difference.expected.as_ref();
    let expected_text = expected.and_then(Value::as_str);
    let place = argument.as_str().unwrap_or_default();
    match kind {
        "$one_of" => argument.as_array().into_iter().flatten().any(|option| did(option, case, difference)),
        "$base64_of_expected" => expected_text.is_some_and(|expected| text == Some(&STANDARD.encode(expected))),
        "$base64_decoded" => {
            let decoded = expected_text.and_then(|expected| STANDARD.decode(expected).ok());
            decoded.is_some_and(|bytes| text.is_some_and(|text| text.as_bytes() == bytes))
        }
        "$form_decoded" => expected_text.is_some_and(|expected| text == Some(&form_decoded(expected))),
        "$json_text_of_expected" => {
            let held = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
            held.zip(expected).is_some_and(|(held, expected)| case.suite.matchers().matches(expected, Some(&held)))
        }
        "$opposite" => expected.and_then(Value::as_bool).is_some_and(|expected| observed.as_bool() == Some(!expected)),
        "$as_configured" => part(case, &format!("config{place}/{name}")).as_ref() == Some(observed),
        "$as_handler_set" => part(case, &format!("/handler/value/headers/{name}")).as_ref() == Some(observed),
        "$as_in_event" => case.json["event"].get(name) == Some(observed),
        "$item_of" => case.json.pointer(place).and_then(Value::as_array).is_some_and(|items| items.contains(observed)),
        "$returned_by_handler" => {
            returned(case).iter().any(|value| value == observed || value.get(name) == Some(observed))
        }
        "$handler_of_case" => handlers(case).any(|handler| handler["name"] == *observed),
        "$added_by_middleware" => {
            let middlewares = case.json["config"]["middlewares"].as_array().into_iter().flatten();
            let headers = middlewares.filter_map(|middleware| middleware["add_header"].as_object()).flatten();
            headers.into_iter().any(|(own, value)| own.eq_ignore_ascii_case(name) && value == observed)
        }
        "$in_path" => path(case).is_some_and(|path| text.is_some_and(|text| path.split('/').any(|part| part == text))),
        "$in_expected_trace" => case.json["expected"]["trace"].to_string().contains(&observed.to_string()),
        "$data_of_a_record" => records(case).any(|record| record["data"] == *observed),
        "$text_of_a_record" => records(case).any(|record| record["body"] == *observed),
        _ => ENTRY.matches(pilaster, Some(observed)),
    }
}

fn one(object: &serde_json::Map<String, Value>) -> Option<(&str, &Value)> {
    object.iter().next().map(|(name, value)| (name.as_str(), value))
}

/// The handlers of a router.
fn handlers(case: &Case) -> impl Iterator<Item = &Value> {
    let routes = case.json["config"]["routes"].as_array().into_iter().flatten();
    routes.map(|route| &route["handler"])
}

/// The results of the handlers of a case: of a router, of a function, of a middleware.
fn returned(case: &Case) -> Vec<Value> {
    let mut all: Vec<Value> = handlers(case).map(|handler| handler["returns"].clone()).collect();
    all.extend(case.json.pointer("/input/default_handler/returns").cloned());
    let calls = case.json["input"]["invocations"].as_array().into_iter().flatten();
    all.extend(calls.filter_map(|call| call.pointer("/handler/returns").cloned()));
    let body = case.json.pointer("/handler/value/body").and_then(Value::as_str);
    all.extend(body.and_then(|body| serde_json::from_str(body).ok()));
    all
}

fn path(case: &Case) -> Option<String> {
    let event = case.json.get("event").cloned().or_else(|| case.event().ok())?;
    let places = ["/path", "/rawPath", "/raw_path"];
    places.iter().find_map(|place| event.pointer(place)?.as_str().map(ToOwned::to_owned))
}

/// The records of the case's event, of either suite.
fn records(case: &Case) -> impl Iterator<Item = &Value> {
    let events = [case.json.get("event"), case.json.pointer("/input/event")];
    let lists = events.into_iter().flatten().flat_map(|event| [event.get("records"), event.get("Records")]);
    lists.flatten().filter_map(Value::as_array).flatten()
}

/// `+` is a blank, and `%` begins a byte.
fn form_decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
