use pilaster::check::{Argument, Deserializable, Holds};
use pilaster::http::{Body, FromRequest, HttpError, Json, Request};
use pilaster::lambda_handler;
use serde::de::DeserializeOwned;

struct First<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for First<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, HttpError> {
        let Json(list) = Json::<Vec<T>>::from_request(request, state).await?;
        list.into_iter().next().map(First).ok_or_else(|| HttpError::unprocessable_entity("expected an element"))
    }
}

impl<T> Holds<Argument> for First<T> {
    type Requires = Deserializable<T>;
}

struct Order;

#[lambda_handler]
async fn ship(First(_order): First<Order>) -> String {
    String::new()
}
