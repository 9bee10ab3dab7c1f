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
        "busy@example.com" => Err(HttpError::service_unavailable("the table is busy")),
        _ => Ok(User { id: 7, email, name }),
    }
}

/// Changes a user.
pub(crate) mod changes {
    use garde::Validate;
    use pilaster::http::{self, HttpError, Json, Next, Request, Response, StatusCode, Valid, from_fn};
    use pilaster::lambda_handler;
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, Serialize, Validate)]
    pub(crate) struct Changes {
        #[garde(skip)]
        age: Option<u32>,
        #[garde(skip)]
        nick: Option<String>,
        #[garde(length(min = 2))]
        initials: Option<String>,
    }

    #[lambda_handler(layer = http::Stack::new().layer(from_fn(replaced)))]
    pub(crate) async fn change_user(
        Valid(Json(changes)): Valid<Json<Changes>>,
    ) -> Result<Json<Changes>, HttpError> {
        match changes.nick.as_deref() {
            Some("taken") => Err(HttpError::conflict("the nick is taken")),
            _ => Ok(Json(changes)),
        }
    }

    async fn replaced(request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        if response.status() == 409 {
            *response.status_mut() = StatusCode::OK;
            *response.body_mut() = "replaced".into();
        }
        response
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
