//! A function with a DynamoDB client and a secret: both are made for the first request that asks for them (`/?use=1`), or with
//! `WARM=1` in init. See `BENCHMARKS.md` for the command.

use pilaster::http::{HttpError, Json, Uri};
use pilaster::{Client, Clients, FromSecret, Secret, Secrets, StartError};
use serde::Deserialize;

#[derive(Deserialize, FromSecret)]
#[secret(id = "database")]
struct Database {
    password: String,
}

async fn answer(uri: Uri) -> Result<Json<usize>, HttpError> {
    if uri.query().is_none() {
        return Ok(Json(0));
    }
    let clients = Clients::global();
    let _: aws_sdk_dynamodb::Client = clients.get().await?;
    let secrets: Secrets = clients.get().await?;
    Ok(Json(secrets.typed::<Database>().await?.password.len()))
}

fn main() -> Result<(), StartError> {
    let function = pilaster::handler(answer);
    match std::env::var_os("WARM") {
        Some(_) => pilaster::run(function.warm::<Client<aws_sdk_dynamodb::Client>>().warm::<Secret<Database>>()),
        None => pilaster::run(function),
    }
}
