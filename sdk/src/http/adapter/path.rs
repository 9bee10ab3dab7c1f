//! The path and the query of a request, as the client sent them, as far as the event shows.
//!
//! Each source encodes them in its own way: an HTTP API decodes the path, a REST API decodes the query, a load balancer
//! neither; an HTTP API puts its stage before the path, and a custom domain with a base-path mapping its base path.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use crate::core::json::text::Text;
use crate::core::source::is_url;
use crate::http::adapter::detect::HttpSource;
use crate::http::adapter::event::{ContextFields, EventFields, Pairs};
use crate::http::extract::context::{EventKind, EventPath};
use crate::http::layers::base_path::PATH;

/// The characters to escape in a path that the source has decoded: a `%` in it is literal.
const DECODED_PATH: &AsciiSet = &PATH.add(b'%');
/// The characters to escape in a raw query.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#');
/// The characters to escape in the name or the value of a decoded query parameter.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Returns the path without stage and base path, and the query, escaped for a URI; and the path in the event.
pub(super) fn path_and_query(
    source: HttpSource,
    event: &EventFields<'_>,
    context: &ContextFields<'_>,
) -> (String, EventPath) {
    let (whole, removed) = path(source.kind, event, context);
    let own = whole.get(removed..).filter(|own| !own.is_empty()).unwrap_or("/");
    let set = if source.decodes_path() { DECODED_PATH } else { PATH };
    let mut target = String::with_capacity(own.len() + 32);
    push_path(&mut target, own, set);
    push_query(&mut target, source.kind, event);
    let mut event_path = EventPath { length: whole.len(), ..EventPath::default() };
    if removed > 0 {
        let removed = &whole[..removed];
        if source.kind == EventKind::Rest || !may_be_stage(removed, context) {
            push_path(&mut event_path.base, removed, set);
        }
        let mut escaped = String::with_capacity(whole.len());
        push_path(&mut escaped, &whole, set);
        event_path.whole = Some(escaped);
    }
    (target, event_path)
}

fn push_path(target: &mut String, path: &str, set: &'static AsciiSet) {
    if !path.starts_with('/') {
        target.push('/');
    }
    target.extend(utf8_percent_encode(path, set));
}

/// Returns the path in the event, and the length of the stage and the base path at its beginning.
fn path<'w>(kind: EventKind, event: &'w EventFields<'_>, context: &'w ContextFields<'_>) -> (Cow<'w, str>, usize) {
    let (path, route) = match kind {
        EventKind::HttpApi => {
            let path = event
                .raw_path
                .as_deref()
                .or(context.http.as_ref().and_then(|http| http.path.as_deref()))
                .unwrap_or("/");
            // `GET /users/{id}`, or `$default`.
            let route = context.route_key.as_deref().and_then(|key| key.split_once(' '));
            (path, route.map(|(_, route)| Text(route.into())))
        }
        EventKind::Rest | EventKind::HttpApiV1 => {
            let route = event.resource.or(context.resource_path).and_then(text);
            (event.path.as_deref().unwrap_or("/"), route.filter(|route| route.starts_with('/')))
        }
        // `raw_path` includes the query.
        EventKind::VpcLatticeV1 => return (before_query(event.lattice_raw_path.as_deref().unwrap_or("/")).into(), 0),
        EventKind::VpcLattice => return (before_query(event.path.as_deref().unwrap_or("/")).into(), 0),
        EventKind::WebSocket => return (format!("/{}", context.route_key.as_deref().unwrap_or("$default")).into(), 0),
        EventKind::Alb { .. } => return (event.path.as_deref().unwrap_or("/").into(), 0),
    };
    let route = route.as_deref();
    let base = route.and_then(|route| base_length(path, route, &event.path_parameters));
    let removed = match (kind, base) {
        (EventKind::Rest, Some(1..)) if !is_mapped(path, route, context) => 0,
        (_, Some(length)) => length,
        (EventKind::Rest, None) => 0,
        (_, None) => stage_length(path, context.stage.as_deref()),
    };
    (path.into(), removed)
}

