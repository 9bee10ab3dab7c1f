//! The sales of a Kinesis stream.

pub mod money;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// The number of a card, until it is masked. `Debug` prints none of it, so that no log does.
#[derive(Clone, Deserialize, Serialize)]
pub struct Card(String);

impl Card {
    /// Returns the last four digits, and nothing of a text that is too short for a number of a card.
    pub fn masked(&self) -> Self {
        let digits: Vec<char> = self.0.chars().filter(char::is_ascii_digit).collect();
        let last = if digits.len() < 12 { &[] } else { &digits[digits.len() - 4..] };
        Self(format!("*{}", last.iter().collect::<String>()))
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(*)")
    }
}

/// A record of the stream. Fields that it does not know are not read, and so not passed on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sale {
    pub id: String,
    pub money: Money,
    pub card: Card,
    /// A sale of the shop's own tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
}
