//! `POST /users` as the suite `http` has it, by the whole default stack: JSON in, validation, 201, CORS, one log
//! line. See `tests/benches/README.md` for the command.

use bench_users::{NewUser, User, api};
use pilaster::http::{HttpError, Json, RequestContext, StatusCode};
use pilaster::lambda_handler;

#[lambda_handler(layer = api())]
async fn create(context: RequestContext, Json(new): Json<NewUser>) -> Result<(StatusCode, Json<User>), HttpError> {
    bench_users::create(&context, new)
}
