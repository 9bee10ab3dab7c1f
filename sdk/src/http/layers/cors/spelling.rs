//! Parses origins and converts them to canonical form.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

/// An origin in an opaque context, such as a sandboxed frame or a file
/// ([HTML, 7.1.1](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin)).
pub(super) const OPAQUE: &str = "null";

/// The reason why a text is not an origin. `Display` completes the sentence "`x` is not an origin: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    Scheme,
    Path,
    User,
    Host,
    NotAscii,
    Port,
    NotAlone,
    StarInScheme,
    StarLast,
    StarTwice,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Scheme => "it must start with a scheme such as `https://`",
            Self::Path => "it must not have a path or a slash at its end",
            Self::User => "it must not have a user name",
            Self::Host => "its host must be a host name or an address",
            Self::NotAscii => "its host must be written in punycode, as browsers send it, such as `xn--mnchen-3ya.de`",
            Self::Port => "its port must be a number from 0 to 65535",
            Self::NotAlone => "`*` allows every origin; remove it or the other origins",
            Self::StarInScheme => "`*` is allowed in the host or as the port, not in the scheme",
            Self::StarLast => "`*` in the last label would allow hosts of other owners",
            Self::StarTwice => "a label can have one `*`",
        })
    }
}

/// Splits an origin into scheme, host and port.
pub(super) fn split(text: &str) -> Result<(&str, &str, Option<&str>), Fault> {
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Fault::Scheme)?;
    let valid = |(at, byte): (usize, u8)| {
        byte.is_ascii_alphabetic() || (at > 0 && matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'))
    };
    if scheme.contains('*') {
        return Err(Fault::StarInScheme);
    }
    if scheme.is_empty() || !scheme.bytes().enumerate().all(valid) {
        return Err(Fault::Scheme);
    }
    if rest.contains(['/', '\\', '?', '#']) {
        return Err(Fault::Path);
    }
    if rest.contains('@') {
        return Err(Fault::User);
    }
    // The colons of an IPv6 address are within brackets.
    let (host, port) = match rest.rfind(':').filter(|at| rest.rfind(']').is_none_or(|bracket| bracket < *at)) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    if host.is_empty() { Err(Fault::Host) } else { Ok((scheme, host, port)) }
}

/// Returns the host in lower case ([URL, 3.5](https://url.spec.whatwg.org/#host-parsing)).
pub(super) fn canonical_host(host: &str) -> Result<Cow<'_, str>, Fault> {
    if let Some(address) = host.strip_prefix('[') {
        let address =
            address.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok()).ok_or(Fault::Host)?;
        return Ok(Cow::Owned(format!("[{address}]")));
    }
    // A conversion to punycode would need Unicode's tables in the binary.
    if !host.is_ascii() {
        return Err(Fault::NotAscii);
    }
    let name = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    // The URL standard's forbidden domain code points; those that end a host are handled above.
    let forbidden = |byte: u8| byte <= b' ' || byte == 0x7f || b"#/:<>?@[\\]^|%".contains(&byte);
    if name.is_empty() || name.bytes().any(forbidden) { Err(Fault::Host) } else { Ok(name) }
}

/// Returns the port, or `None` for the scheme's default port.
pub(super) fn canonical_port(scheme: &str, port: Option<&str>) -> Result<Option<u16>, Fault> {
    let Some(port) = port else { return Ok(None) };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Port);
    }
    let port = port.parse().map_err(|_| Fault::Port)?;
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    Ok(Some(port).filter(|port| Some(*port) != default))
}

/// Returns the origin as a browser serializes it: lower case, no default port. Borrows the text if it is
/// canonical.
pub(super) fn canonical(text: &str) -> Result<Cow<'_, str>, Fault> {
    if text == OPAQUE {
        return Ok(Cow::Borrowed(text));
    }
    let (scheme, host, written) = split(text)?;
    let lower = scheme.to_ascii_lowercase();
    let (name, port) = (canonical_host(host)?, canonical_port(&lower, written)?);
    let origin = match port {
        Some(port) => format!("{lower}://{name}:{port}"),
        None => format!("{lower}://{name}"),
    };
    Ok(if origin == text { Cow::Borrowed(text) } else { Cow::Owned(origin) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_spelled_as_a_browser_does() {
        for (written, spelled) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM", "https://app.example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:080", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://XN--mnchen-3ya.de:8443", "https://xn--mnchen-3ya.de:8443"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(spelled), "{written}");
        }
    }

    #[test]
    fn an_invalid_origin_has_a_reason() {
        for (written, fault) in [
            ("", Fault::Empty),
            ("example.com", Fault::Scheme),
            ("//example.com", Fault::Scheme),
            ("1https://example.com", Fault::Scheme),
            ("https://example.com/", Fault::Path),
            ("https://example.com/app", Fault::Path),
            ("https://example.com?x", Fault::Path),
            ("https://evil.com\\.example.com", Fault::Path),
            ("https://user@example.com", Fault::User),
            ("https://user:secret@example.com", Fault::User),
            ("https://", Fault::Host),
            ("https://münchen.de", Fault::NotAscii),
            ("https://example.xn--mnchen-3ya.münchen:8443", Fault::NotAscii),
            ("https://:443", Fault::Host),
            ("https://invalid host.com", Fault::Host),
            ("https://a%2eb.com", Fault::Host),
            ("https://[::1", Fault::Host),
            ("https://[::g]", Fault::Host),
            ("https://example.com:", Fault::Port),
            ("https://example.com:+1", Fault::Port),
            ("https://example.com:65536", Fault::Port),
            ("Null", Fault::Scheme),
        ] {
            assert_eq!(canonical(written), Err(fault), "{written}");
        }
    }
}
