//! [`Secret`]: a typed secret as an argument; [`FromSecret`]: a type that is decoded from one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{SecretError, SecretId, SecretValue, Secrets};
use crate::clients::{Clients, Variables, Warm};
use crate::config::max_age::MaxAge;
use crate::core::error::BoxError;
use crate::core::invocation::{FromInvocation, Invocation};

/// A type that is decoded from a secret. It is usually derived:
///
/// ```
/// use pilaster::FromSecret;
/// use pilaster::clients::Variables;
/// use pilaster::config::secrets::SecretString;
/// use serde::Deserialize;
///
/// /// A JSON object, from the secret named by a variable.
/// #[derive(Deserialize, FromSecret)]
/// #[secret(env = "DB_SECRET")]
/// struct Database { host: String, password: SecretString }
///
/// /// The whole text of a version that is not current yet.
/// #[derive(FromSecret)]
/// #[secret(id = "partner/api-key", stage = "AWSPENDING", text)]
/// struct NextKey(SecretString);
///
/// assert_eq!(NextKey::secret_id(&Variables::default())?.name(), "partner/api-key");
/// # Ok::<(), pilaster::BoxError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare its secret",
    label = "not a `FromSecret`",
    note = "add `#[derive(serde::Deserialize, pilaster::FromSecret)] #[secret(id = \"…\")]` to it, or `#[secret(env = \"DB_SECRET\")]`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromSecret: Sized + Send + Sync + 'static {
    /// Returns the id of the secret, which one of these environment variables may contain.
    ///
    /// # Errors
    ///
    /// The environment variable that names it is not set.
    fn secret_id(variables: &Variables) -> Result<SecretId, SecretError>;

    /// Reads the value.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be decoded. The error is logged, so it must not contain the value.
    fn from_secret(value: &SecretValue) -> Result<Self, BoxError>;
}

/// Extracts the secret of `T` from the cache. See the [module docs](super).
///
/// It is read from the [`Secrets`] in the registry of the request, or otherwise of the process. If it is unavailable,
/// the response is an opaque 500 (503 if AWS throttled) whose log line names the secret and the reason.
pub struct Secret<T>(pub Current<T>);

impl Secrets {
    /// Returns the secret of `T`, decoded once per value. A variable that names it is read from the process;
    /// [`Secret::of`] reads it from a registry.
    ///
    /// # Errors
    ///
    /// [`SecretError`] names the secret: it could not be fetched, does not match `T`, or its variable is not set.
    pub async fn typed<T: FromSecret>(&self) -> Result<Secret<T>, SecretError> {
        self.typed_by(&Variables::default(), MaxAge::TimeToLive).await
    }

    async fn typed_by<T: FromSecret>(&self, variables: &Variables, max_age: MaxAge) -> Result<Secret<T>, SecretError> {
        let value = self.get(T::secret_id(variables)?).with_max_age(max_age).value().await?;
        Ok(Secret(Current::new(self.clone(), value)?))
    }
}

impl<T: FromSecret> Secret<T> {
    /// Returns the secret of `T`, with the [`Secrets`] and the variables of a registry.
    ///
    /// # Errors
    ///
    /// [`SecretError`]: it could not be fetched, does not match `T`, its variable is not set, or the [`Secrets`] could
    /// not be created.
    pub async fn of(clients: &Clients) -> Result<Self, BoxError> {
        Self::read(clients, MaxAge::TimeToLive).await
    }

    pub(super) async fn read(clients: &Clients, max_age: MaxAge) -> Result<Self, BoxError> {
        let secrets: Secrets = clients.get().await?;
        Ok(secrets.typed_by(clients.variables(), max_age).await?)
    }
}

impl<T> Deref for Secret<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A secret decoded as a `T`, to which it dereferences; it can fetch a newer version. Cheap to clone, and never
/// printed.
pub struct Current<T> {
    typed: Arc<T>,
    value: SecretValue,
    secrets: Secrets,
}

impl<T: FromSecret> Current<T> {
    /// Returns the value as `T`, decoded once.
    fn new(secrets: Secrets, value: SecretValue) -> Result<Self, SecretError> {
        let decode = || T::from_secret(&value).map_err(|reason| SecretError::not_decoded(value.id(), reason));
        Ok(Self { typed: value.decoded().get_or_decode(decode)?, value, secrets })
    }

    /// Returns a newer secret after this one was rejected: the one that another request has already fetched, or the
    /// service's current one.
    ///
    /// # Errors
    ///
    /// The service fails, or has no newer one ([`SecretError::is_unchanged`]).
    pub async fn fresh(&self) -> Result<Self, SecretError> {
        let value = self.secrets.fresh(&self.value).await?;
        Self::new(self.secrets.clone(), value)
    }
}

impl<T> Current<T> {
    /// Returns the id of the version, if the source has one.
    pub fn version(&self) -> Option<&str> {
        self.value.version()
    }
}

impl<T> Deref for Current<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.typed
    }
}

// Not derived: a derive would require `T: Clone` and `T: Debug`.
impl<T> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").field(&self.0.value).finish()
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self { typed: Arc::clone(&self.typed), value: self.value.clone(), secrets: self.secrets.clone() }
    }
}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without `T`'s `Debug`, which may print a password that is a plain `String`.
        f.debug_tuple("Current").field(&self.value).finish()
    }
}

impl<T: FromSecret> Warm for Secret<T> {
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        Self::of(clients).await.map(drop)
    }
}

impl<T: FromSecret> FromInvocation for Secret<T> {
    async fn from_invocation(invocation: &Invocation) -> Result<Self, BoxError> {
        Self::of(Clients::within(invocation)).await
    }
}
