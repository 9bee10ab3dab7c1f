//! Cancels an order and returns its reserved units to the stock, unless it was shipped.

#[cfg(test)]
mod tests;

use pilaster::{Client, Event, lambda_handler};
use saga::{Order, Progress, Shop, StepError};

#[lambda_handler(warm(Client<Shop>))]
async fn release(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Progress, StepError> {
    shop.release(&order).await
}
