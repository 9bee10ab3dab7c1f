//! [`JwtVerifier`]: the issuers whose tokens are accepted, and the rules for their claims.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::claims::Registered;
use super::cognito;
use super::error::{JwtError, JwtReason};
use super::fetch::checked;
use super::key_set::KeySet;
use super::keys::{Keys, Location};
use super::rules::{Rules, without_application};
use super::token::Token;
use super::verified::VerifiedJwt;
use crate::core::clock::unix_seconds;
use crate::core::json::object;

/// Verifies the tokens of one or several issuers. Cheap to clone; clones share their keys. See the
/// [module docs](super).
///
/// Its methods do not fail: a mistake is an error of [`check`](Self::check), of the start of a function with a
/// [`JwtLayer`](crate::http::JwtLayer), and of each verification. `FromClients` makes it from environment variables:
/// `PILASTER_JWT_ISSUER`, with `PILASTER_JWT_AUDIENCE` or `PILASTER_JWT_CLIENT_ID` (lists with commas), and
/// `PILASTER_JWT_JWKS_URI` in place of discovery. `PILASTER_JWT_TOKEN_USE` is `id` for the ID tokens of Cognito.
///
/// # Example
///
/// ```
/// use pilaster::JwtVerifier;
/// use pilaster::jwt::Algorithm;
///
/// let users = JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example");
/// let partners = JwtVerifier::issuer("https://id.partner.example")
///     .audience("https://api.example.com")
///     .token_type("at+jwt")
///     .algorithms([Algorithm::ES256, Algorithm::EdDSA]);
/// let verifier = users.or(partners).scopes(["orders:read"]);
/// verifier.check()?;
/// # Ok::<(), pilaster::jwt::JwtError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct JwtVerifier {
    issuers: Arc<Vec<Issuer>>,
}

#[derive(Clone)]
struct Issuer {
    iss: String,
    keys: Arc<Keys>,
    rules: Rules,
    /// The first mistake in its configuration.
    mistake: Option<String>,
}

impl JwtVerifier {
    /// Creates a verifier of the tokens of this issuer, whose claim `iss` must be equal to it. Its keys are found by
    /// OpenID Connect Discovery: in the document below `/.well-known/openid-configuration`.
    pub fn issuer(iss: impl Into<String>) -> Self {
        let iss = iss.into();
        let keys = Keys::at(Location::Discovery(iss.clone()));
        let mistake = checked(&iss).err().map(|why| format!("the issuer of tokens {why}"));
        Self::of(iss, keys, mistake)
    }

    /// Creates a verifier of the access tokens of a Cognito user pool, such as `eu-west-1_AbCdEfGhI`: RS256, with
    /// `token_use` `access`. Name its [`client`](Self::client), too.
    pub fn cognito(pool: impl AsRef<str>) -> Self {
        Self::of_user_pool(cognito::issuer(pool.as_ref()))
    }

    /// Creates a verifier like [`cognito`](Self::cognito) for a user pool whose issuer type is
    /// [`UPDATED`](https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html):
    /// the `iss` of its tokens begins with `https://issuer-cognito-idp.`. While a pool is moved, accept both:
    /// `JwtVerifier::cognito(pool).or(JwtVerifier::cognito_updated(pool))`.
    pub fn cognito_updated(pool: impl AsRef<str>) -> Self {
        Self::of_user_pool(cognito::updated_issuer(pool.as_ref()))
    }

    fn of_user_pool(iss: Option<String>) -> Self {
        let mistake = iss.is_none().then(|| "the id of a user pool has the form `eu-west-1_AbCdEfGhI`".to_owned());
        let iss = iss.unwrap_or_default();
        let keys = Keys::at(Location::Jwks(format!("{iss}/.well-known/jwks.json")));
        let mut verifier = Self::of(iss, keys, mistake);
        verifier.each(|issuer| {
            issuer.rules.token_use = Some("access");
            issuer.rules.algorithms = Some(vec![Algorithm::RS256]);
        });
        verifier
    }

