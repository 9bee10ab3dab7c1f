//! A function that is warmed with a secret and starts from a snapshot: it returns its secret, and those that its hooks have seen.

use std::sync::Mutex;

use pilaster::config::secrets::{ExposeSecret, SecretString};
use pilaster::{Clients, Event, FromSecret, FunctionError, Invocation, Secret, StartError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, FromSecret)]
#[secret(id = "database")]
struct Database {
    password: SecretString,
}

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The view of a hook: the secret that is kept when it runs.
async fn see(hook: &str) {
    let clients = Clients::global();
    let password = match clients.get::<pilaster::Secrets>().await {
        Ok(secrets) => secrets.typed::<Database>().await.map(|it| it.password.expose_secret().to_owned()),
        Err(error) => panic!("{error}"),
    };
    if let (Ok(password), Ok(mut seen)) = (password, SEEN.lock()) {
        seen.push(format!("{hook}: {password}"));
    }
}

async fn answer(
    invocation: Invocation,
    Secret(database): Secret<Database>,
    Event(_): Event<Value>,
) -> Result<Value, FunctionError> {
    let seen = SEEN.lock().map(|seen| seen.clone()).unwrap_or_default();
    Ok(json!({
        "password": database.password.expose_secret(), "cold_start": invocation.is_cold_start(), "seen": seen,
    }))
}

fn main() -> Result<(), StartError> {
    let function = pilaster::handler(answer)
        .warm::<Secret<Database>>()
        .before_snapshot(async || see("before").await)
        .on_restore(async || see("after").await);
    match std::env::var_os("PANICS") {
        Some(_) => pilaster::run(function.on_restore(async || panic!("no good morning"))),
        None => pilaster::run(function),
    }
}
