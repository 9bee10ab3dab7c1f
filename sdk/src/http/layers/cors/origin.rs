//! The allowed origins.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, header};

use super::pattern::Pattern;
use super::spelling::{Fault, OPAQUE, canonical};
use crate::core::panic::caught;

/// The maximum length of an `Origin` that is parsed, in bytes: a DNS name has at most 253.
const MAX_ORIGIN: usize = 512;

/// The user's own rule.
pub(super) type Predicate = Arc<dyn Fn(&str, &Parts) -> bool + Send + Sync>;

/// The origins that may read responses.
#[derive(Clone, Default)]
pub(super) enum Origins {
    #[default]
    None,
    Any,
    /// Sent regardless of the request's origin; the browser compares.
    Fixed(HeaderValue),
    Listed(Vec<HeaderValue>, Vec<Pattern>),
    If(Predicate),
}

impl Origins {
    /// Creates the rule for one origin: `*`, a pattern, or a fixed one.
    pub(super) fn one(text: &str) -> Result<Self, Fault> {
        match text {
            "*" => Ok(Self::Any),
            _ if text.contains('*') => Ok(Self::Listed(Vec::new(), vec![Pattern::new(text)?])),
            _ => Ok(Self::Fixed(configured(text)?)),
        }
    }

    /// Creates a list, in which each request's origin is looked up. The error names the invalid origin.
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

    /// Returns `true` if the response depends on the request's `Origin`.
    pub(super) fn varies(&self) -> bool {
        matches!(self, Self::Listed(..) | Self::If(_))
    }

    /// Returns `true` if `null` is listed, which any site can cause a browser to send.
    pub(super) fn names_opaque(&self) -> bool {
        match self {
            Self::Fixed(origin) => origin == OPAQUE,
            Self::Listed(exact, _) => exact.iter().any(|origin| origin == OPAQUE),
            _ => false,
        }
    }

    /// Returns the value of `Access-Control-Allow-Origin` for this request, if its origin is allowed.
    pub(super) fn allow(&self, parts: &Parts) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Fixed(origin) => Some(origin.clone()),
            Self::Listed(exact, patterns) => {
                let sent = sent(parts)?;
                // Browsers send the canonical form, so usually nothing is parsed or copied.
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
                // If the user's rule panics, the origin is not allowed; the panic hook has logged it.
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

/// Returns the request's origin. Several are ignored: browsers send one.
fn sent(parts: &Parts) -> Option<&HeaderValue> {
    let mut all = parts.headers.get_all(header::ORIGIN).iter();
    let first = all.next()?;
    (all.next().is_none() && first.len() <= MAX_ORIGIN).then_some(first)
}

fn read(sent: &HeaderValue) -> Option<Cow<'_, str>> {
    canonical(std::str::from_utf8(sent.as_bytes()).ok()?).ok()
}

/// Returns the canonical form as a header value, without a copy if it was sent in that form.
fn value(origin: &str, sent: &HeaderValue) -> Option<HeaderValue> {
    if origin.as_bytes() == sent.as_bytes() { Some(sent.clone()) } else { HeaderValue::from_str(origin).ok() }
}

fn configured(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(&canonical(text)?).map_err(|_| Fault::Host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_origin_stands_alone() {
        assert!(matches!(Origins::list(["*", "https://example.com"]), Err(("*", Fault::NotAlone))));
    }
}
