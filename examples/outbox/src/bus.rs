//! The [`Bus`] of EventBridge, or a stand-in for it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use outbox::Event;
use pilaster::{BoxError, Clients, FromClients};

/// How often an event is sent before its record fails.
const ATTEMPTS: u32 = 4;

type Rejects = dyn Fn(&Event) -> Option<String> + Send + Sync;

/// The event bus that `EVENT_BUS` names. Cheap to clone.
#[derive(Clone)]
pub enum Bus {
    EventBridge(Client, String),
    /// Returns the error code of an event that it rejects.
    StandIn(Arc<Rejects>),
}

impl Bus {
    /// Publishes an event in a request of its own, so that a rejected one is sent again alone, before the next one.
    pub async fn publish(&self, event: &Event) -> Result<(), BoxError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
            let Some(code) = self.send(event).await? else { return Ok(()) };
            tracing::warn!(event = event.id, code, "the event was rejected");
        }
        Err(format!("EventBridge rejected the event in each of {ATTEMPTS} attempts").into())
    }

    /// Sends an event, and returns the error code if it is rejected, or gets no id: both are successful responses.
    async fn send(&self, event: &Event) -> Result<Option<String>, BoxError> {
        let (client, name) = match self {
            Self::EventBridge(client, name) => (client, name),
            Self::StandIn(send) => return Ok(send(event)),
        };
        let entry = PutEventsRequestEntry::builder().event_bus_name(name).source("outbox.orders");
        let entry = entry.detail_type("OrderChanged").detail(serde_json::to_string(event)?).build();
        Ok(rejection(&client.put_events().entries(entry).send().await?))
    }
}

pub fn rejection(response: &PutEventsOutput) -> Option<String> {
    let code = response.entries().iter().find_map(|entry| entry.error_code());
    let id = response.entries().iter().find_map(|entry| entry.event_id()).filter(|id| !id.is_empty());
    let is_rejected = code.is_some() || id.is_none() || response.failed_entry_count() > 0;
    is_rejected.then(|| code.unwrap_or("unknown").to_owned())
}

impl FromClients for Bus {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let configured = async |name| Ok(Self::EventBridge(clients.get().await?, name));
        clients.env_or("EVENT_BUS", configured, || Self::StandIn(Arc::new(|_: &Event| None))).await
    }
}
