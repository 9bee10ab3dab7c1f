//! [`Rules`]: the rules for the claims of a token.

use std::time::Duration;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::claims::{Registered, Seconds};
use super::error::JwtReason;
use super::rights::Rights;
use super::token::Token;

/// The rules of an issuer.
#[derive(Clone)]
pub(super) struct Rules {
    /// The accepted algorithms; `None` accepts all that fit the keys.
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) audiences: Vec<String>,
    pub(super) clients: Vec<String>,
    /// The `token_use` of Cognito: `access` or `id`.
    pub(super) token_use: Option<&'static str>,
    /// The `typ` of the header, without `application/`.
    pub(super) typ: Option<String>,
    pub(super) expected: Vec<(String, Value)>,
    pub(super) leeway: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) rights: Rights,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            algorithms: None,
            audiences: Vec::new(),
            clients: Vec::new(),
            token_use: None,
            typ: None,
            expected: Vec::new(),
            leeway: Duration::from_secs(60),
            max_age: None,
            rights: Rights::default(),
        }
    }
}

impl Rules {
    /// Checks the header, before any key is fetched.
    pub(super) fn check_header(&self, token: &Token<'_>) -> Result<(), JwtReason> {
        if self.algorithms.as_ref().is_some_and(|accepted| !accepted.contains(&token.algorithm)) {
            return Err(JwtReason::Algorithm);
        }
        let Some(typ) = &self.typ else { return Ok(()) };
        let own = token.typ.as_deref().unwrap_or_default();
        if without_application(own).eq_ignore_ascii_case(typ) { Ok(()) } else { Err(JwtReason::Use) }
    }

    /// Checks the claims at this time, in seconds since 1970, except rights.
    pub(super) fn check_claims(&self, of: &Registered, all: &Map<String, Value>, now: f64) -> Result<(), JwtReason> {
        self.check_times(of, now)?;
        if self.token_use.is_some_and(|wanted| of.token_use.as_deref() != Some(wanted)) {
            return Err(JwtReason::Use);
        }
        let audiences = of.aud.as_ref().map(|texts| &texts.0[..]).unwrap_or_default();
        if !self.audiences.is_empty() && !audiences.iter().any(|own| self.audiences.contains(own)) {
            return Err(JwtReason::Audience);
        }
        // The client of an ID token is its audience.
        let is_own = match self.token_use {
            Some("id") => audiences.iter().any(|own| self.clients.contains(own)),
            _ => of.client_id.as_ref().is_some_and(|own| self.clients.contains(own)),
        };
        if !self.clients.is_empty() && !is_own {
            return Err(JwtReason::Client);
        }
        if self.expected.iter().any(|(name, value)| all.get(name) != Some(value)) {
            return Err(JwtReason::ExpectedClaim);
        }
        Ok(())
    }

    fn check_times(&self, of: &Registered, now: f64) -> Result<(), JwtReason> {
        let leeway = self.leeway.as_secs_f64();
        let Seconds(expires) = of.exp.ok_or(JwtReason::NoExpiry)?;
        if now >= expires + leeway {
            return Err(JwtReason::Expired);
        }
        if [of.nbf, of.iat].into_iter().flatten().any(|Seconds(from)| from > now + leeway) {
            return Err(JwtReason::NotYetValid);
        }
        let Some(max_age) = self.max_age else { return Ok(()) };
        let is_young = of.iat.is_some_and(|Seconds(issued)| now <= issued + max_age.as_secs_f64() + leeway);
        if is_young { Ok(()) } else { Err(JwtReason::TooOld) }
    }

    /// Returns what is wrong with the rules, as a sentence.
    pub(super) fn mistake(&self, is_secret: bool) -> Option<&'static str> {
        if self.audiences.is_empty() && self.clients.is_empty() && self.expected.is_empty() {
            return Some(
                "a verifier of tokens needs an audience, a client or an expected claim: without one, it accepts the tokens of every application of the issuer",
            );
        }
        if let Some(mistake) = self.rights.mistake() {
            return Some(mistake);
        }
        let algorithms = self.algorithms.as_deref()?;
        if algorithms.is_empty() {
            return Some("a verifier of tokens needs at least one algorithm");
        }
        let fits = algorithms.iter().all(|algorithm| algorithm.is_secret() == is_secret);
        (!fits).then_some(match is_secret {
            true => "the algorithms of a shared secret are HS256, HS384 and HS512",
            false => "HS256, HS384 and HS512 need a shared secret, and the keys of the issuer are public",
        })
    }
}

pub(super) fn without_application(typ: &str) -> &str {
    match typ.split_at_checked(12) {
        Some((start, rest)) if start.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}
