//! `GET /offers/{sku}`: an offer to the customer of the JWT, on terms that feature flags control.

mod features;
#[allow(dead_code, reason = "the module is the same in all examples, and this one adds no amounts")]
mod money;
mod shop;
#[cfg(test)]
mod tests;

use pilaster::http::{self, Claims, ErrorLayer, HttpError, Json, Path};
use pilaster::{Client, lambda_handler};

use crate::features::Features;
use crate::shop::{ArticleNotFound, Customer, Offer};

#[lambda_handler(layer = api(), route = "GET /offers/{sku}", warm(Client<Features>))]
async fn offer(
    Client(features): Client<Features>,
    Claims(customer): Claims<Customer>,
    Path(sku): Path<String>,
) -> Result<Json<Offer>, HttpError> {
    let terms = features.terms(&customer).await;
    tracing::info!(?terms, "made an offer");
    Ok(Json(Offer::of(&sku, terms)?))
}

fn api() -> http::Stack {
    http::Stack::new().errors(ErrorLayer::new().on::<ArticleNotFound>(404))
}
