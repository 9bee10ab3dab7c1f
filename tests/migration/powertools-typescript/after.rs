use garde::Validate;
use pilaster::http::{self, CorsLayer, ErrorLayer, HttpError, Json};
use pilaster::http::{Method, StatusCode, Valid};
use pilaster::observe::logging::{LoggingLayer, correlation_paths};
use pilaster::{BoxError, Metrics, MetricsLayer, lambda_handler};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Validate)]
pub(crate) struct NewUser {
    #[garde(contains("@"))]
    email: String,
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
}

#[lambda_handler(layer = api(), outer = observed())]
pub(crate) async fn create_user(
    metrics: Metrics,
    Valid(Json(new)): Valid<Json<NewUser>>,
) -> Result<(StatusCode, Json<User>), HttpError> {
    let user = insert(new).await.map_err(HttpError::internal)?;
    metrics.count("Users", 1)?;
    tracing::info!(user = user.id, "created");
    Ok((StatusCode::CREATED, Json(user)))
}

pub(crate) fn api() -> http::Stack {
    let cors = CorsLayer::new().allow_origin("https://app.example.com");
    let cors = cors.allow_methods([Method::POST]).allow_headers(["content-type"]);
    http::Stack::new().cors(cors).errors(ErrorLayer::new().on::<EmailTaken>(409))
}

pub(crate) fn observed() -> (LoggingLayer, MetricsLayer) {
    let id = correlation_paths::API_GATEWAY_HTTP;
    let logging = LoggingLayer::new().correlation_id(id);
    (logging, MetricsLayer::from_env().namespace("Shop"))
}

#[derive(Debug, thiserror::Error)]
#[error("the address is taken")]
pub(crate) struct EmailTaken;

#[derive(Serialize)]
pub(crate) struct User {
    id: u64,
    email: String,
    name: String,
}

// Stands for the table.
async fn insert(NewUser { email, name }: NewUser) -> Result<User, BoxError> {
    match email.as_str() {
        "taken@example.com" => Err(EmailTaken.into()),
        "boom@example.com" => Err("the table is gone".into()),
        _ => Ok(User { id: 7, email, name }),
    }
}

/// The worker of the queue.
pub(crate) mod queue {
    use pilaster::{BoxError, Sqs, lambda_handler};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Order {
        id: u64,
    }

    #[lambda_handler]
    pub(crate) async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        if order.id == 13 {
            return Err("out of stock".into());
        }
        tracing::info!(order = order.id, "shipped");
        Ok(())
    }
}
