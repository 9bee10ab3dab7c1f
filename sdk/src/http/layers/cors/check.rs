//! The check of a [`CorsLayer`]: mistakes are found when it is built, instead of by a browser.

use http::{HeaderName, Method};

use super::origin::Origins;
use super::{CorsError, CorsLayer};

impl CorsLayer {
    /// Checks that browsers accept this configuration.
    ///
    /// # Errors
    ///
    /// The first mistake: an origin without a scheme, with a path or a trailing slash, or otherwise invalid; an invalid
    /// method or header name; a lower-case method; credentials together with any origin, method or header.
    pub fn check(&self) -> Result<(), CorsError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let with = match () {
            () if !self.credentials => return Ok(()),
            () if matches!(self.origins, Origins::Any) => {
                "any origin (`*`): browsers reject it; list the origins, or use `allow_origin_if`"
            }
            () if self.origins.names_opaque() => "the origin `null`: any site can make a browser send it; remove it",
            () if self.any_method => "any method (`*`): browsers treat it as a method name; list the methods",
            () if self.any_header => {
                "any header (`*`): browsers treat it as a header name; list the headers, or use `mirror_headers()`"
            }
            () if self.any_exposed => "any exposed header (`*`): browsers treat it as a header name; list the headers",
            () => return Ok(()),
        };
        Err(CorsError::credentials(with))
    }

    pub(super) fn fail(&mut self, error: CorsError) {
        self.error.get_or_insert(error);
    }

    pub(super) fn names<I>(&mut self, setter: &'static str, names: I) -> Vec<HeaderName>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut valid = Vec::new();
        for name in names {
            match HeaderName::from_bytes(name.as_ref().as_bytes()) {
                Ok(name) => valid.push(name),
                Err(_) => self.fail(CorsError::name(setter, name.as_ref())),
            }
        }
        valid
    }

    pub(super) fn methods<I>(&mut self, setter: &'static str, methods: I) -> Vec<Method>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut valid = Vec::new();
        for name in methods {
            let name = name.as_ref();
            // Browsers compare case-sensitively.
            let lower = name.bytes().any(|byte| byte.is_ascii_lowercase());
            let known = Self::DEFAULT_METHODS
                .iter()
                .chain([&Method::OPTIONS])
                .any(|known| known.as_str().eq_ignore_ascii_case(name));
            match Method::from_bytes(name.as_bytes()) {
                Err(_) => self.fail(CorsError::method(setter, name, "pass each method as its own item")),
                Ok(_) if known && lower => self.fail(CorsError::method(setter, name, "methods must be upper case")),
                Ok(_) if ["CONNECT", "TRACE", "TRACK"].iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name)) => {
                    self.fail(CorsError::method(setter, name, "browsers never send it"));
                }
                Ok(method) => valid.push(method),
            }
        }
        valid
    }
}
