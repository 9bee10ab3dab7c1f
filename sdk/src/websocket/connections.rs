//! [`Connections`]: the connections of a WebSocket API, by their ids.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::broadcast::Broadcast;
use super::endpoints::{Api, Endpoints};
use super::error::ConnectionError;
#[cfg(feature = "testing")]
use super::inbox::Inbox;
use super::info::ConnectionInfo;
use super::sent::Sent;
use crate::clients::{Clients, FromClients};
use crate::core::error::BoxError;
use crate::core::limits::WEBSOCKET_MESSAGE_LIMIT;

/// The variable that names the API of a function that is not behind it.
const URL: &str = "CONNECTIONS_URL";

/// The time to send a message to one connection, with all retries.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The messages of a broadcast at the same time.
const CONCURRENCY: usize = 32;

/// The time before the deadline of the invocation at which a broadcast ends, so that its outcome can be used.
const MARGIN: Duration = Duration::from_millis(500);

/// The connections of a WebSocket API, by their ids. Cheap to clone. See the [module docs](super).
///
/// As an argument of a function behind a WebSocket API they are those of the event's API. In any other function, take
/// [`Client<Connections>`](crate::Client): the API is that of the variable `CONNECTIONS_URL`
/// (`https://{apiId}.execute-api.{region}.amazonaws.com/{stage}`), or choose it by [`at`](Self::at).
///
/// # Example
///
/// ```
/// use pilaster::records::Change;
/// use pilaster::websocket::Connections;
/// use pilaster::{BoxError, Client};
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Price {
///     item: String,
///     cents: u32,
/// }
///
/// async fn announce(change: Change<Price>, Client(connections): Client<Connections>) -> Result<(), BoxError> {
///     let Change::Modify { new, .. } = change else { return Ok(()) };
///     let watching = ["L0SM9cOFvHcCIhw="]; // from a table
///     let broadcast = connections.send_all(watching, serde_json::to_vec(&new)?).await;
///     for id in broadcast.gone() {
///         tracing::info!(id, "delete it from the table");
///     }
///     Ok(())
/// }
/// # let _ = announce;
/// ```
#[derive(Clone)]
pub struct Connections {
    clients: Clients,
    target: Target,
    timeout: Duration,
    concurrency: usize,
    deadline: Option<SystemTime>,
}

/// The API to which messages go.
#[derive(Clone, Debug)]
enum Target {
    Url(String),
    Api(Api),
}

impl FromClients for Connections {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        #[cfg(feature = "testing")]
        if Inbox::of(clients).is_some() {
            return Ok(Self::at(clients, ""));
        }
        let url = clients.variables().get(URL);
        let url = url.ok_or_else(|| format!("the environment variable {URL} is not set, or blank"))?;
        Ok(Self::at(clients, url))
    }
}

impl Connections {
    fn new(clients: &Clients, target: Target) -> Self {
        Self { clients: clients.clone(), target, timeout: TIMEOUT, concurrency: CONCURRENCY, deadline: None }
    }

    /// Returns the connections of an API, until the deadline of the invocation.
    pub(crate) fn of(clients: &Clients, api: Api, deadline: Option<SystemTime>) -> Self {
        Self { deadline, ..Self::new(clients, Target::Api(api)) }
    }

    /// Returns the connections of the API with this URL, such as
    /// `https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live`. The AWS clients are those of the registry, and
    /// are created with the first message.
    pub fn at(clients: &Clients, url: impl Into<String>) -> Self {
        Self::new(clients, Target::Url(url.into()))
    }

    /// Sets the time to send a message to one connection, with all retries: 3 seconds by default.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sets the number of messages that [`send_all`](Self::send_all) sends at the same time: 32 by default.
    #[must_use]
    pub fn concurrency(mut self, messages: usize) -> Self {
        self.concurrency = messages.max(1);
        self
    }

