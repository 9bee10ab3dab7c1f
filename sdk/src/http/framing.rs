//! Removes the parts of a response that a gateway does not forward: connection-specific fields, and a body that its
//! status forbids.

use http::{HeaderMap, HeaderName, StatusCode, header};

/// Removes connection-specific fields ([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), which
/// HTTP/2 forbids ([RFC 9113, 8.2.2](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2)), and the length, which the
/// gateway sets.
pub(crate) fn strip(headers: &mut HeaderMap) {
    // Most responses have none of them.
    if headers.keys().any(is_of_connection) {
        remove(headers);
    }
}

fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Removes `Connection` and the fields that it lists, directly around the function, so that fields that layers add
/// afterwards are not affected.
pub(crate) fn strip_listed(headers: &mut HeaderMap) {
    // Compared one by one, which is cheaper than a look-up for a few fields.
    if headers.keys().any(|name| name == header::CONNECTION) {
        remove(headers);
    }
}

#[cold]
fn remove(headers: &mut HeaderMap) {
    let listed = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed = listed.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    let listed = listed.filter(|name| !is_for_all(name));
    let own = headers.keys().filter(|name| is_of_connection(name)).cloned();
    for name in listed.chain(own).collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// Returns the fields that must not be listed in `Connection`, since they are for all recipients: a response that is
/// proxied from another server cannot remove what the layers have added.
fn is_for_all(name: &HeaderName) -> bool {
    let name = name.as_str();
    ["access-control-", "content-", "cross-origin-", "x-content-"].iter().any(|prefix| name.starts_with(prefix))
        || matches!(
            name,
            "cache-control"
                | "clear-site-data"
                | "date"
                | "etag"
                | "expires"
                | "last-modified"
                | "location"
                | "origin-agent-cluster"
                | "permissions-policy"
                | "referrer-policy"
                | "retry-after"
                | "set-cookie"
                | "strict-transport-security"
                | "vary"
                | "www-authenticate"
                | "x-dns-prefetch-control"
                | "x-download-options"
                | "x-frame-options"
                | "x-permitted-cross-domain-policies"
                | "x-xss-protection"
        )
}

/// Returns `true` if a response with this status may have content
/// (RFC 9110, [6.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1),
/// [15.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-15.3.6)).
pub(crate) fn has_content(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 100..200 | 204 | 205 | 304)
}

/// The size of the names and values of a response whose headers are too large to be sent. Each source accepts more.
const SHORTENED: usize = 8 * 1024;

/// Removes the headers above 8 KB in all. Those of CORS stay first, without which a browser hides the response from the page.
pub(crate) fn shorten(headers: &mut HeaderMap) {
    let long = std::mem::take(headers);
    let is_needed = |name: &HeaderName| name == header::CONTENT_TYPE || name.as_str().starts_with("access-control-");
    let mut left = SHORTENED;
    for needed in [true, false] {
        for (name, value) in long.iter().filter(|(name, _)| is_needed(name) == needed) {
            let length = name.as_str().len() + value.len();
            if length <= left {
                left -= length;
                headers.append(name, value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(fields: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        strip(&mut headers);
        headers.keys().map(|name| name.as_str().to_owned()).collect()
    }

    #[test]
    fn fields_of_one_connection_and_those_that_it_lists_are_removed() {
        let fields = [
            ("connection", "close, X-Hop"),
            ("connection", "x-other,, bad name"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("content-length", "5"),
            ("x-hop", "1"),
            ("x-hop", "2"),
            ("x-other", "3"),
            ("x-end", "4"),
        ];
        assert_eq!(stripped(&fields), ["x-end"]);
    }

    #[test]
    fn fields_that_are_for_all_stay_although_they_are_listed() {
        let fields = [
            ("connection", "vary, Content-Security-Policy, access-control-allow-origin, set-cookie"),
            ("vary", "origin"),
            ("content-security-policy", "default-src 'none'"),
            ("access-control-allow-origin", "*"),
            ("set-cookie", "a=1"),
        ];
        assert_eq!(stripped(&fields).len(), 4);
    }

    #[test]
    fn the_statuses_without_content() {
        for (status, has) in
            [(101, false), (199, false), (200, true), (204, false), (205, false), (206, true), (304, false)]
        {
            assert_eq!(has_content(StatusCode::from_u16(status).unwrap()), has, "{status}");
        }
    }
}
