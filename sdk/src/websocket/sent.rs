//! [`Sent`]: what has become of a message.

/// What has become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// API Gateway has taken it for the client.
    Delivered,
    /// The connection is gone: delete its id where it is stored.
    Gone,
}

impl Sent {
    /// Returns `true` if the connection is gone.
    pub fn is_gone(self) -> bool {
        self == Self::Gone
    }
}
