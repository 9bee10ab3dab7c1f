//! Patterns of origins, such as `https://*.example.com`.

use super::spelling::{Fault, canonical_host, canonical_port, split};

/// An origin that contains `*`, which matches one or more letters, digits, `-` or `_` within one label of the host, or
/// for any port.
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
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
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

    /// Returns `true` if this origin, in canonical form, matches.
    pub(super) fn matches(&self, origin: &str) -> bool {
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
            Some((_, after)) if after.contains('*') => Err(Fault::StarTwice),
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
                // Only characters of a host name: a comma or a quote would end up in a response header.
                .is_some_and(|star| {
                    !star.is_empty() && star.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::layers::cors::spelling::canonical;

    fn fits(pattern: &str, origin: &str) -> bool {
        let pattern = Pattern::new(pattern).expect("the pattern is well-formed");
        canonical(origin).is_ok_and(|origin| pattern.matches(&origin))
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
    fn a_pattern_that_is_too_wide_or_unclear_is_rejected() {
        for (pattern, fault) in [
            ("*://example.com", Fault::StarInScheme),
            ("https://*", Fault::StarLast),
            ("https://example.*", Fault::StarLast),
            ("https://a*b*.example.com", Fault::StarTwice),
            ("https://ü*.example.com", Fault::NotAscii),
            ("https://*..example.com", Fault::Host),
            ("https://*.example.com/", Fault::Path),
            ("*.example.com", Fault::Scheme),
            ("https://*.example.com:x", Fault::Port),
        ] {
            assert_eq!(Pattern::new(pattern).map(drop), Err(fault), "{pattern}");
        }
    }
}
