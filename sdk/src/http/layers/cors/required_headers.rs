//! Headers that another layer of the same stack requires, in addition to those that the user has listed.

use http::HeaderName;

use super::CorsLayer;

impl CorsLayer {
    /// Allows pages to send these headers as well.
    #[cfg(feature = "idempotency")]
    pub(crate) fn also_allow(mut self, headers: &[HeaderName]) -> Self {
        for header in headers {
            if !self.request_headers.is_empty() && !self.request_headers.contains(header) {
                self.request_headers.push(header.clone());
            }
            if !(self.any_header || self.mirror_headers || self.allowed.contains(header)) {
                self.allowed.push(header.clone());
                self.inner = self.inner.allow_headers(self.allowed.clone());
            }
        }
        self
    }

    /// Allows pages to read these headers as well.
    pub(crate) fn also_expose(mut self, headers: &[HeaderName]) -> Self {
        for header in headers {
            if !(self.any_exposed || self.exposed.contains(header)) {
                self.exposed.push(header.clone());
                self.inner = self.inner.expose_headers(self.exposed.clone());
            }
        }
        self
    }
}
