//! `POST /payments`. See README.md.

use payments::{Order, Payment, PaymentError, Payments};
use pilaster::http::{self, Claims, CorsLayer, ErrorLayer, HttpError, IdempotencyKey, Json, StatusCode};
use pilaster::idempotency::{Idempotency, IdempotencyLayer};
use pilaster::{Client, lambda_handler};
use std::time::Duration;

const RETENTION: Duration = Duration::from_hours(30 * 24); // Longer than a message waits: 14 days in each queue.

#[derive(serde::Deserialize)]
struct Customer {
    sub: String,
}

#[lambda_handler(layer = api(), warm(Client<Payments>))]
async fn pay(
    Client(payments): Client<Payments>,
    Claims(customer): Claims<Customer>,
    key: IdempotencyKey,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Payment>), HttpError> {
    // After a failure the key may come with another order, so the order is part of the id.
    let attempt = key.effect_id(&format!("charge of order {}", order.order_id));
    let payment = payments.pay(&customer.sub, order, &attempt).await.map_err(HttpError::internal)?;
    Ok((StatusCode::CREATED, Json(payment)))
}

fn api() -> http::Stack {
    let records = Idempotency::from_table_variable("IDEMPOTENCY_TABLE").prefix("payments");
    http::Stack::new()
        .cors(CorsLayer::new().allow_origins(["https://*.example.com"]))
        .errors(ErrorLayer::new().map::<PaymentError>())
        .idempotency(IdempotencyLayer::new(records.require_key().expires_after(RETENTION)))
}

#[cfg(test)]
mod tests;
