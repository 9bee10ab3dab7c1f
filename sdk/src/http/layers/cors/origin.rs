//! Origins: how they are written, which spelling is canonical, and which are allowed.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, header};

use crate::core::deadline::caught;

/// The longest `Origin` that is looked at, in bytes: a DNS name has at most 253, and no scheme or port fills the rest.
const MAX_ORIGIN: usize = 512;

/// An origin in an opaque context, such as a sandboxed frame or a file
/// ([HTML, 7.1.1](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin)).
pub(super) const OPAQUE: &str = "null";

/// The user's own rule.
pub(super) type Predicate = Arc<dyn Fn(&str, &Parts) -> bool + Send + Sync>;

/// Which origins may read the answers.
#[derive(Clone, Default)]
pub(super) enum Origins {
    #[default]
    None,
    Any,
    /// Sent whatever the request's origin is; the browser compares.
    Fixed(HeaderValue),
    Listed(Vec<HeaderValue>, Vec<Pattern>),
    If(Predicate),
}

impl Origins {
    /// One origin: `*`, a pattern, or a fixed one.
    pub(super) fn one(text: &str) -> Result<Self, Fault> {
        match text {
            "*" => Ok(Self::Any),
            _ if text.contains('*') => Ok(Self::Listed(Vec::new(), vec![Pattern::new(text)?])),
            _ => Ok(Self::Fixed(configured(text)?)),
        }
    }

    /// A list, in which each request's origin is looked up. The error names the origin at fault.
    pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (&'a str, Fault)> {
        let (mut any, mut exact, mut patterns) = (None, Vec::new(), Vec::new());
        for text in texts {
            match text {
                "*" => any = Some(text),
                _ if text.contains('*') => patterns.push(Pattern::new(text).map_err(|fault| (text, fault))?),
                _ => exact.push(configured(text).map_err(|fault| (text, fault))?),
            }
        }
        match any {
            Some(star) if !exact.is_empty() || !patterns.is_empty() => Err((star, Fault::NotAlone)),
            Some(_) => Ok(Self::Any),
            None if exact.is_empty() && patterns.is_empty() => Ok(Self::None),
            None => Ok(Self::Listed(exact, patterns)),
        }
    }

    /// Whether the answer depends on the request's `Origin`.
    pub(super) fn varies(&self) -> bool {
        matches!(self, Self::Listed(..) | Self::If(_))
    }

    /// Whether `null` is written out: a value that any site can make a browser send.
    pub(super) fn names_opaque(&self) -> bool {
        match self {
            Self::Fixed(origin) => origin == OPAQUE,
            Self::Listed(exact, _) => exact.iter().any(|origin| origin == OPAQUE),
            _ => false,
        }
    }

    /// The value of `Access-Control-Allow-Origin` for this request, if there is to be one.
    pub(super) fn allow(&self, parts: &Parts) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Fixed(origin) => Some(origin.clone()),
            Self::Listed(exact, patterns) => {
                let sent = sent(parts)?;
                // Browsers send the canonical spelling, so nothing is parsed or copied here as a rule.
                if let Some(known) = exact.iter().find(|known| *known == sent) {
                    return Some(known.clone());
                }
                let origin = read(sent)?;
                if let Some(known) = exact.iter().find(|known| known.as_bytes() == origin.as_bytes()) {
                    return Some(known.clone());
                }
                patterns.iter().any(|pattern| pattern.matches(&origin)).then(|| value(&origin, sent))?
            }
            Self::If(predicate) => {
                let sent = sent(parts)?;
                let origin = read(sent)?;
                // An origin about which the rule panics is not allowed; the panic hook has logged it.
                caught(|| predicate(&origin, parts)).unwrap_or(false).then(|| value(&origin, sent))?
            }
        }
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Any => f.write_str("Any"),
            Self::Fixed(origin) => f.debug_tuple("Fixed").field(origin).finish(),
            Self::Listed(exact, patterns) => f.debug_tuple("Listed").field(exact).field(patterns).finish(),
            Self::If(_) => f.write_str("If(..)"),
        }
    }
}

/// The request's origin; several are none, since no browser sends them and a cache may have joined two requests.
fn sent(parts: &Parts) -> Option<&HeaderValue> {
    let mut all = parts.headers.get_all(header::ORIGIN).iter();
    let first = all.next()?;
    (all.next().is_none() && first.len() <= MAX_ORIGIN).then_some(first)
}