    /// Creates a verifier of the tokens of this issuer, signed with a secret of at least 32 bytes (48 for HS384, 64 for
    /// HS512) that both share. Anyone who can verify such a token can also issue one.
    pub fn shared_secret(iss: impl Into<String>, secret: impl AsRef<[u8]>) -> Self {
        let keys = KeySet::of_secret(secret.as_ref());
        Self::fixed(iss.into(), keys.ok_or("a shared secret needs at least 32 bytes"))
    }

    /// Creates a verifier of the tokens of this issuer with keys that never change: a JSON Web Key Set as text.
    pub fn jwks(iss: impl Into<String>, jwks: impl AsRef<[u8]>) -> Self {
        Self::fixed(iss.into(), KeySet::read(jwks.as_ref()).and_then(KeySet::usable))
    }

    fn fixed(iss: String, keys: Result<KeySet, &'static str>) -> Self {
        let mistake = keys.as_ref().err().map(|mistake| (*mistake).to_owned());
        // A verifier with a mistake verifies nothing.
        let keys = keys.map_or_else(|_| Keys::at(Location::Jwks(String::new())), |keys| Arc::new(Keys::Fixed(keys)));
        Self::of(iss, keys, mistake)
    }

    fn of(iss: String, keys: Arc<Keys>, mistake: Option<String>) -> Self {
        Self { issuers: Arc::new(vec![Issuer { iss, keys, rules: Rules::default(), mistake }]) }
    }

    fn each(&mut self, mut change: impl FnMut(&mut Issuer)) {
        Arc::make_mut(&mut self.issuers).iter_mut().for_each(&mut change);
    }

    fn rules(mut self, mut change: impl FnMut(&mut Rules)) -> Self {
        self.each(|issuer| change(&mut issuer.rules));
        self
    }

    /// Replaces the keys by those of an issuer of a test.
    #[cfg(test)]
    pub(super) fn with_keys_of(self, issuer: &super::TokenIssuer) -> Self {
        let keys = KeySet::read(issuer.jwks().to_string().as_bytes()).expect("keys");
        self.with_keys(&Arc::new(Keys::Fixed(keys)))
    }

    #[cfg(test)]
    pub(super) fn with_keys(mut self, keys: &Arc<Keys>) -> Self {
        self.each(|own| own.keys = Arc::clone(keys));
        self
    }

    /// Also accepts the tokens that another verifier accepts, of other issuers. Later settings apply to all issuers.
    pub fn or(mut self, other: Self) -> Self {
        Arc::make_mut(&mut self.issuers).extend(Arc::unwrap_or_clone(other.issuers));
        self
    }

