//! The [`JwtVerifier`] of a registry, by the variables of the environment.

use super::cognito;
use super::verifier::JwtVerifier;
use crate::clients::{Clients, FromClients};
use crate::core::error::BoxError;

const ISSUER: &str = "PILASTER_JWT_ISSUER";
const AUDIENCE: &str = "PILASTER_JWT_AUDIENCE";
const CLIENT_ID: &str = "PILASTER_JWT_CLIENT_ID";
const JWKS_URI: &str = "PILASTER_JWT_JWKS_URI";
const TOKEN_USE: &str = "PILASTER_JWT_TOKEN_USE";

/// Reads `PILASTER_JWT_ISSUER`, and `PILASTER_JWT_AUDIENCE` or `PILASTER_JWT_CLIENT_ID`, which may be lists with
/// commas; `PILASTER_JWT_JWKS_URI` replaces discovery. An issuer of Cognito is that of [`JwtVerifier::cognito`] or
/// [`JwtVerifier::cognito_updated`], with [`JwtVerifier::id_tokens`] if `PILASTER_JWT_TOKEN_USE` is `id`.
impl FromClients for JwtVerifier {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name: &str| clients.variables().get(name).map(|value| value.trim().to_owned());
        let list = |name: &str| -> Vec<String> {
            let value = variable(name).unwrap_or_default();
            value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let issuer = variable(ISSUER).ok_or_else(|| {
            format!("the environment variable {ISSUER} is not set; or insert a `JwtVerifier` into the registry")
        })?;
        let classic = cognito::pool(&issuer).map(Self::cognito);
        let of_pool = classic.or_else(|| cognito::pool_of_updated(&issuer).map(Self::cognito_updated));
        let mut verifier = match (of_pool, variable(TOKEN_USE).as_deref()) {
            (Some(verifier), None | Some("" | "access")) => verifier,
            (Some(verifier), Some("id")) => verifier.id_tokens(),
            (None, None | Some("")) => Self::issuer(issuer),
            _ => {
                return Err(
                    format!("{TOKEN_USE} must be `access` or `id`, for the tokens of a Cognito user pool").into()
                );
            }
        };
        if let Some(url) = variable(JWKS_URI) {
            verifier = verifier.jwks_uri(url);
        }
        verifier = list(AUDIENCE).into_iter().fold(verifier, Self::audience);
        verifier = list(CLIENT_ID).into_iter().fold(verifier, Self::client);
        verifier.check()?;
        Ok(verifier)
    }
}
