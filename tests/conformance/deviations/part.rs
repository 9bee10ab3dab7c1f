//! Parts of a case that the `when` of an entry names.

use serde_json::Value;

use crate::case::Case;

/// A part of the case: a JSON Pointer into it, `config/…` into the options of the middleware or utility that it is about, or
///
/// - `method`: that of its event, whichever source it is of
/// - `origin_in_other_letter_case`: whether the event's origin is one of the list but for letter case
/// - `header_in_two_spellings`: whether the event has a header twice
pub(super) fn part(case: &Case, place: &str) -> Option<Value> {
    match place {
        "method" => {
            let event = case.json.get("event").cloned().or_else(|| case.event().ok())?;
            let places = ["/httpMethod", "/requestContext/http/method", "/method"];
            return places.iter().find_map(|place| event.pointer(place)).cloned();
        }
        "origin_in_other_letter_case" => {
            let (sent, origins) = (origin(case)?, origins(case)?);
            let mut alike = origins.iter().filter(|origin| **origin != sent);
            return Some(alike.any(|origin| origin.eq_ignore_ascii_case(&sent)).into());
        }
        "header_in_two_spellings" => {
            let names: Vec<_> = case.json.pointer("/event/headers")?.as_object()?.keys().collect();
            let is_twice = |name: &&String| names.iter().any(|other| other != name && other.eq_ignore_ascii_case(name));
            return Some(names.iter().any(is_twice).into());
        }
        _ => {}
    }
    let Some(pointer) = place.strip_prefix("config") else { return within(&case.json, place).cloned() };
    let chain = case.json["chain"].as_array().into_iter().flatten();
    let own =
        chain.filter(|middleware| middleware["name"] == case.group.as_str()).map(|middleware| &middleware["config"]);
    within(own.chain(case.json.get("config")).next()?, pointer).cloned()
}

/// The origin that the event of a case was sent from.
fn origin(case: &Case) -> Option<String> {
    let headers = case.json.pointer("/event/headers")?.as_object()?;
    let (_, sent) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("origin"))?;
    sent.as_str().map(ToOwned::to_owned)
}

/// The origins that a case allows.
fn origins(case: &Case) -> Option<Vec<String>> {
    let origins = part(case, "config/origins")?;
    Some(origins.as_array()?.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

/// Returns the value at a JSON Pointer; the names of headers are case-insensitive.
fn within<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    let Some((before, name)) = pointer.rsplit_once("/headers/") else { return value.pointer(pointer) };
    let headers = value.pointer(&format!("{before}/headers"))?.as_object()?;
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