fn before_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// Returns the text of a JSON string; `None` for another value.
fn text(raw: &RawValue) -> Option<Text<'_>> {
    Text::of(raw).ok()
}

/// Returns the length of the part before the route in the path: the base path, or an HTTP API's stage. `None` if the
/// path does not end with the route.
fn base_length(path: &str, route: &str, parameters: &Pairs<'_>) -> Option<usize> {
    // API Gateway matches a route with and without a slash at its end.
    let mut rest = path.trim_end_matches('/');
    for segment in route.rsplit('/').filter(|segment| !segment.is_empty()) {
        let value = match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let name = name.trim_end_matches('+');
                parameters.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim_end_matches('/'))?
            }
            None => segment,
        };
        let before = rest.strip_suffix(value).or_else(|| without_decoded(rest, value));
        rest = before.filter(|_| !value.is_empty())?.strip_suffix('/')?;
    }
    (rest.is_empty() || is_base(rest)).then_some(rest.len())
}

/// Removes the end of the path that decodes to `value`: API Gateway decodes a greedy parameter of a REST API, and the
/// path of the event stays as the client sent it.
fn without_decoded<'p>(path: &'p str, value: &str) -> Option<&'p str> {
    let mut rest = path.as_bytes();
    for byte in value.bytes().rev() {
        rest = match rest {
            [before @ .., b'%', high, low] if escaped(*high, *low) == Some(byte) => before,
            [before @ .., last] if *last == byte => before,
            _ => return None,
        };
    }
    path.get(..rest.len())
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Returns whether it is `/v1` or `/v1/orders`, of the characters that API Gateway allows in a base path
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html>).
fn is_base(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&byte);
    let mut segments = path.split('/');
    segments.next() == Some("")
        && segments.all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_allowed))
}

/// Returns whether a REST API's path came through a custom domain: then `requestContext.path` is the same, where it
/// otherwise begins with the stage (recorded in <https://github.com/aws-powertools/powertools-lambda-python/pull/579>
/// and <https://github.com/localstack/localstack/pull/12296>).
fn is_mapped(path: &str, route: Option<&str>, context: &ContextFields<'_>) -> bool {
    match context.path {
        Some(sent) => text(sent).as_deref() == Some(path),
        // The root's path is all base path, which needs more evidence.
        None => route != Some("/"),
    }
}

/// Returns the length of the named stage that an HTTP API puts before the path: 5 in `/prod/users`.
fn stage_length(path: &str, stage: Option<&str>) -> usize {
    let Some(stage) = stage.filter(|stage| *stage != "$default") else { return 0 };
    match path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => 1 + stage.len(),
        _ => 0,
    }
}

/// Returns whether the beginning of a path may be the stage of an HTTP API in place of what the client sent: a custom
/// domain does not have the stage in its URLs, and some events have it in the path all the same
/// (<https://github.com/CodeGenieApp/serverless-express/issues/465>).
fn may_be_stage(removed: &str, context: &ContextFields<'_>) -> bool {
    let is_custom = |domain: &str| !domain.contains(".execute-api.") && !is_url(domain);
    context.domain_name.as_deref().is_some_and(is_custom) && removed.strip_prefix('/') == context.stage.as_deref()
}

fn push_query(target: &mut String, kind: EventKind, event: &EventFields<'_>) {
    match kind {
        EventKind::HttpApi if event.raw_query_string.is_some() => {
            push_raw(target, event.raw_query_string.as_deref().unwrap_or_default());
        }
        EventKind::VpcLatticeV1 | EventKind::VpcLattice => {
            let raw = event.lattice_raw_path.as_deref().or(event.path.as_deref()).unwrap_or_default();
            match raw.split_once('?') {
                Some((_, query)) => push_raw(target, query),
                // Lattice passes the query as the caller escaped it.
                None if event.query_string_parameters.0.is_empty() => push_pairs(target, &event.lattice_query, QUERY),
                None => push_pairs(target, &event.query_string_parameters, QUERY),
            }
        }
        _ => {
            let multi = &event.multi_value_query_string_parameters;
            let pairs = if multi.0.is_empty() { &event.query_string_parameters } else { multi };
            // API Gateway decodes the parameters; a load balancer passes them on unchanged.
            let set = if matches!(kind, EventKind::Alb { .. }) { QUERY } else { COMPONENT };
            push_pairs(target, pairs, set);
        }
    }
}

