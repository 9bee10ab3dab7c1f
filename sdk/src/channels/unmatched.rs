//! [`Unmatched`]: what becomes of a channel without a handler.

/// What becomes of a channel without a handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unmatched {
    /// Refuses it: each event of a publish fails as `UnknownChannel`, and a subscriber is not let in.
    #[default]
    Refuse,
    /// Broadcasts the events as they came, and lets a subscriber in, as without a function. Nothing checks them.
    Pass,
}
