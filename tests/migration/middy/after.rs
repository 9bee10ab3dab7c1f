use garde::Validate;
use pilaster::http::{self, CorsLayer, Created, HttpError, Json};
use pilaster::http::{Method, SecurityHeadersLayer, Valid};
use pilaster::lambda_handler;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Validate)]
pub(crate) struct NewUser {
    #[garde(contains("@"))]
    email: String,
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
}

#[derive(Serialize)]
pub(crate) struct User {
    id: u64,
    email: String,
    name: String,
}

#[lambda_handler(layer = api())]
pub(crate) async fn create_user(
    Valid(Json(new)): Valid<Json<NewUser>>,
) -> Result<Created<User>, HttpError> {
    let user = insert(new).await?;
    Ok(Created::at(format!("/users/{}", user.id), user))
}

fn api() -> http::Stack {
    let cors = CorsLayer::new().allow_origins(["https://app.example.com"]);
    let cors = cors.allow_methods([Method::POST]).allow_headers(["content-type"]);
    http::Stack::new().cors(cors).security_headers(SecurityHeadersLayer::new())
}

// Stands for the table.
async fn insert(NewUser { email, name }: NewUser) -> Result<User, HttpError> {
    match email.as_str() {
        "taken@example.com" => Err(HttpError::conflict("the address is taken")),
        "boom@example.com" => Err(std::io::Error::other("the table is gone").into()),
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
        Ok(())
    }
}
