//! `POST /quotes`: a price quote, with metrics, traces and logs. `cargo run -p observability` serves it on
//! 127.0.0.1:3000:
//!
//! ```sh
//! curl -i 127.0.0.1:3000/quotes -H 'content-type: application/json' -d '{"item": "umbrella", "quantity": 2}'
//! ```

mod catalogue;

use pilaster::http::{HttpError, Json};
use pilaster::observe::metrics::{BuiltIn, Unit};
use pilaster::observe::{logging, metrics::MetricsLayer, traces::TracesLayer};
use pilaster::{Client, Metrics, lambda_handler};
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;

#[derive(Deserialize)]
struct QuoteRequest {
    item: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Quote {
    item: String,
    cents: u64,
}

#[lambda_handler(outer = observed(), warm(Client<Catalogue>))]
async fn quote(
    metrics: Metrics,
    Client(catalogue): Client<Catalogue>,
    Json(QuoteRequest { item, quantity }): Json<QuoteRequest>,
) -> Result<Json<Quote>, HttpError> {
    logging::append_key("item", &item); // added to every later log line of this request
    let Some(price) = catalogue.price(&item).await.map_err(HttpError::from_boxed)? else {
        metrics.count("UnknownItems", 1)?;
        return Err(HttpError::not_found("item not found"));
    };
    let cents = tracing::info_span!("discount", quantity).in_scope(|| discounted(price, quantity));
    metrics.count("Quotes", 1)?;
    metrics.add("QuotedCents", Unit::None, cents as f64)?;
    tracing::info!(quantity, cents, "quoted");
    Ok(Json(Quote { item, cents }))
}

/// A discount of 10 % for ten or more units.
fn discounted(price: u64, quantity: u32) -> u64 {
    let full = price.saturating_mul(u64::from(quantity));
    if quantity < 10 { full } else { full / 10 * 9 }
}

/// The layers from the outside in: the trace is sent after the metrics are written.
fn observed() -> (TracesLayer, MetricsLayer) {
    (TracesLayer::from_env(), MetricsLayer::from_env().namespace("Shop").cold_start().built_in(BuiltIn::Latency))
}

#[cfg(test)]
mod tests {
    use pilaster::observe::{metrics, traces};
    use pilaster::testing::{Caller, http as request};
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[tokio::test]
    async fn one_request_emits_metrics_spans_and_log_lines() -> TestResult {
        let (blobs, spans, lines) =
            (metrics::CapturedMetrics::default(), traces::CapturedSpans::default(), logging::CapturedLogs::default());
        let (traces, metrics) = observed();
        let outer = (traces.captured(&spans), metrics.writer(blobs.clone()));
        let clients = Clients::new();
        clients.insert(Catalogue::in_memory());
        let caller = Caller::new(handler(quote).outer(outer)).with_clients(clients).with_logs(&lines);

        let quote_request = |item: &str| request::post("/quotes").json(json!({ "item": item, "quantity": 10 }));
        let response = caller.send(quote_request("umbrella")).await?;
        assert_eq!((response.status(), response.text().as_ref()), (200, r#"{"item":"umbrella","cents":17910}"#));
        assert_eq!(caller.send(quote_request("unicorn")).await?.status(), 404);

        assert_eq!(blobs.values("QuotedCents"), [17_910.0]);
        assert_eq!((blobs.values("Quotes"), blobs.values("UnknownItems")), (vec![1.0], vec![1.0]));
        assert_eq!(blobs.values("InvocationLatency").len(), 2);

        let exported = spans.spans();
        let names: Vec<_> = exported.iter().filter_map(|span| span["name"].as_str()).collect();
        // On Lambda, the span name contains the API route: `POST /quotes`.
        assert_eq!(names, ["look up", "discount", "POST", "look up", "POST"]);
        assert_eq!(exported[4]["attributes"]["http.response.status_code"], 404);

        let lines = lines.lines();
        let line = lines.iter().find(|line| line["message"] == "quoted").ok_or("no log line")?;
        assert_eq!((&line["item"], &line["cents"]), (&json!("umbrella"), &json!(17_910)));
        assert_eq!(line["trace_id"], exported[2]["trace_id"], "the line refers to the trace");
        assert_eq!(line["span_id"], exported[2]["span_id"]);
        Ok(())
    }
}