    /// Sets the URL of the issuer's key set, for an issuer without discovery or behind a proxy.
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        let mistake = checked(&url).err().map(|why| format!("the URL of the key set {why}"));
        self.each(|issuer| {
            issuer.keys = Keys::at(Location::Jwks(url.clone()));
            // The issuer is only a name now, which need not be a URL.
            let earlier = issuer.mistake.take().filter(|_| issuer.iss.is_empty());
            issuer.mistake = earlier.or_else(|| mistake.clone());
        });
        self
    }

    /// Accepts tokens whose `aud` is or contains this audience. Call it again for another one.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.rules(|rules| rules.audiences.push(audience.clone()))
    }

    /// Accepts tokens of this client: by the claim `client_id`, or, for ID tokens, by `aud`. Call it again for another
    /// one.
    pub fn client(self, id: impl Into<String>) -> Self {
        let id = id.into();
        self.rules(|rules| rules.clients.push(id.clone()))
    }

    /// Accepts ID tokens of Cognito (`token_use` `id`) instead of access tokens.
    pub fn id_tokens(self) -> Self {
        self.rules(|rules| rules.token_use = Some("id"))
    }

    /// Accepts only tokens with this `typ` in the header: `at+jwt` is an access token
    /// ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)).
    pub fn token_type(self, typ: impl AsRef<str>) -> Self {
        self.rules(|rules| rules.typ = Some(without_application(typ.as_ref()).to_owned()))
    }

    /// Accepts only these algorithms. Without this call, all that fit the keys of the issuer are accepted: the token
    /// alone never chooses one.
    pub fn algorithms(self, accepted: impl IntoIterator<Item = Algorithm>) -> Self {
        let accepted: Vec<_> = accepted.into_iter().collect();
        self.rules(|rules| rules.algorithms = Some(accepted.clone()))
    }

    /// Accepts only tokens that have this claim with this value.
    pub fn claim(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let expected = (name.into(), value.into());
        self.rules(|rules| rules.expected.push(expected.clone()))
    }

    /// Sets the time by which the clocks of the issuer and of this function may differ: a minute by default.
    pub fn leeway(self, leeway: Duration) -> Self {
        self.rules(|rules| rules.leeway = leeway)
    }

    /// Accepts only tokens that were issued (`iat`) at most this long ago.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.rules(|rules| rules.max_age = Some(max_age))
    }

    /// Requires all of these scopes, in addition to earlier ones. An empty list is a mistake.
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        self.rules(|rules| rules.rights.require_scopes(scopes.clone()))
    }

    /// Requires membership in one of these groups: in `cognito:groups` or `groups`. An empty list is a mistake.
    pub fn groups<S: Into<String>>(self, groups: impl IntoIterator<Item = S>) -> Self {
        let groups: Vec<String> = groups.into_iter().map(Into::into).collect();
        self.rules(|rules| rules.rights.require_groups(groups.clone()))
    }

    /// Verifies a token: its signature, its claims, and its rights.
    ///
    /// Nothing is fetched for a token of an issuer that is not configured. No call waits longer than 3 s for the keys.
    ///
    /// # Errors
    ///
    /// [`JwtError`] has the reason.
    pub async fn verify(&self, token: &str) -> Result<VerifiedJwt, JwtError> {
        self.check()?;
        let token = Token::parse(token).map_err(JwtError::new)?;
        let claims = || JwtError::new(JwtReason::Claims);
        let registered: Registered = object(&token.payload).ok_or_else(claims)?;
        // Not verified yet: it chooses among the configured issuers, each with its own keys.
        let issuer = self.issuers.iter().find(|issuer| registered.iss.as_ref() == Some(&issuer.iss));
        let issuer = issuer.ok_or(JwtError::new(JwtReason::Issuer))?;
        issuer.rules.check_header(&token).map_err(JwtError::new)?;
        issuer.keys.verify(&token).await?;
        let all: Map<String, Value> = object(&token.payload).ok_or_else(claims)?;
        issuer.rules.check_claims(&registered, &all, unix_seconds()).map_err(JwtError::new)?;
        let verified = VerifiedJwt::new(all);
        issuer.rules.rights.check(&verified)?;
        Ok(verified)
    }

    /// Fetches the keys of all issuers, unless they are there: in the init phase, for example.
    ///
    /// # Errors
    ///
    /// The keys of an issuer are unavailable, or the verifier is misconfigured.
    pub async fn warm(&self) -> Result<(), JwtError> {
        self.check()?;
        for issuer in &*self.issuers {
            issuer.keys.warm().await?;
        }
        Ok(())
    }

    /// Checks the configuration: that there is an audience, that a URL is one of `https`, that a key is long enough.
    /// [`JwtLayer`](crate::http::JwtLayer) does this when the function starts.
    ///
    /// # Errors
    ///
    /// [`JwtReason::Misconfigured`], with a sentence that states what to change.
    pub fn check(&self) -> Result<(), JwtError> {
        for (at, issuer) in self.issuers.iter().enumerate() {
            let rules = || issuer.rules.mistake(issuer.keys.is_secret()).map(str::to_owned);
            let twice = || {
                let is_same = self.issuers[..at].iter().any(|other| other.iss == issuer.iss);
                is_same.then(|| "an issuer of tokens is configured twice".to_owned())
            };
            if let Some(mistake) = issuer.mistake.clone().or_else(rules).or_else(twice) {
                return Err(JwtError::misconfigured(mistake));
            }
        }
        Ok(())
    }

    /// Returns the issuers, as in the claim `iss`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(|issuer| &*issuer.iss)
    }

    /// Returns the scopes that all tokens need.
    #[cfg(feature = "http")]
    pub(crate) fn required_scopes(&self) -> Vec<String> {
        let all = self.issuers.iter().flat_map(|issuer| issuer.rules.rights.scopes().iter().cloned());
        let mut scopes: Vec<String> = Vec::new();
        all.for_each(|scope| {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        });
        scopes
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier").field("issuers", &self.names().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
