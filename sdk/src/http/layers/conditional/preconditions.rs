//! [`Preconditions`]: the preconditions of a request, and their evaluation.

use std::time::SystemTime;

use axum_core::extract::FromRequestParts;
use axum_extra::headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince};
use http::request::Parts;
use http::{HeaderMap, Method, header};

use crate::http::error::HttpError;

/// The preconditions of a request: `If-Match`, `If-None-Match`, `If-Unmodified-Since` and `If-Modified-Since`. See the
/// [module docs](super).
#[derive(Clone, Debug)]
pub struct Preconditions {
    reads: bool,
    /// `Some(None)` is an invalid header, which matches nothing.
    if_match: Option<Option<IfMatch>>,
    /// The same; if present, `If-Modified-Since` is ignored.
    if_none_match: Option<Option<IfNoneMatch>>,
    if_unmodified_since: Option<IfUnmodifiedSince>,
    if_modified_since: Option<IfModifiedSince>,
}

/// The outcome of the preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Proceed,
    NotModified,
    Failed,
}

impl Preconditions {
    pub(super) fn read(headers: &HeaderMap, method: &Method) -> Self {
        Self {
            reads: matches!(*method, Method::GET | Method::HEAD),
            if_match: headers.contains_key(header::IF_MATCH).then(|| headers.typed_get()),
            if_none_match: headers.contains_key(header::IF_NONE_MATCH).then(|| headers.typed_get()),
            if_unmodified_since: headers.typed_get(),
            if_modified_since: headers.typed_get(),
        }
    }

    /// Rejects a request without `If-Match`, since it could overwrite a change that the client has not seen.
    ///
    /// # Errors
    ///
    /// 428 ([RFC 6585](https://www.rfc-editor.org/rfc/rfc6585#section-3)).
    pub fn required(self) -> Result<Self, HttpError> {
        match self.if_match {
            Some(_) => Ok(self),
            None => Err(HttpError::precondition_required(
                "the `If-Match` header is required: send the `ETag` of the resource",
            )),
        }
    }

    /// Checks the preconditions of a change against the current tag; `None` means that the resource does not exist yet.
    /// With `If-None-Match: *`, a client creates a resource and never overwrites one.
    ///
    /// # Errors
    ///
    /// 412.
    pub fn check(&self, current: Option<&ETag>) -> Result<(), HttpError> {
        self.check_with(current, None)
    }

    /// Checks the preconditions against the current tag and the time of the last change; a tag takes precedence.
    ///
    /// # Errors
    ///
    /// 412.
    pub fn check_with(&self, current: Option<&ETag>, changed: Option<SystemTime>) -> Result<(), HttpError> {
        let exists = current.is_some() || changed.is_some();
        match self.evaluate(exists, current, changed) {
            Outcome::Failed => Err(HttpError::precondition_failed("the resource has changed; fetch it again")),
            // The layer responds with a 304 when it gets the response.
            Outcome::Proceed | Outcome::NotModified => Ok(()),
        }
    }

    /// Evaluates the preconditions in the order of RFC 9110, section 13.2.2.
    pub(super) fn evaluate(&self, exists: bool, tag: Option<&ETag>, changed: Option<SystemTime>) -> Outcome {
        let holds = match (&self.if_match, &self.if_unmodified_since) {
            (Some(Some(expected)), _) if expected.is_any() => exists,
            (Some(expected), _) => {
                expected.as_ref().zip(tag).is_some_and(|(expected, tag)| expected.precondition_passes(tag))
            }
            (None, Some(since)) => changed.is_none_or(|changed| since.precondition_passes(changed)),
            (None, None) => true,
        };
        if !holds {
            return Outcome::Failed;
        }
        let new = match (&self.if_none_match, &self.if_modified_since) {
            (Some(Some(known)), _) if *known == IfNoneMatch::any() => !exists,
            (Some(Some(known)), _) => tag.is_none_or(|tag| known.precondition_passes(tag)),
            (Some(None), _) => true,
            (None, Some(since)) if self.reads => changed.is_none_or(|changed| since.is_modified(changed)),
            _ => true,
        };
        match (new, self.reads) {
            (true, _) => Outcome::Proceed,
            (false, true) => Outcome::NotModified,
            (false, false) => Outcome::Failed,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preconditions {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::read(&parts.headers, &parts.method))
    }
}
