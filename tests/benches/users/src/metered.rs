//! The same with metrics: one blob for each invocation, with a count and a duration of its own and the invocation's latency.

use std::time::Instant;

use bench_users::{NewUser, User, api};
use pilaster::http::{HttpError, Json, RequestContext, StatusCode};
use pilaster::observe::metrics::BuiltIn;
use pilaster::{Metrics, MetricsLayer, lambda_handler};

#[lambda_handler(layer = api(), outer = metrics())]
async fn create(
    metrics: Metrics,
    context: RequestContext,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), HttpError> {
    let began = Instant::now();
    let created = bench_users::create(&context, new)?;
    metrics.count("UsersCreated", 1)?;
    metrics.duration("Creation", began.elapsed())?;
    Ok(created)
}

fn metrics() -> MetricsLayer {
    MetricsLayer::from_env().namespace("Bench").cold_start().built_in(BuiltIn::Latency)
}