    /// Sets the deadline of the invocation: [`send_all`](Self::send_all) ends 500 ms before it. As an argument of a
    /// function behind a WebSocket API, the connections have it; otherwise pass
    /// [`Invocation::deadline`](crate::Invocation::deadline).
    #[must_use]
    pub fn deadline(mut self, deadline: Option<SystemTime>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends a message: text in UTF-8, since API Gateway has no
    /// [binary frames](https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html).
    /// Encode other bytes as base64.
    ///
    /// # Errors
    ///
    /// The message is larger than 131,072 bytes, or API Gateway has not taken it. A connection that is gone is not an error.
    pub async fn send(&self, id: impl AsRef<str>, message: impl Into<Bytes>) -> Result<Sent, ConnectionError> {
        let message = message.into();
        if message.len() > WEBSOCKET_MESSAGE_LIMIT {
            return Err(ConnectionError::too_large(message.len()));
        }
        #[cfg(feature = "testing")]
        if let Some(inbox) = Inbox::of(&self.clients) {
            return self.in_time(inbox.take(id.as_ref(), message)).await?;
        }
        let post = self.client().await?.post_to_connection().connection_id(id.as_ref()).data(Blob::new(message));
        Ok(self.unless_gone(post.send()).await?.map_or(Sent::Gone, |_| Sent::Delivered))
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), and that the value cannot be serialized.
    pub async fn send_json(&self, id: impl AsRef<str>, value: &impl Serialize) -> Result<Sent, ConnectionError> {
        self.send(id, serde_json::to_vec(value).map_err(ConnectionError::body)?).await
    }

    /// Sends a message to many connections, [some at a time](Self::concurrency), and to each id once. It ends before the
    /// [deadline](Self::deadline) of the invocation: the connections that it has not reached then have
    /// [failed](Broadcast::failed) with a time-out.
    pub async fn send_all<I>(&self, ids: I, message: impl Into<Bytes>) -> Broadcast
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let message = message.into();
        let mut waiting: Vec<String> = ids.into_iter().map(Into::into).collect();
        waiting.sort_unstable();
        waiting.dedup();
        let left = self.deadline.map(|deadline| deadline.duration_since(SystemTime::now()).unwrap_or_default());
        let ends = left.map(|left| tokio::time::Instant::now() + left.saturating_sub(MARGIN));
        let sends = waiting.into_iter().map(|id| {
            let message = message.clone();
            async move {
                let outcome = match ends {
                    // `timeout_at` would start the message, and open a connection for it.
                    Some(ends) if tokio::time::Instant::now() >= ends => return (id, Err(ConnectionError::deadline())),
                    Some(ends) => tokio::time::timeout_at(ends, self.send(&id, message)).await,
                    None => Ok(self.send(&id, message).await),
                };
                (id, outcome.unwrap_or_else(|_| Err(ConnectionError::deadline())))
            }
        });
        let collect = async |mut broadcast: Broadcast, (id, outcome)| {
            broadcast.add(id, outcome);
            broadcast
        };
        stream::iter(sends).buffer_unordered(self.concurrency).fold(Broadcast::default(), collect).await
    }

    /// Closes a connection. One that is gone already is not an error.
    ///
    /// # Errors
    ///
    /// API Gateway has not closed it.
    pub async fn close(&self, id: impl AsRef<str>) -> Result<(), ConnectionError> {
        #[cfg(feature = "testing")]
        if let Some(inbox) = Inbox::of(&self.clients) {
            inbox.disconnect(id.as_ref());
            return Ok(());
        }
        let delete = self.client().await?.delete_connection().connection_id(id.as_ref());
        self.unless_gone(delete.send()).await.map(|_| ())
    }

    /// Returns what API Gateway knows of a connection; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// API Gateway has not responded with it.
    pub async fn info(&self, id: impl AsRef<str>) -> Result<Option<ConnectionInfo>, ConnectionError> {
        #[cfg(feature = "testing")]
        if let Some(inbox) = Inbox::of(&self.clients) {
            return Ok(inbox.is_connected(id.as_ref()).then(ConnectionInfo::unknown));
        }
        let get = self.client().await?.get_connection().connection_id(id.as_ref());
        Ok(self.unless_gone(get.send()).await?.map(ConnectionInfo::of))
    }

    /// Returns the output of a call; `None` if the connection is gone.
    async fn unless_gone<T, E>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<Option<T>, ConnectionError>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match self.in_time(call).await? {
            Ok(output) => Ok(Some(output)),
            Err(error) => ConnectionError::of(error).map_or(Ok(None), Err),
        }
    }

    async fn in_time<T>(&self, call: impl Future<Output = T>) -> Result<T, ConnectionError> {
        tokio::time::timeout(self.timeout, call).await.map_err(|_| ConnectionError::late(self.timeout))
    }

    async fn client(&self) -> Result<Client, ConnectionError> {
        let endpoints = self.clients.get::<Endpoints>().await.map_err(ConnectionError::client)?;
        match &self.target {
            Target::Url(url) => Ok(endpoints.client(url)),
            Target::Api(api) => Ok(endpoints.client(&endpoints.of_api(api)?)),
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("target", &self.target).finish_non_exhaustive()
    }
}
