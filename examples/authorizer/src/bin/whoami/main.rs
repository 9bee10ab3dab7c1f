//! A function behind both authorizers: it returns what they know of the caller. See README.md.

use pilaster::http::{Claims, Json};
use pilaster::lambda_handler;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Caller {
    /// From the context of the Lambda authorizer.
    Partner { partner: String },
    /// From the claims of the JWT.
    User { sub: String, tenant: String },
}

#[lambda_handler]
async fn whoami(Claims(caller): Claims<Caller>) -> Json<Caller> {
    Json(caller)
}

#[cfg(test)]
mod tests;