fn read(sent: &HeaderValue) -> Option<Cow<'_, str>> {
    canonical(std::str::from_utf8(sent.as_bytes()).ok()?).ok()
}

/// The canonical spelling as a header value: the value that was sent, uncopied, where that is how it was spelled.
fn value(origin: &str, sent: &HeaderValue) -> Option<HeaderValue> {
    if origin.as_bytes() == sent.as_bytes() { Some(sent.clone()) } else { HeaderValue::from_str(origin).ok() }
}

fn configured(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(&canonical(text)?).map_err(|_| Fault::Host)
}

/// What is wrong with an origin. `Display` completes the sentence "`x` is not an origin: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    Scheme,
    Path,
    User,
    Host,
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
            Self::Scheme => "it does not start with a scheme, as `https://` is",
            Self::Path => "it ends after the host and the port, with no path and no slash",
            Self::User => "it has no user name",
            Self::Host => "its host is no host name or address",
            Self::Port => "its port is no number from 0 to 65535",
            Self::NotAlone => "`*` allows every origin, so leave out the others or leave out `*`",
            Self::StarInScheme => "`*` can stand in the host or for the port, not in the scheme",
            Self::StarLast => "`*` in the last label would allow hosts of anyone",
            Self::StarTwice => "one label takes one `*`, in ASCII text",
        })
    }
}

/// `scheme`, `host` and `port` as they are written.
fn split(text: &str) -> Result<(&str, &str, Option<&str>), Fault> {
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
    // The colons of an IPv6 address stand within brackets.
    let (host, port) = match rest.rfind(':').filter(|at| rest.rfind(']').is_none_or(|bracket| bracket < *at)) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    if host.is_empty() { Err(Fault::Host) } else { Ok((scheme, host, port)) }
}

/// The host in lower case and punycode ([URL, 3.5](https://url.spec.whatwg.org/#host-parsing)).
fn canonical_host(host: &str) -> Result<Cow<'_, str>, Fault> {
    if let Some(address) = host.strip_prefix('[') {
        let address =
            address.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok()).ok_or(Fault::Host)?;
        return Ok(Cow::Owned(format!("[{address}]")));
    }
    let name = if host.is_ascii() {
        if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        }
    } else {
        Cow::Owned(idna::domain_to_ascii(host).map_err(|_| Fault::Host)?)
    };
    // The URL standard's forbidden domain code points; those that end a host are gone already.
    let forbidden = |byte: u8| byte <= b' ' || byte == 0x7f || b"#/:<>?@[\\]^|%".contains(&byte);
    if name.is_empty() || name.bytes().any(forbidden) { Err(Fault::Host) } else { Ok(name) }
}

/// The port as it is written in an origin: none where it is the scheme's own.
fn canonical_port(scheme: &str, port: Option<&str>) -> Result<Option<u16>, Fault> {
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

/// The origin as a browser spells it: lower case, punycode, no default port. Borrowed where it is spelled so already.
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

/// An origin with `*` in it. A star stands for one or more letters, digits, `-` or `_` within one label of the host, or,
/// in place of the port, for any port.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    scheme: Box<str>,
    labels: Vec<Label>,
    /// `None` for any port.
    port: Option<Option<u16>>,
}

#[derive(Clone, Debug)]
enum Label {
    Is(Box<str>),
    Around(Box<str>, Box<str>),
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Fault> {
        let (scheme, host, port) = split(text)?;
        let scheme = scheme.to_ascii_lowercase().into_boxed_str();
        let port = match port {
            Some("*") => None,
            port => Some(canonical_port(&scheme, port)?),
        };
        let labels = if host.starts_with('[') {
            vec![Label::Is(canonical_host(host)?.into())]
        } else {
            host.split('.').map(Label::new).collect::<Result<Vec<_>, _>>()?
        };
        if matches!(labels.last(), Some(Label::Around(..))) {
            return Err(Fault::StarLast);
        }
        Ok(Self { scheme, labels, port })
    }

