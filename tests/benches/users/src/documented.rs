//! `main.rs` with a route, and with the feature `openapi` also with an operation and the schemas of its types: see
//! `tests/benches/openapi.sh`.

use bench_users::{NewUser, User, api};
use pilaster::http::{HttpError, Json, RequestContext, StatusCode};
use pilaster::lambda_handler;

/// Creates a user.
#[cfg_attr(feature = "openapi", lambda_handler(layer = api(), route = "POST /users", openapi(tags("users"))))]
#[cfg_attr(not(feature = "openapi"), lambda_handler(layer = api(), route = "POST /users"))]
async fn create(context: RequestContext, Json(new): Json<NewUser>) -> Result<(StatusCode, Json<User>), HttpError> {
    bench_users::create(&context, new)
}
