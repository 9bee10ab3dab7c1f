//! The content codings, and the choice of the one that a client prefers.

use std::convert::Infallible;
use std::future::ready;

use axum_core::body::Body;
use futures_util::FutureExt;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response};
use tower::{Service, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::predicate::SizeAbove;

use crate::http::layers::quality_values;

/// The compiled codings, in the order of preference.
pub(super) const CODINGS: &[Coding] = &[
    #[cfg(feature = "compression-zstd")]
    Coding::Zstd,
    #[cfg(feature = "compression-br")]
    Coding::Brotli,
    Coding::Gzip,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    #[cfg(feature = "compression-br")]
    Brotli,
    #[cfg(feature = "compression-zstd")]
    Zstd,
}

impl Coding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            #[cfg(feature = "compression-br")]
            Self::Brotli => "br",
            #[cfg(feature = "compression-zstd")]
            Self::Zstd => "zstd",
        }
    }

    fn is(self, name: &str) -> bool {
        let name = name.strip_prefix("x-").filter(|_| self == Self::Gzip).unwrap_or(name);
        name.eq_ignore_ascii_case(self.name())
    }

    /// Returns the coding that the client prefers. `None` means an uncompressed body, even if the client rejects that:
    /// an uncompressed response is more useful than a 406 (RFC 9110, section 12.5.3 allows both).
    pub(super) fn chosen(headers: &HeaderMap) -> Option<Self> {
        let quality = |fits: &dyn Fn(&str) -> bool| {
            let mut items = quality_values::items(headers, &header::ACCEPT_ENCODING);
            items.find(|item| fits(item.name)).map(|item| item.quality)
        };
        if !headers.contains_key(header::ACCEPT_ENCODING) {
            return None;
        }
        let any = quality(&|name| name == "*").unwrap_or(0);
        let identity = quality(&|name| name.eq_ignore_ascii_case("identity")).unwrap_or(0);
        let mut best = None;
        for coding in CODINGS {
            let quality = quality(&|name| coding.is(name)).unwrap_or(any);
            // Of two codings with the same quality, the first is kept.
            if quality > 0 && quality >= identity && best.is_none_or(|(_, other)| quality > other) {
                best = Some((*coding, quality));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// Encodes a response with tower-http's service.
pub(super) fn encode(response: Response<Body>, coding: Coding, level: CompressionLevel) -> Response<Body> {
    let mut response = Some(response);
    let inner = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(response.take().unwrap_or_default())));
    let mut request = Request::new(());
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding.name()));
    let compression = tower_http::compression::Compression::new(inner).quality(level);
    let Some(Ok(encoded)) = compression.compress_when(SizeAbove::new(0)).call(request).now_or_never() else {
        unreachable!("nothing is waited for");
    };
    encoded.map(Body::new)
}
