//! Tickets and connections in a table, and messages to the connections of a room.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::table::{Item, Table, TableError};
use pilaster::websocket::Connections;
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const TICKET: Duration = Duration::from_secs(60);
/// API Gateway ends a connection after 2 hours. Its item lives longer, in case that `$disconnect` is not called.
const CONNECTION: Duration = Duration::from_secs(2 * 3_600 + 600);
/// The longest time that `$connect` takes, in seconds. Until it ends, API Gateway reports the connection as gone.
const CONNECTING: u64 = 30;

/// A user in a room, since a time in seconds since 1970: the value of a ticket, and of a connection.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) user: String,
    pub(crate) room: String,
    pub(crate) since: u64,
}

/// The table that `CHAT_TABLE` names.
#[derive(Clone)]
pub(crate) struct Chat {
    pub(crate) table: Table,
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

    /// Sends a message to all connections of a room, and returns their number. Those that are gone are removed; any other
    /// failure is logged.
    pub(crate) async fn send(&self, to: &Connections, room: &str, message: String) -> Result<usize, TableError> {
        let members = self.table.query::<Member>(room).index().send().await?;
        let since: HashMap<&str, u64> = members
            .iter()
            .filter_map(|member| Some((member.key.partition().strip_prefix("connection#")?, member.value.since)))
            .collect();
        let sent = to.send_all(since.keys().copied(), message).await;
        for (id, error) in sent.failed() {
            tracing::warn!(id, error = error as &dyn std::error::Error, "a message has not been delivered");
        }
        let is_open =
            |id: &&String| since.get(id.as_str()).is_some_and(|since| now().saturating_sub(*since) > CONNECTING);
        for id in sent.gone().iter().filter(is_open) {
            if let Err(error) = self.disconnect(id).await {
                tracing::warn!(id, %error, "a connection that is gone has not been removed");
            }
        }
        Ok(members.len())
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl FromClients for Chat {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self { table: Table::from_env(clients, "CHAT_TABLE").await? })
    }
}
