//! The rooms of the hotel.

use schemars::JsonSchema;
use serde::Serialize;

#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) guests: u8,
    /// The price of a night.
    pub(crate) cents: u32,
}

pub(crate) const ROOMS: [Room; 3] = [
    Room { name: "garden", guests: 1, cents: 9_000 },
    Room { name: "sea", guests: 2, cents: 14_000 },
    Room { name: "family", guests: 4, cents: 19_000 },
];
