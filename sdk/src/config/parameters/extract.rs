//! [`Parameter`]: a typed parameter as an argument; [`FromParameter`]: a type that is decoded from one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{ParameterError, ParameterId, ParameterValue, Parameters};
use crate::clients::{Clients, Variables, Warm};
use crate::config::max_age::MaxAge;
use crate::core::error::BoxError;
use crate::core::invocation::{FromInvocation, Invocation};

/// A type that is decoded from a parameter. It is usually derived:
///
/// ```
/// use pilaster::clients::Variables;
/// use pilaster::config::parameters::FromParameter as _;
/// use pilaster::{FromParameter, Parameter};
/// use serde::Deserialize;
///
/// /// A JSON object, from the parameter named by a variable.
/// #[derive(Deserialize, FromParameter)]
/// #[parameter(env = "LIMITS_PARAMETER")]
/// struct Limits { items: u32 }
///
/// /// A plain number is also JSON.
/// #[derive(Deserialize, FromParameter)]
/// #[parameter(name = "/shop/retries")]
/// struct Retries(u8);
///
/// /// The whole text of a `SecureString`.
/// #[derive(FromParameter)]
/// #[parameter(name = "/partner/token", decrypt, text)]
/// struct Token(String);
///
/// async fn order(limits: Parameter<Limits>, Parameter(retries): Parameter<Retries>) -> String {
///     format!("at most {} items, {} times", limits.items, retries.0)
/// }
/// # let _ = order;
/// # let _ = Token(String::new()).0;
///
/// assert_eq!(Retries::parameter_id(&Variables::default())?.name(), "/shop/retries");
/// # Ok::<(), pilaster::BoxError>(())
/// ```
///
/// The parameters are those of SSM, unless `source = Settings` names your own type, which implements
/// [`FromClients`](crate::FromClients) and `AsRef<Parameters>`.
///
/// ```
/// use pilaster::{BoxError, Clients, FromClients, FromParameter, Parameters};
/// # use pilaster::config::parameters::{FromParameter as _, ParameterId, ParameterSource, ParameterValue};
/// # struct Stub;
/// # impl ParameterSource for Stub {
/// #     async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
/// #         Ok(ParameterValue::from_text(id, "20"))
/// #     }
/// # }
///
/// #[derive(Clone)]
/// struct Settings(Parameters);
///
/// impl AsRef<Parameters> for Settings {
///     fn as_ref(&self) -> &Parameters {
///         &self.0
///     }
/// }
///
/// impl FromClients for Settings {
///     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
///         Ok(Self(Parameters::from_source(Stub))) // or `AppConfig`, `Table`, `ParametersExtension`
///     }
/// }
///
/// #[derive(serde::Deserialize, FromParameter)]
/// #[parameter(name = "limit", source = Settings)]
/// struct Limit(u32);
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let limit = Limit::parameters(&Clients::new()).await?.typed::<Limit>().await?;
/// assert_eq!(limit.0.0, 20);
/// # Ok::<(), BoxError>(()) })?;
/// # Ok::<(), BoxError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare its parameter",
    label = "not a `FromParameter`",
    note = "add `#[derive(serde::Deserialize, pilaster::FromParameter)] #[parameter(name = \"…\")]` to it, or `#[parameter(env = \"LIMIT_PARAMETER\")]`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromParameter: Sized + Send + Sync + 'static {
    /// Returns the id of the parameter, which one of these environment variables may contain.
    ///
    /// # Errors
    ///
    /// The environment variable that names it is not set.
    fn parameter_id(variables: &Variables) -> Result<ParameterId, ParameterError>;

    /// Reads the value.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be decoded. The error is logged, so it must not contain the value.
    fn from_parameter(value: &ParameterValue) -> Result<Self, BoxError>;

    /// Returns the parameters that contain this one: those of SSM by default.
    ///
    /// # Errors
    ///
    /// They cannot be created.
    fn parameters(clients: &Clients) -> impl Future<Output = Result<Parameters, BoxError>> + Send {
        async { Ok(clients.get().await?) }
    }
}

impl Parameters {
    /// Returns the parameter of `T`, decoded once per value. The call of SSM is GetParameters, which
    /// needs `ssm:GetParameters`, as for [`ParametersLayer`](super::ParametersLayer).
    ///
    /// # Errors
    ///
    /// [`ParameterError`] names the parameter: it could not be fetched, does not match `T`, was not decrypted, or its
    /// variable is not set.
    pub async fn typed<T: FromParameter>(&self) -> Result<Parameter<T>, ParameterError> {
        self.typed_by(&Variables::default(), MaxAge::TimeToLive).await
    }

    async fn typed_by<T: FromParameter>(
        &self,
        variables: &Variables,
        max_age: MaxAge,
    ) -> Result<Parameter<T>, ParameterError> {
        // One call for typed parameters and the layer, so that a function needs one permission.
        let request = self.get(T::parameter_id(variables)?).shared().with_max_age(max_age);
        let value = request.value().await?;
        if value.is_encrypted() {
            let why = "is a `SecureString` that was not decrypted; read it with `decrypt`";
            return Err(ParameterError::malformed(value.id(), why));
        }
        let decode = || T::from_parameter(&value).map_err(|reason| ParameterError::not_decoded(value.id(), reason));
        value.decoded().get_or_decode(decode).map(Parameter)
    }
}

/// Extracts the parameter of `T` from the cache. See the [module docs](super).
///
/// If it is unavailable, the response is an opaque 500 (503 if AWS throttled) whose log line names the parameter and
/// the reason.
pub struct Parameter<T>(pub Arc<T>);

impl<T: FromParameter> Parameter<T> {
    /// Returns the parameter of `T`, with the [`Parameters`] and the variables of a registry.
    ///
    /// # Errors
    ///
    /// [`ParameterError`]: it could not be fetched, does not match `T`, was not decrypted, its variable is not set, or
    /// the [`Parameters`] could not be created.
    pub async fn of(clients: &Clients) -> Result<Self, BoxError> {
        Self::read(clients, MaxAge::TimeToLive).await
    }

    pub(super) async fn read(clients: &Clients, max_age: MaxAge) -> Result<Self, BoxError> {
        Ok(T::parameters(clients).await?.typed_by(clients.variables(), max_age).await?)
    }
}

impl<T> Deref for Parameter<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

// Not derived: a derive would require `T: Clone` and `T: Debug`, and print a `SecureString`.
impl<T> Clone for Parameter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Parameter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Parameter").field(&format_args!("[REDACTED]")).finish()
    }
}

impl<T: FromParameter> Warm for Parameter<T> {
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        Self::of(clients).await.map(drop)
    }
}

impl<T: FromParameter> FromInvocation for Parameter<T> {
    async fn from_invocation(invocation: &Invocation) -> Result<Self, BoxError> {
        Self::of(Clients::within(invocation)).await
    }
}
