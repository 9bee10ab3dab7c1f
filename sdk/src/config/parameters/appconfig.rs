//! [`AppConfig`]: configurations of AWS AppConfig as a source.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_appconfigdata::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{ParameterId, ParameterSource, ParameterValue};
use crate::config::aws;
use crate::config::cache::LONGEST_FLIGHT;
use crate::core::clock::Moment;
use crate::core::error::BoxError;

/// The configurations of one application in one environment of AWS AppConfig; the name of a parameter is that of a
/// profile.
///
/// Each profile has a session, whose token passes from poll to poll. AppConfig sets the time of the next poll (a minute
/// later unless [`poll_interval`](Self::poll_interval) sets another interval), and is never polled earlier, regardless
/// of the read: until then, and when a poll reports no change, the cached configuration is returned. Time that passed
/// while the sandbox was frozen counts. An expired session (after 24 hours) is replaced.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::{AppConfig, Parameters};
/// use pilaster::{BoxError, Clients};
///
/// async fn discount(clients: &Clients) -> Result<f64, BoxError> {
///     let parameters = Parameters::from_source(AppConfig::new(clients.get().await?, "shop", "prod"));
///     Ok(parameters.get("discount").json().await?)
/// }
/// # let _ = discount;
/// ```
#[derive(Clone)]
pub struct AppConfig {
    client: Client,
    application: String,
    environment: String,
    poll_interval: Option<Duration>,
    sessions: Arc<Mutex<Sessions>>,
}

type Sessions = HashMap<String, Arc<tokio::sync::Mutex<Session>>>;

/// A configuration is never empty, so an empty response before any other means that none is deployed.
const NOTHING_YET: &str = "no configuration is deployed yet";

/// A longer poll may have been frozen with the sandbox, so its result is as old as its request. AppConfig measures its
/// interval from its response, so a shorter poll has the time of its response.
const PROMPT: Duration = Duration::from_secs(1);

/// A profile's session; it is locked during a poll.
#[derive(Default)]
struct Session {
    token: Option<String>,
    /// The time of the last poll's response, or of its request if it took long, and AppConfig's interval until the next
    /// one.
    polled: Option<(Moment, Duration)>,
    value: Option<ParameterValue>,
}

impl AppConfig {
    /// Creates a source of the configurations of this application and environment, each given by name or id.
    pub fn new(client: Client, application: impl Into<String>, environment: impl Into<String>) -> Self {
        let (application, environment) = (application.into(), environment.into());
        Self { client, application, environment, poll_interval: None, sessions: Arc::default() }
    }

    /// Sets AppConfig's interval between polls, in whole seconds: 15 s to a day
    /// ([`RequiredMinimumPollIntervalInSeconds`](https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_StartConfigurationSession.html)).
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = Some(interval.clamp(Duration::from_secs(15), Duration::from_secs(86_400)));
        self
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn known_profiles(&self) -> usize {
        self.sessions().len()
    }

    fn session(&self, profile: &str) -> Arc<tokio::sync::Mutex<Session>> {
        Arc::clone(self.sessions().entry(profile.to_owned()).or_default())
    }

    async fn start(&self, profile: &str) -> Result<String, BoxError> {
        let request = self.client.start_configuration_session().application_identifier(&self.application);
        let request = request.environment_identifier(&self.environment).configuration_profile_identifier(profile);
        let interval = self.poll_interval.and_then(|interval| i32::try_from(interval.as_secs()).ok());
        let request = request.set_required_minimum_poll_interval_in_seconds(interval);
        let output = aws::send(|| request.clone().send()).await.map_err(aws::failed)?;
        let token = output.initial_configuration_token.filter(|token| !token.is_empty());
        token.ok_or_else(|| "the response has no token".into())
    }

    /// Polls once. `Ok(None)` means that the session has expired.
    async fn poll(
        &self,
        id: &ParameterId,
        session: &mut Session,
        token: String,
    ) -> Result<Option<ParameterValue>, BoxError> {
        let departed = Mutex::new(Moment::now());
        let call = || {
            *departed.lock().unwrap_or_else(PoisonError::into_inner) = Moment::now();
            self.client.get_latest_configuration().configuration_token(&token).send()
        };
        let output = match aws::send(call).await {
            Ok(output) => output,
            Err(error) if error.code() == Some("BadRequestException") && session.token.is_some() => return Ok(None),
            Err(error) => return Err(aws::failed(error)),
        };
        let interval = u64::try_from(output.next_poll_interval_in_seconds).unwrap_or_default();
        let departed = departed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let at = match departed.age() {
            age if age <= PROMPT => Some(Moment::now()),
            age if age <= LONGEST_FLIGHT => Some(departed),
            _ => None,
        };
        session.polled = at.map(|at| (at, Duration::from_secs(interval)));
        session.token = output.next_poll_configuration_token.filter(|token| !token.is_empty());
        let content = output.configuration.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
        if content.is_empty() {
            return session.value.clone().map(Some).ok_or_else(|| NOTHING_YET.into());
        }
        let value = ParameterValue::from_bytes(id, content);
        let value = match output.version_label {
            Some(label) => value.with_version(label),
            None => value,
        };
        session.value = Some(value.clone());
        Ok(Some(value))
    }
}

impl ParameterSource for AppConfig {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let mut session = self.session(id.name()).lock_owned().await;
        let value = self.latest(id, &mut session).await;
        if value.is_err() && session.token.is_none() && session.value.is_none() {
            // An unknown profile is not stored: names may come from callers.
            let of_same = tokio::sync::OwnedMutexGuard::mutex(&session);
            self.sessions().retain(|_, session| !Arc::ptr_eq(session, of_same));
        }
        value
    }
}

impl AppConfig {
    /// Returns the cached configuration, or that of a poll if one is due.
    async fn latest(&self, id: &ParameterId, session: &mut Session) -> Result<ParameterValue, BoxError> {
        if session.polled.is_some_and(|(at, interval)| at.age() < interval) {
            return session.value.clone().ok_or_else(|| NOTHING_YET.into());
        }
        if let Some(token) = session.token.clone()
            && let Some(value) = self.poll(id, session, token).await?
        {
            return Ok(value);
        }
        session.token = None;
        let token = self.start(id.name()).await?;
        let value = self.poll(id, session, token).await?;
        value.ok_or_else(|| "AppConfig rejected the session that it had started".into())
    }
}

impl fmt::Debug for AppConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AppConfig");
        shown.field("application", &self.application).field("environment", &self.environment).finish_non_exhaustive()
    }
}
