//! `POST /payments`, charged once per `Idempotency-Key`. `cargo run -p payments` serves it on 127.0.0.1:3000; send this
//! twice:
//!
//! ```sh
//! curl -i 127.0.0.1:3000/payments -H 'idempotency-key: "a1"' -H 'content-type: application/json' \
//!     -d '{"order_id": "o-1", "amount": 1000}'
//! ```

use payments::idempotency::idempotency;
use payments::ledger::Ledger;
use payments::payments::{InvalidAmount, NewPayment, Payment};
use pilaster::http::{self, CorsLayer, Created, ErrorLayer, HttpError, Json};
use pilaster::idempotency::IdempotencyLayer;
use pilaster::{Client, lambda_handler};

#[lambda_handler(layer = api(), warm(Client<Ledger>))]
async fn pay(Client(ledger): Client<Ledger>, Json(new): Json<NewPayment>) -> Result<Created<Payment>, HttpError> {
    let payment = ledger.charge(new).await.map_err(HttpError::from_boxed)?;
    Ok(Created::at(format!("/payments/{}", payment.id), payment))
}

fn api() -> http::Stack {
    http::Stack::new()
        .cors(CorsLayer::new().allow_origins(["https://*.example.com"]))
        .errors(ErrorLayer::new().on::<InvalidAmount>(422))
        .idempotency(IdempotencyLayer::new(idempotency()))
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, http as request};
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[tokio::test]
    async fn a_repeated_payment_is_charged_once_and_each_caller_gets_its_own_cors_headers() -> TestResult {
        let (clients, ledger) = (Clients::new(), Ledger::in_memory());
        clients.insert(ledger.clone());
        let caller = Caller::new(handler(pay).layer(api())).with_clients(clients);
        let pay = async |key: &str, origin: &str, amount: u32| {
            let request = request::post("/payments").header("idempotency-key", key).header("origin", origin);
            caller.send(request.json(json!({ "order_id": "o-1", "amount": amount }))).await
        };

        let first = pay("\"a1\"", "https://shop.example.com", 1000).await?;
        assert_eq!(first.status(), 201, "{}", first.text());
        let again = pay("\"a1\"", "https://app.example.com", 1000).await?;
        assert_eq!((again.status(), again.text()), (201, first.text()));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(first.header("access-control-allow-origin"), Some("https://shop.example.com"));
        assert_eq!(again.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(ledger.entries().len(), 1);

        assert_eq!(pay("\"a1\"", "https://app.example.com", 2000).await?.status(), 422, "another amount");
        assert_eq!(pay("\"a2\"", "https://app.example.com", 0).await?.status(), 422, "invalid amount");
        assert_eq!(pay("\"a2\"", "https://app.example.com", 1).await?.status(), 201, "a failure is not recorded");
        assert_eq!(ledger.entries().len(), 2);
        Ok(())
    }
}
