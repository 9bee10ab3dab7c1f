//! `POST /users`, hand-written, one invocation after the other.

use lambda_http::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(bare_http::create)).await
}
