//! Clients for tests: users in memory, and a secret with an API key. Not every test uses all of it.
#![allow(dead_code)]

use crud::api_key::Keys;
use crud::store::Users;
use crud::users::{NewUser, User};
use pilaster::testing::Caller;
use pilaster::testing::http::{Request, TestResponse};
use pilaster::{BoxError, Clients, IntoService, Secrets};

/// The key in the secret, and in the sample events.
pub const KEY: &str = "the-key-from-secrets-manager";

pub fn clients() -> Clients {
    let clients = Clients::new().with_variable("API_KEY_SECRET", "api-key");
    clients.insert(Secrets::fixed([("api-key", format!(r#"{{"key":"{KEY}"}}"#))]));
    clients
}

/// Returns clients with a user.
pub async fn clients_with_user() -> Result<(Clients, User), BoxError> {
    let clients = clients();
    let new = NewUser { email: "ada@example.com".into(), name: "Ada".into() };
    let user = clients.get::<Users>().await?.insert(new).await?;
    Ok((clients, user))
}

/// Checks that a function has this route, creates its clients in the init phase and requires the key, and calls it with the key.
pub async fn call(
    route: &str,
    function: impl IntoService,
    clients: &Clients,
    request: impl Fn() -> Request,
) -> Result<TestResponse, BoxError> {
    let caller = Caller::new(function).with_clients(clients.clone());
    assert_eq!(caller.routes(), [route]);
    let fresh = self::clients();
    caller.clone().with_clients(fresh.clone()).warm_up().await;
    assert!(fresh.contains::<Users>() && fresh.contains::<Keys>(), "`warm` creates the clients");
    assert_eq!(caller.send(request()).await?.status(), 401, "`layer` requires the key");
    Ok(caller.send(request().header("x-api-key", KEY)).await?)
}
