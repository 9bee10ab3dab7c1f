//! A stand-in for a payment provider, whose payments are in a table. Replace it by the client of your provider. The README
//! says what the provider must offer.

use pilaster::table::{PutIfAbsent, Table};
use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::order::StepError;

/// For how many seconds the provider certainly knows the key of a charge. Stripe may remove it after 24 hours
/// (<https://docs.stripe.com/api/idempotent_requests>); one of them is for clocks that differ and for the call itself.
pub(crate) const KEY_LIFETIME: u64 = 23 * 60 * 60;

#[derive(Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) charged: Option<Money>,
    pub(crate) cancelled: bool,
}

/// Charges a card, once for each key. `tok_declined` is declined; the first answer for `tok_slow`, and each for `tok_lost`,
/// is lost; the first call for `tok_hangs` does not end.
pub(crate) async fn charge(table: &Table, key: &str, amount: Money, card: &str) -> Result<(), StepError> {
    if card == "tok_declined" {
        return Err(StepError::CardDeclined);
    }
    let payment = Payment { charged: Some(amount), cancelled: false };
    match table.put_if_absent(format!("payment#{key}"), &payment).await? {
        PutIfAbsent::Present(payment) if payment.cancelled => Err(StepError::AlreadyCancelled),
        PutIfAbsent::Stored if card == "tok_hangs" => std::future::pending().await,
        PutIfAbsent::Stored if card == "tok_slow" => Err(StepError::ProviderUnavailable),
        _ if card == "tok_lost" => Err(StepError::ProviderUnavailable),
        _ => Ok(()),
    }
}

/// Cancels the payment with a key for good, however old it is, and returns the amount that is refunded, now or earlier.
pub(crate) async fn cancel(table: &Table, key: &str) -> Result<Option<Money>, StepError> {
    let mut payment = Payment { charged: None, cancelled: true };
    if let PutIfAbsent::Present(earlier) = table.put_if_absent(format!("payment#{key}"), &payment).await? {
        payment.charged = earlier.charged;
        table.put(format!("payment#{key}"), &payment).await?;
    }
    Ok(payment.charged)
}
