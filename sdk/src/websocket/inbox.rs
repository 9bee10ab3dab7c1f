//! [`Inbox`]: the connections of a WebSocket API in a test.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::ConnectionError;
use super::sent::Sent;
use crate::clients::{Clients, FromClients};
use crate::core::error::BoxError;

/// Takes the messages that a function sends, in a test: every connection is there, until it is
/// [closed](Inbox::disconnect). Clones share their messages.
///
/// # Example
///
/// ```
/// use pilaster::http::{Connection, HttpError, Method};
/// use pilaster::testing::Caller;
/// use pilaster::websocket::Inbox;
///
/// async fn greet(connection: Connection, _: Method) -> Result<(), HttpError> {
///     let _sent = connection.send("hello").await?;
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let (clients, inbox) = Inbox::clients();
/// let caller = Caller::new(pilaster::handler(greet)).with_clients(clients);
/// let event = serde_json::json!({ "requestContext": {
///     "routeKey": "greet", "eventType": "MESSAGE", "connectionId": "a", "messageDirection": "IN",
///     "apiId": "a1b2c3d4e5", "stage": "live",
/// } });
/// caller.call(event).await?;
/// assert_eq!(inbox.texts("a"), ["hello"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    messages: HashMap<String, Vec<Bytes>>,
    gone: HashSet<String>,
    refused: HashSet<String>,
    hanging: HashSet<String>,
}

/// The inbox of a registry.
#[derive(Clone)]
struct Installed(Inbox);

impl FromClients for Installed {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Err("not inserted".into())
    }
}

impl Inbox {
    /// Returns a registry whose [`Connections`](super::Connections) send to this inbox.
    pub fn clients() -> (Clients, Self) {
        let (clients, inbox) = (Clients::new(), Self::default());
        inbox.insert_into(&clients);
        (clients, inbox)
    }

    /// Makes the [`Connections`](super::Connections) of a registry send to this inbox.
    pub fn insert_into(&self, clients: &Clients) {
        clients.insert(Installed(self.clone()));
    }

    /// Returns the inbox of a registry, if it has one.
    pub(super) fn of(clients: &Clients) -> Option<Self> {
        clients.ready::<Installed>().map(|installed| installed.0)
    }

    /// Returns the messages to a connection, in their order.
    pub fn messages(&self, id: &str) -> Vec<Bytes> {
        self.state().messages.get(id).cloned().unwrap_or_default()
    }

    /// Returns the messages to a connection as text; bytes that are not UTF-8 are replaced.
    pub fn texts(&self, id: &str) -> Vec<String> {
        self.messages(id).iter().map(|message| String::from_utf8_lossy(message).into_owned()).collect()
    }

    /// Returns the messages to a connection, decoded from JSON.
    ///
    /// # Errors
    ///
    /// A message is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&self, id: &str) -> Result<Vec<T>, serde_json::Error> {
        self.messages(id).iter().map(|message| serde_json::from_slice(message)).collect()
    }

    /// Ends a connection: messages to it are [`Sent::Gone`](super::Sent::Gone).
    pub fn disconnect(&self, id: impl Into<String>) {
        self.state().gone.insert(id.into());
    }

    /// Returns `true` if the connection has not ended: the function has not closed it, nor has the test.
    pub fn is_connected(&self, id: &str) -> bool {
        !self.state().gone.contains(id)
    }

    /// Refuses messages to a connection, as API Gateway does without `execute-api:ManageConnections`.
    pub fn refuse(&self, id: impl Into<String>) {
        self.state().refused.insert(id.into());
    }

    /// Leaves messages to a connection without a response, until their [time-out](super::Connections::timeout).
    pub fn hang(&self, id: impl Into<String>) {
        self.state().hanging.insert(id.into());
    }

    pub(super) async fn take(&self, id: &str, message: Bytes) -> Result<Sent, ConnectionError> {
        if self.state().hanging.contains(id) {
            std::future::pending::<()>().await;
        }
        let mut state = self.state();
        if state.refused.contains(id) {
            return Err(ConnectionError::refused());
        }
        if state.gone.contains(id) {
            return Ok(Sent::Gone);
        }
        state.messages.entry(id.to_owned()).or_default().push(message);
        Ok(Sent::Delivered)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}