fn push_raw(target: &mut String, query: &str) {
    if !query.is_empty() {
        target.push('?');
        target.extend(utf8_percent_encode(query, QUERY));
    }
}

fn push_pairs(target: &mut String, pairs: &Pairs<'_>, set: &'static AsciiSet) {
    for (index, (name, value)) in pairs.0.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(name, set));
        target.push('=');
        target.extend(utf8_percent_encode(value, set));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(path: &str, route: &str, parameters: &[(&'static str, &'static str)]) -> Option<usize> {
        let pairs = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        base_length(path, route, &Pairs(pairs))
    }

    #[test]
    fn what_stands_before_the_route_is_the_base_path() {
        for (path, route, base) in [
            ("/payment", "/payment", ""),
            ("/v1/payment", "/payment", "/v1"),
            ("/v1/payment/", "/payment", "/v1"),
            ("/v1/nested/payment", "/payment", "/v1/nested"),
            ("/v1/orders/7%2F8", "/orders/{id}", "/v1"),
            ("/v1/a/b//c", "/{proxy+}", "/v1"),
            ("/v1/files/a/b//c/", "/files/{proxy+}", "/v1"),
            ("/v1", "/", "/v1"),
            ("/v1/", "/", "/v1"),
            ("/", "/", ""),
            ("", "/", ""),
            ("/v1/a%20b/%c3%BC%2541", "/{decoded+}", "/v1"),
            ("/v1/files/a b/ü%41", "/files/{half+}", "/v1"),
        ] {
            let parameters = [("id", "7%2F8"), ("proxy", "a/b//c"), ("decoded", "a b/ü%41"), ("half", "a b/üA")];
            assert_eq!(length(path, route, &parameters), Some(base.len()), "{path} {route}");
        }
    }

    #[test]
    fn a_path_that_the_route_does_not_explain_is_left_alone() {
        for (path, route) in [
            ("/v1payment", "/payment"),
            ("/v1/payments", "/payment"),
            ("//payment", "/payment"),
            ("/v1//payment", "/payment"),
            ("/../payment", "/payment"),
            ("/v%31/payment", "/payment"),
            ("/orders/8", "/orders/{id}"),
            ("/orders/7", "/orders/{unknown}"),
            ("/orders/", "/orders/{empty}"),
            ("/v1/a%20c", "/{decoded+}"),
            ("/v1%2Fa%20b", "/{decoded+}"),
            ("%20b", "/{decoded+}"),
        ] {
            let parameters = [("id", "7"), ("empty", ""), ("decoded", "a b")];
            assert_eq!(length(path, route, &parameters), None, "{path} {route}");
        }
    }

    #[test]
    fn how_the_event_spells_a_text_does_not_matter() {
        for (spelled, expected) in [("ab", "/ab"), (r#"a\"b"#, "/a%22b"), (r"\u0061b", "/ab")] {
            for slash in ["/", r"\/"] {
                let path = format!("{slash}v1/{spelled}");
                let text = format!(
                    r#"{{"resource":"{slash}{{proxy+}}","path":"{path}","httpMethod":"GET","pathParameters":{{"proxy":"{spelled}"}},
                    "requestContext":{{"path":"{path}"}}}}"#
                );
                let event: EventFields<'_> = serde_json::from_str(&text).unwrap();
                let context = ContextFields::of(event.request_context.as_ref().unwrap()).unwrap();
                let source = HttpSource::of(&crate::http::adapter::detect::markers(&event, &context)).unwrap();
                assert_eq!(path_and_query(source, &event, &context).0, expected, "{text}");
            }
        }
    }
}
