//! Computes the account with this id from all of its events: `"a-1"`.

use pilaster::{BoxError, Client, Event, lambda_handler};
use projection::Projection;

#[cfg(test)]
mod tests;

#[lambda_handler(warm(Client<Projection>))]
async fn rebuild(Client(projection): Client<Projection>, Event(account): Event<String>) -> Result<u64, BoxError> {
    projection.rebuild(&account).await
}
