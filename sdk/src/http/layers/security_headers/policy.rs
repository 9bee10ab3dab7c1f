//! The two headers that have a grammar: [`ContentSecurityPolicy`] and [`Hsts`].

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The directives of a `Content-Security-Policy`, in the order in which they were set.
///
/// # Example
///
/// ```
/// use pilaster::http::security_headers::ContentSecurityPolicy;
///
/// let policy = ContentSecurityPolicy::from("default-src 'self'; upgrade-insecure-requests")
///     .directive("img-src", "'self' data:")
///     .without("upgrade-insecure-requests");
/// assert_eq!(policy.to_string(), "default-src 'self'; img-src 'self' data:");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a policy does nothing until it is set on a layer"]
pub struct ContentSecurityPolicy {
    directives: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl ContentSecurityPolicy {
    /// Creates the policy of [helmet](https://helmetjs.github.io/): scripts, styles, fonts and images of the page's
    /// origin, inline styles, no plug-ins, no frames of other origins.
    pub fn helmet() -> Self {
        Self::fixed(&[
            ("default-src", "'self'"),
            ("base-uri", "'self'"),
            ("font-src", "'self' https: data:"),
            ("form-action", "'self'"),
            ("frame-ancestors", "'self'"),
            ("img-src", "'self' data:"),
            ("object-src", "'none'"),
            ("script-src", "'self'"),
            ("script-src-attr", "'none'"),
            ("style-src", "'self' https: 'unsafe-inline'"),
            ("upgrade-insecure-requests", ""),
        ])
    }

    /// Creates the policy of middy: nothing is loaded, no script runs, and each violation is reported to the group
    /// `default`.
    pub fn strict() -> Self {
        Self::fixed(&[
            ("default-src", "'report-sample' 'report-sha256'"),
            ("base-uri", "'none'"),
            ("form-action", "'none'"),
            ("frame-ancestors", "'none'"),
            ("report-to", "default"),
            ("require-trusted-types-for", "'script'"),
            ("sandbox", ""),
            ("upgrade-insecure-requests", ""),
        ])
    }

    fn fixed(directives: &[(&'static str, &'static str)]) -> Self {
        Self {
            directives: directives.iter().map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value))).collect(),
        }
    }

    /// Sets a directive, or replaces it; use `""` for a directive without a value.
    pub fn directive(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.directives.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some(directive) => directive.1 = value,
            None => self.directives.push((name, value)),
        }
        self
    }

    /// Removes a directive.
    pub fn without(mut self, name: &str) -> Self {
        self.directives.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Returns `true` if every directive has a name, and no value ends it early
    /// ([CSP, 2.2.1](https://www.w3.org/TR/CSP3/#parse-serialized-policy)).
    pub(super) fn is_valid(&self) -> bool {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_value =
            |value: &str| value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';' && byte != b',');
        !self.directives.is_empty() && self.directives.iter().all(|(name, value)| is_name(name) && is_value(value))
    }
}

impl From<&str> for ContentSecurityPolicy {
    fn from(text: &str) -> Self {
        let directive = |text: &str| {
            let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            (Cow::Owned(name.to_owned()), Cow::Owned(value.trim().to_owned()))
        };
        Self { directives: text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(directive).collect() }
    }
}

impl From<String> for ContentSecurityPolicy {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for ContentSecurityPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.directives.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(name)?;
            if !value.is_empty() {
                write!(f, " {value}")?;
            }
        }
        Ok(())
    }
}

/// `Strict-Transport-Security`: the time for which browsers reject plain HTTP
/// ([RFC 6797](https://www.rfc-editor.org/rfc/rfc6797)).
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use pilaster::http::security_headers::Hsts;
///
/// let year = Hsts::new(Duration::from_secs(31_536_000)).preload(true);
/// assert_eq!(year.to_string(), "max-age=31536000; includeSubDomains; preload");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it does nothing until it is set on a layer"]
pub struct Hsts {
    max_age: Duration,
    include_subdomains: bool,
    preload: bool,
}

impl Hsts {
    /// The minimum age for preloading: a year (<https://hstspreload.org>).
    const PRELOAD: Duration = Duration::from_secs(31_536_000);

    /// Sets the time, in whole seconds; with subdomains, without preload.
    pub fn new(max_age: Duration) -> Self {
        Self { max_age, include_subdomains: true, preload: false }
    }

    /// Sets whether it also applies to subdomains.
    pub fn include_subdomains(mut self, include: bool) -> Self {
        self.include_subdomains = include;
        self
    }

    /// Sets whether browser vendors may add the site to their preload lists, which is hard to undo. `preload` is only
    /// sent if they accept it: with subdomains and an age of at least a year (31,536,000 s).
    pub fn preload(mut self, preload: bool) -> Self {
        self.preload = preload;
        self
    }
}

impl Default for Hsts {
    /// Returns a policy of 180 days, with subdomains.
    fn default() -> Self {
        Self::new(Duration::from_secs(15_552_000))
    }
}

impl From<Duration> for Hsts {
    fn from(max_age: Duration) -> Self {
        Self::new(max_age)
    }
}

impl fmt::Display for Hsts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "max-age={}", self.max_age.as_secs())?;
        if self.include_subdomains {
            f.write_str("; includeSubDomains")?;
        }
        if self.preload && self.include_subdomains && self.max_age >= Self::PRELOAD {
            f.write_str("; preload")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_changes_in_place() {
        let policy = ContentSecurityPolicy::strict().directive("Default-Src", "'self'").without("sandbox");
        assert_eq!(
            policy.without("UPGRADE-insecure-requests").to_string(),
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; report-to default; \
             require-trusted-types-for 'script'"
        );
    }

    #[test]
    fn a_policy_is_read_from_text() {
        let policy = ContentSecurityPolicy::from(" default-src  'none' ;; sandbox ; ");
        assert_eq!(policy.to_string(), "default-src 'none'; sandbox");
        assert_eq!(ContentSecurityPolicy::from(policy.to_string()), policy);
    }

    #[test]
    fn a_policy_that_runs_over_is_not_valid() {
        assert!(ContentSecurityPolicy::helmet().is_valid());
        assert!(ContentSecurityPolicy::strict().is_valid());
        for (name, value) in
            [("", "x"), ("a b", "x"), ("img-src", "*; script-src *"), ("img-src", "a, b"), ("img-src", "a\r\nb")]
        {
            assert!(!ContentSecurityPolicy::helmet().directive(name, value).is_valid(), "{name} {value}");
        }
        assert!(!ContentSecurityPolicy::from("").is_valid());
    }

    #[test]
    fn preload_waits_for_a_year_with_subdomains() {
        assert_eq!(Hsts::default().preload(true).to_string(), "max-age=15552000; includeSubDomains");
        let year = Hsts::from(Duration::from_secs(31_536_000)).preload(true);
        assert_eq!(year.to_string(), "max-age=31536000; includeSubDomains; preload");
        assert_eq!(year.include_subdomains(false).to_string(), "max-age=31536000");
    }
}
