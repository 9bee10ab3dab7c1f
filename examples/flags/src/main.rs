//! `GET /offers/{sku}`, on terms controlled by feature flags. `cargo run -p flags` serves it on 127.0.0.1:3000:
//!
//! ```sh
//! curl '127.0.0.1:3000/offers/umbrella?tier=premium&customer=117'
//! ```

use flags::features::Features;
use flags::shop::{ArticleNotFound, Offer, Shopper};
use pilaster::http::{self, ErrorLayer, HttpError, Json, Path, Query};
use pilaster::{Client, lambda_handler};

#[lambda_handler(layer = api(), route = "GET /offers/{sku}", warm(Client<Features>))]
async fn offer(
    Client(features): Client<Features>,
    Path(sku): Path<String>,
    Query(shopper): Query<Shopper>,
) -> Result<Json<Offer>, HttpError> {
    let terms = features.terms(&shopper).await;
    tracing::info!(discount = terms.discount, new_checkout = terms.new_checkout, "made an offer");
    Ok(Json(Offer::of(&sku, terms)?))
}

fn api() -> http::Stack {
    http::Stack::new().errors(ErrorLayer::new().on::<ArticleNotFound>(404))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use pilaster::config::flags::Flags;
    use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue};
    use pilaster::testing::{Caller, http as request};
    use pilaster::{BoxError, Clients, handler};
    use serde_json::{Value, json};

    use super::*;
    use flags::features::Embedded;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    /// Friday, 2026-11-20, at this hour in Berlin.
    fn friday(hour: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_132_800 + (hour - 1) * 3_600)
    }

    async fn get_offer(flags: &Flags, sku: &str, query: &str) -> Result<(u16, Value), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Features::from(flags.clone()));
        let caller = Caller::new(handler(offer).layer(api())).with_clients(clients);
        let request = request::get(format!("/offers/{sku}?{query}")).path_parameter("sku", sku);
        let response = caller.send(request).await?;
        Ok((response.status(), response.json()?))
    }

    #[tokio::test]
    async fn terms_depend_on_the_caller_and_the_time() -> TestResult {
        let morning = Flags::new(Embedded, "features").clock(|| friday(9));
        let usual = json!({ "sku": "umbrella", "price": 2000, "shipping": 490, "checkout": "/checkout" });
        assert_eq!(get_offer(&morning, "umbrella", "").await?, (200, usual.clone()));
        assert_eq!(get_offer(&morning, "umbrella", "customer=120").await?.1, usual);
        assert_eq!(get_offer(&morning, "umbrella", "tier=premium").await?.1["price"], 1800);
        assert_eq!(get_offer(&morning, "umbrella", "customer=119").await?.1["checkout"], "/v2/checkout");
        assert_eq!(get_offer(&morning, "anvil", "").await?.0, 404);

        let evening = Flags::new(Embedded, "features").clock(|| friday(18));
        assert_eq!(get_offer(&evening, "umbrella", "").await?.1["shipping"], 0);
        Ok(())
    }

    #[tokio::test]
    async fn without_flags_the_default_terms_apply() -> TestResult {
        struct Down;
        impl ParameterSource for Down {
            async fn fetch(&self, _: &ParameterId) -> Result<ParameterValue, BoxError> {
                Err("AppConfig is unavailable".into())
            }
        }
        let down = Flags::new(Down, "features");
        let (status, offer) = get_offer(&down, "boots", "tier=premium&customer=1").await?;
        assert_eq!((status, &offer["price"], &offer["checkout"]), (200, &json!(4999), &json!("/checkout")));
        Ok(())
    }

    #[test]
    fn the_template_deploys_the_embedded_document() {
        let template = include_str!("../template.yaml");
        let (_, rest) = template.split_once("      Content: |\n").expect("the document");
        let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("        "));
        let document: String = lines.map(|line| line.trim_start_matches("        ").to_owned() + "\n").collect();
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(read(&document), read(include_str!("../flags.json")));
    }
}
