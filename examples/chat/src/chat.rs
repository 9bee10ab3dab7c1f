//! Tickets and connections in a table, and messages to connections through the management API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::config::{Builder, timeout::TimeoutConfig};
use aws_sdk_apigatewaymanagement::{Client, error::DisplayErrorContext, primitives::Blob};
use futures_util::{StreamExt, stream};
use pilaster::table::{Found, Item, Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const TICKET: Duration = Duration::from_secs(60);
/// API Gateway ends a connection after 2 hours. Its item lives longer, in case that `$disconnect` is not called.
const CONNECTION: Duration = Duration::from_secs(2 * 3_600 + 600);
/// The longest time that `$connect` takes, in seconds. Until it ends, API Gateway reports the connection as gone.
const CONNECTING: u64 = 30;
/// The time to send a message to one connection, with all retries.
const SEND: Duration = Duration::from_secs(3);

/// A user in a room, since a time in seconds since 1970: the value of a ticket, and of a connection.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) user: String,
    pub(crate) room: String,
    pub(crate) since: u64,
}

/// The table that `CHAT_TABLE` names, and the client for `CONNECTIONS_URL`; a local run has none and sends nothing.
#[derive(Clone)]
pub(crate) struct Chat {
    pub(crate) table: Table,
    pub(crate) api: Option<Client>,
}

impl Chat {
    /// Stores a ticket, which is valid for one connection within a minute.
    pub(crate) async fn issue(&self, user: String, room: String) -> Result<Uuid, TableError> {
        let ticket = Uuid::new_v4();
        let item = Item::new(format!("ticket#{ticket}"), &Member { user, room, since: now() })?;
        self.table.put_item(item.expires_at(SystemTime::now() + TICKET)).await?;
        Ok(ticket)
    }

    /// Exchanges a ticket for a connection. Returns `false` if the ticket is unknown, used or expired.
    pub(crate) async fn connect(&self, ticket: Uuid, id: &str) -> Result<bool, TableError> {
        let ticket = &*format!("ticket#{ticket}");
        self.table
            .atomically(|transaction| async move {
                let Some(member) = transaction.get::<Member>(ticket).await? else { return Ok(false) };
                transaction.delete(ticket)?;
                let item = Item::new(format!("connection#{id}"), &Member { since: now(), ..member.clone() })?;
                transaction.put_item(item.index((member.room, id)).expires_at(SystemTime::now() + CONNECTION))?;
                Ok(true)
            })
            .await
    }

    pub(crate) async fn member(&self, id: &str) -> Result<Option<Member>, TableError> {
        self.table.get(format!("connection#{id}")).await
    }

    pub(crate) async fn disconnect(&self, id: &str) -> Result<(), TableError> {
        self.table.delete(format!("connection#{id}")).await
    }

    /// Sends a message to all connections of a room, 32 at a time, and returns their number.
    pub(crate) async fn send(&self, room: &str, message: &str) -> Result<usize, TableError> {
        let members = self.table.query::<Member>(room).index().send().await?;
        stream::iter(&members).for_each_concurrent(32, |to| self.send_to(to, message)).await;
        Ok(members.len())
    }

    /// Sends a message to a connection, which is removed if it is gone. Any other failure is logged.
    async fn send_to(&self, to: &Found<Member>, message: &str) {
        let (Some(api), Some(id)) = (&self.api, to.key.partition().strip_prefix("connection#")) else { return };
        let post = api.post_to_connection().connection_id(id).data(Blob::new(message)).send();
        let Err(error) = post.await else { return };
        if !error.as_service_error().is_some_and(|error| error.is_gone_exception()) {
            tracing::warn!(id, error = %DisplayErrorContext(error), "a message has not been delivered");
        } else if now().saturating_sub(to.value.since) > CONNECTING
            && let Err(error) = self.disconnect(id).await
        {
            tracing::warn!(id, %error, "a connection that is gone has not been removed");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl FromClients for Chat {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let api = async |url: String| -> Result<_, BoxError> {
            let shared = clients.get::<SdkConfig>().await?;
            let timeouts = shared.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
            let config = Builder::from(&shared).timeout_config(timeouts.operation_timeout(SEND).build());
            Ok(Some(Client::from_conf(config.endpoint_url(url).build())))
        };
        let api = clients.env_or("CONNECTIONS_URL", api, || None).await?;
        Ok(Self { table: Table::from_env(clients, "CHAT_TABLE").await?, api })
    }
}
