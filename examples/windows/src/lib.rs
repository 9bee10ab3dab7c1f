//! The sales of a Kinesis stream.

pub mod money;

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// A record of the stream. Fields that it does not know are not read, and so not passed on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sale {
    pub id: String,
    pub money: Money,
    /// The number of the card, until it is masked.
    pub card: String,
    /// A sale of the shop's own tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
}
