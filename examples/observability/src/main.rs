//! `POST /quotes`: a price quote, with metrics, a trace and log lines.

mod catalogue;
#[allow(dead_code, reason = "the module is the same in all examples, and this one adds no amounts")]
mod money;
#[cfg(test)]
mod tests;

use pilaster::http::{HttpError, Json};
use pilaster::observe::metrics::{BuiltIn, Unit};
use pilaster::observe::{logging, metrics::MetricsLayer, traces::TracesLayer};
use pilaster::{Client, Metrics, lambda_handler};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, discounted};
use crate::money::Money;

#[derive(Deserialize)]
struct QuoteRequest {
    item: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Quote {
    item: String,
    total: Money,
}

#[lambda_handler(outer = observed(), warm(Client<Catalogue>))]
async fn quote(
    metrics: Metrics,
    Client(catalogue): Client<Catalogue>,
    Json(QuoteRequest { item, quantity }): Json<QuoteRequest>,
) -> Result<Json<Quote>, HttpError> {
    logging::append_key("item", &item); // added to every later log line of this request
    let Some(price) = catalogue.price(&item).await? else {
        metrics.count("UnknownItems", 1)?;
        return Err(HttpError::not_found("item not found"));
    };
    let total = tracing::info_span!("discount", quantity).in_scope(|| discounted(price, quantity));
    let total = total.ok_or_else(|| HttpError::bad_request("the quantity is too large"))?;
    metrics.count("Quotes", 1)?;
    // One metric for each currency: amounts of two currencies have no sum.
    metrics.labelled([("currency", format!("{:?}", total.currency).to_uppercase())])?.add(
        "QuotedAmount",
        Unit::None,
        total.amount as f64,
    )?;
    tracing::info!(quantity, amount = total.amount, "quoted");
    Ok(Json(Quote { item, total }))
}

/// The layers from the outside in: the trace is sent after the metrics are written.
fn observed() -> (TracesLayer, MetricsLayer) {
    (TracesLayer::from_env(), MetricsLayer::from_env().namespace("Shop").cold_start().built_in(BuiltIn::Latency))
}