    /// Whether this origin, in its canonical spelling, fits.
    fn matches(&self, origin: &str) -> bool {
        let Ok((scheme, host, port)) = split(origin) else { return false };
        let port_fits = self.port.is_none_or(|wanted| canonical_port(scheme, port) == Ok(wanted));
        if !port_fits || scheme != &*self.scheme {
            return false;
        }
        if host.starts_with('[') {
            return matches!(&*self.labels, [Label::Is(address)] if host == &**address);
        }
        let mut labels = host.split('.');
        self.labels.iter().all(|wanted| labels.next().is_some_and(|label| wanted.matches(label)))
            && labels.next().is_none()
    }
}

impl Label {
    fn new(text: &str) -> Result<Self, Fault> {
        match text.split_once('*') {
            None => Ok(Self::Is(canonical_host(text)?.into())),
            Some((_, after)) if after.contains('*') || !text.is_ascii() => Err(Fault::StarTwice),
            Some((before, after)) => {
                canonical_host(text)?;
                Ok(Self::Around(before.to_ascii_lowercase().into(), after.to_ascii_lowercase().into()))
            }
        }
    }

    fn matches(&self, label: &str) -> bool {
        match self {
            Self::Is(wanted) => label == &**wanted,
            Self::Around(before, after) => label
                .strip_prefix(&**before)
                .and_then(|rest| rest.strip_suffix(&**after))
                // Only what a host name is made of: a comma or a quote here would be the sender's, in our answer.
                .is_some_and(|star| {
                    !star.is_empty() && star.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, origin: &str) -> bool {
        let pattern = Pattern::new(pattern).expect("the pattern is well-formed");
        canonical(origin).is_ok_and(|origin| pattern.matches(&origin))
    }

    #[test]
    fn an_origin_is_spelled_as_a_browser_does() {
        for (written, spelled) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM", "https://app.example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:080", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://münchen.de", "https://xn--mnchen-3ya.de"),
            ("https://MÜNCHEN.de:8443", "https://xn--mnchen-3ya.de:8443"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(spelled), "{written}");
        }
    }

    #[test]
    fn what_is_no_origin_has_its_reason() {
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

    #[test]
    fn a_star_is_one_label_that_is_not_empty() {
        assert!(fits("https://*.example.com", "https://app.example.com"));
        assert!(fits("https://*.Example.com", "HTTPS://App.example.COM:443"));
        assert!(fits("https://*.*.example.com", "https://a.b.example.com"));
        for other in [
            "https://example.com",
            "https://.example.com",
            "https://a.b.example.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.org",
            "https://appXexample.com",
            "https://evil,app.example.com",
            "https://a\"b.example.com",
            "https://app.example.com.",
            "null",
        ] {
            assert!(!fits("https://*.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_star_may_be_a_part_of_a_label() {
        assert!(fits("https://shop-*.example.com", "https://shop-42.example.com"));
        assert!(fits("https://*--shop.example.com", "https://preview-7--shop.example.com"));
        assert!(!fits("https://shop-*.example.com", "https://shop-.example.com"));
        assert!(!fits("https://ab*ba.example.com", "https://aba.example.com"));
    }

    #[test]
    fn a_star_may_be_the_port() {
        assert!(fits("http://localhost:*", "http://localhost:5173"));
        assert!(fits("http://localhost:*", "http://localhost"));
        assert!(fits("http://[::1]:*", "http://[::1]:5173"));
        assert!(!fits("http://localhost:*", "https://localhost:5173"));
        assert!(!fits("http://localhost:*", "http://localhost.evil.org:5173"));
    }

    #[test]
    fn a_pattern_that_is_too_wide_or_unclear_is_refused() {
        for (pattern, fault) in [
            ("*://example.com", Fault::StarInScheme),
            ("https://*", Fault::StarLast),
            ("https://example.*", Fault::StarLast),
            ("https://a*b*.example.com", Fault::StarTwice),
            ("https://ü*.example.com", Fault::StarTwice),
            ("https://*..example.com", Fault::Host),
            ("https://*.example.com/", Fault::Path),
            ("*.example.com", Fault::Scheme),
            ("https://*.example.com:x", Fault::Port),
        ] {
            assert_eq!(Pattern::new(pattern).map(drop), Err(fault), "{pattern}");
        }
        assert!(matches!(Origins::list(["*", "https://example.com"]), Err(("*", Fault::NotAlone))));
    }
}
