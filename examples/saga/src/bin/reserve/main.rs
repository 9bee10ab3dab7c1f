//! Takes the units of an order out of the stock: `cargo run -p saga -- examples/saga/events/order.json`

#[cfg(test)]
mod tests;

use pilaster::{Client, Event, lambda_handler};
use saga::{Order, Progress, Shop, StepError};

#[lambda_handler(warm(Client<Shop>))]
async fn reserve(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Progress, StepError> {
    shop.reserve(&order).await
}
