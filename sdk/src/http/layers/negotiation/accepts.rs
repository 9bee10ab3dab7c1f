//! [`Accepts`]: the media types and languages that a client accepts.

use std::cmp::Reverse;

use axum_core::extract::FromRequestParts;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;

use crate::http::layers::quality_values::items;

/// The client's `Accept` and `Accept-Language`.
#[derive(Clone, Debug)]
pub struct Accepts {
    headers: HeaderMap,
}

impl Accepts {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut own = HeaderMap::new();
        for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
            for value in headers.get_all(&name) {
                own.append(&name, value.clone());
            }
        }
        Self { headers: own }
    }

    /// Returns the media types that the client accepts, the best first; all of them without `Accept`.
    pub fn media_types<'a>(&self, available: &[&'a str]) -> Vec<&'a str> {
        self.ranked(&header::ACCEPT, available, fits_media_type)
    }

    /// Returns the languages that the client accepts, the best first; all of them without `Accept-Language`. `en` is
    /// acceptable for `en-GB` and vice versa, but ranks below an exact match.
    pub fn languages<'a>(&self, available: &[&'a str]) -> Vec<&'a str> {
        self.ranked(&header::ACCEPT_LANGUAGE, available, fits_language)
    }

    /// Sorts by quality, then by the closeness of the match, then in the client's order, then in the server's.
    fn ranked<'a>(&self, name: &HeaderName, available: &[&'a str], fits: fn(&str, &str) -> Option<u8>) -> Vec<&'a str> {
        let accepted: Vec<_> = items(&self.headers, name).enumerate().collect();
        // An empty or invalid header counts as none.
        if accepted.is_empty() {
            return available.to_vec();
        }
        let mut ranked: Vec<_> = available
            .iter()
            .filter_map(|available| {
                let fitting =
                    accepted.iter().filter_map(|(at, item)| Some((fits(item.name, available)?, *at, item.quality)));
                // Only the most specific item counts: `text/*, text/html;q=0` excludes HTML.
                let (closeness, at, quality) = fitting.max_by_key(|(closeness, at, _)| (*closeness, Reverse(*at)))?;
                (quality > 0).then_some(((Reverse(quality), Reverse(closeness), at), *available))
            })
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, available)| available).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accepts {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::read(&parts.headers))
    }
}

/// Returns how closely a media range such as `text/*` matches, without its parameters. A `*` alone, which Java's
/// `HttpURLConnection` sends, is `*/*`.
fn fits_media_type(range: &str, available: &str) -> Option<u8> {
    let available = available.split(';').next().unwrap_or(available).trim_end();
    if matches!(range, "*/*" | "*") {
        return Some(0);
    }
    if range.eq_ignore_ascii_case(available) {
        return Some(2);
    }
    let kind = range.strip_suffix("/*")?;
    available.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(kind)).then_some(1)
}

/// Returns how closely a language range such as `de` matches `de-CH`, or the reverse.
fn fits_language(range: &str, available: &str) -> Option<u8> {
    let within = |narrow: &str, wide: &str| {
        let head = narrow.get(..wide.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(wide)) && narrow.as_bytes().get(wide.len()) == Some(&b'-')
    };
    match range {
        "*" => Some(0),
        _ if range.eq_ignore_ascii_case(available) => Some(3),
        _ if within(range, available) => Some(2),
        _ if within(available, range) => Some(1),
        _ => None,
    }
}
