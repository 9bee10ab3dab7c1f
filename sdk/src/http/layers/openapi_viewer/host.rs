//! The scheme and the host of an absolute URL.

use std::net::Ipv6Addr;

/// Returns the scheme and the host, with its port, of an `https` URL, or of an `http` URL of this machine: the page of
/// another host is served by HTTPS, and a browser blocks its calls to `http`. Nothing in them could end a source in a
/// policy.
pub(super) fn origin(url: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let name = name(host)?;
    let is_local = matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost");
    if scheme.eq_ignore_ascii_case("https") {
        Some(("https://", host))
    } else {
        (scheme.eq_ignore_ascii_case("http") && is_local).then_some(("http://", host))
    }
}

/// Returns the name of a host without its port.
fn name(host: &str) -> Option<&str> {
    // The colons of an address are within brackets.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_name = match name.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c)),
    };
    (is_name && port.is_none_or(is_port)).then_some(name)
}
