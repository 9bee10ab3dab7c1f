//! The header `Origin`: pages of other sites must not reach a server, such as one on the machine of their reader.

use http::header;
use http::request::Parts;

/// Returns the mistake in an origin that should be allowed.
pub(in crate::mcp) fn check(origin: &str) -> Result<(), String> {
    if origin == "*" {
        return Ok(());
    }
    let parts = origin.split_once("://").filter(|(scheme, host)| !scheme.is_empty() && !host.is_empty());
    let Some((scheme, host)) = parts.filter(|(_, host)| !host.contains(['/', '?', '#', '@', '*'])) else {
        return Err(
            "an allowed origin of an MCP server must be `scheme://host` or `scheme://host:port`, without a path, or `*`"
                .into(),
        );
    };
    let is_default = |name: &str, port| scheme.eq_ignore_ascii_case(name) && host.ends_with(port);
    let has_port = !host.ends_with(':') && !is_default("https", ":443") && !is_default("http", ":80");
    // A browser sends neither a default port nor another character, so no page would be let in.
    if has_port && origin.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("an allowed origin of an MCP server must be as browsers send it: in ASCII without spaces, and without the port \
         443 of https or 80 of http"
        .into())
}

/// Returns `true` for a request without an origin, of an allowed one, or of a page on this machine to a server on this
/// machine.
pub(super) fn is_allowed(parts: &Parts, allowed: &[String]) -> bool {
    let mut origins = parts.headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
    let is_listed = allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin));
    is_listed || (is_local(origin) && is_to_local(parts))
}

fn is_local(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, host)| matches!(scheme, "http" | "https") && is_loopback(host))
}

fn is_to_local(parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.or(parts.uri.authority().map(http::uri::Authority::as_str)).is_some_and(is_loopback)
}

/// Returns `true` for a loopback host, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(name, _)| name),
        None => host.split(':').next(),
    };
    name.is_some_and(|name| name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_served(origin: &str, host: &str, allowed: &[&str]) -> bool {
        let request = http::Request::builder().header("origin", origin).header("host", host);
        let allowed: Vec<_> = allowed.iter().map(|allowed| (*allowed).to_owned()).collect();
        is_allowed(&request.body(()).unwrap().into_parts().0, &allowed)
    }

    #[test]
    fn only_listed_origins_and_pages_of_this_machine_on_this_machine_are_served() {
        assert!(is_served("https://app.example", "api.example", &["https://app.example"]));
        assert!(is_served("HTTPS://App.Example", "api.example", &["https://app.example"]));
        assert!(is_served("https://evil.example", "api.example", &["*"]));
        for (origin, host) in [
            ("https://evil.example", "api.example"),
            ("https://evil.example", "localhost:3000"),
            // DNS rebinding: the page's host leads to this machine.
            ("http://evil.example:3000", "evil.example:3000"),
            ("http://localhost:5173", "api.example"),
            ("http://localhost.evil.example", "localhost:3000"),
            ("http://127.0.0.1.evil.example", "localhost:3000"),
            ("http://localhost@evil.example", "localhost:3000"),
            ("null", "localhost:3000"),
            ("", "localhost:3000"),
            ("https://app.example.evil", "api.example"),
        ] {
            assert!(!is_served(origin, host, &["https://app.example"]), "{origin} to {host}");
        }
        for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]", "LOCALHOST"] {
            assert!(is_served("http://localhost:6274", host, &[]) && is_served("http://[::1]", host, &[]), "{host}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        for origin in ["https://app.example", "http://localhost:3000", "*", "vscode-webview://id"] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
        for origin in ["", "app.example", "https://app.example/", "https://*.example", "://x", "https://a@b"] {
            assert!(check(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused() {
        let sent =
            ["https://a:80", "http://a:443", "https://a:4430", "http://[::1]:3000", "http://[::80]", "https://a:8443"];
        for origin in sent {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
        let not_sent = [
            "https://a:443",
            "HTTPS://a:443",
            "http://a:80",
            "https://a ",
            " https://a",
            "https://a\t",
            "https://bücher.example",
            "https://a:",
            "http://[::1]:80",
        ];
        for origin in not_sent {
            assert!(check(origin).is_err_and(|mistake| mistake.contains("as browsers send it")), "{origin}");
        }
    }
}
