//! [`Broadcast`]: the outcome of a message to many connections.

use super::error::ConnectionError;
use super::sent::Sent;

/// The outcome of [`Connections::send_all`](super::Connections::send_all), by connection.
#[derive(Debug, Default)]
#[must_use]
pub struct Broadcast {
    delivered: usize,
    gone: Vec<String>,
    failed: Vec<(String, ConnectionError)>,
}

impl Broadcast {
    pub(super) fn add(&mut self, id: String, outcome: Result<Sent, ConnectionError>) {
        match outcome {
            Ok(Sent::Delivered) => self.delivered += 1,
            Ok(Sent::Gone) => self.gone.push(id),
            Err(error) => self.failed.push((id, error)),
        }
    }

    /// Returns the number of connections that got the message.
    pub fn delivered(&self) -> usize {
        self.delivered
    }

    /// Returns the ids of the connections that are gone: delete them where they are stored.
    pub fn gone(&self) -> &[String] {
        &self.gone
    }

    /// Returns the ids of the connections to which the message could not be sent, each with the reason. They may be there
    /// still.
    pub fn failed(&self) -> &[(String, ConnectionError)] {
        &self.failed
    }
}
