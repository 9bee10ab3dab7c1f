//! The header `Accept`, which names JSON and event streams.

use http::{HeaderMap, header};

/// Returns `true` if a client takes JSON and event streams, or does not say what it takes.
pub(super) fn takes_answers(headers: &HeaderMap) -> bool {
    let (mut json, mut events, mut is_stated) = (false, false, false);
    for value in headers.get_all(header::ACCEPT) {
        is_stated = true;
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default();
            if parts.any(is_zero) {
                continue;
            }
            let is = |name: &str| media_type.eq_ignore_ascii_case(name);
            json |= is("application/json") || is("application/*") || is("*/*");
            events |= is("text/event-stream") || is("text/*") || is("*/*");
        }
    }
    !is_stated || (json && events)
}

/// Returns `true` for the weight that excludes a range (RFC 9110, 12.4.2).
fn is_zero(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_types_are_needed_by_name_or_by_a_range() {
        for (accept, expected) in [
            ("application/json, text/event-stream", true),
            ("text/event-stream;q=0.5, Application/JSON", true),
            ("*/*", true),
            ("application/*, text/*", true),
            ("application/json", false),
            ("text/event-stream", false),
            ("text/html", false),
            ("", false),
            ("application/json;q=0, text/event-stream", false),
            ("*/*;q=0.0", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(takes_answers(&headers), expected, "{accept}");
        }
        let mut headers = HeaderMap::new();
        assert!(takes_answers(&headers));
        headers.append(header::ACCEPT, "application/json".parse().unwrap());
        headers.append(header::ACCEPT, "text/event-stream".parse().unwrap());
        assert!(takes_answers(&headers));
    }
}
