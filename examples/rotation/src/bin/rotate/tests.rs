#[path = "../../../tests/common/secrets_manager.rs"]
mod secrets_manager;

use pilaster::config::secrets::SecretString;
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A secret with the key `one`, its account, and the function.
async fn deployed() -> Result<(secrets_manager::SecretsManager, Accounts, Caller<impl RawService>), BoxError> {
    let secret = secrets_manager::SecretsManager::with_current(&json!({ "account": "shop", "key": "one" }));
    let clients = secret.clients();
    let accounts: Accounts = clients.get().await?;
    accounts.create("shop", "stack", &"one".to_owned().into()).await?;
    Ok((secret, accounts, Caller::new(rotate::function()).with_clients(clients)))
}

async fn call(rotate: &Caller<impl RawService>, step: &str, token: &str) -> Result<Value, BoxError> {
    let event = json!({ "Step": step, "SecretId": "the-secret", "ClientRequestToken": token });
    Ok(rotate.call(event).await?)
}

fn key(version: Option<Value>) -> SecretString {
    version.and_then(|version| version["key"].as_str().map(str::to_owned)).unwrap_or_default().into()
}

#[tokio::test]
async fn a_rotation_changes_the_key_and_callers_are_not_interrupted() -> Result<(), BoxError> {
    let (secret, accounts, rotate) = deployed().await?;
    for token in ["second", "third"] {
        let before = key(secret.value("AWSCURRENT"));
        secret.begin(token);
        for step in STEPS {
            assert!(accounts.accepts("shop", &before).await?, "the current key, before {step}");
            call(&rotate, step, token).await?;
        }
        let after = key(secret.value("AWSCURRENT"));
        assert!(accounts.accepts("shop", &after).await?, "the new key");
        assert!(accounts.accepts("shop", &before).await?, "the previous key, until the next rotation");
        assert_eq!(secret.value("AWSPREVIOUS").map(|version| key(Some(version)).eq_text(&before)), Some(true));
        assert_eq!(secret.value("AWSCURRENT").map(|version| version["account"].clone()), Some(json!("shop")));
    }
    assert!(!accounts.accepts("shop", &"one".to_owned().into()).await?, "the key before the previous one");
    Ok(())
}

trait EqText {
    fn eq_text(&self, other: &Self) -> bool;
}

impl EqText for SecretString {
    fn eq_text(&self, other: &Self) -> bool {
        use pilaster::config::secrets::ExposeSecret;
        self.expose_secret() == other.expose_secret()
    }
}

#[tokio::test]
async fn each_step_may_be_repeated_and_the_rotation_started_again_after_each() -> Result<(), BoxError> {
    for repeated_after in 1..=STEPS.len() {
        let (secret, accounts, rotate) = deployed().await?;
        secret.begin("second");
        for step in &STEPS[..repeated_after] {
            call(&rotate, step, "second").await?;
            call(&rotate, step, "second").await?;
        }
        let pending = key(secret.value("AWSPENDING"));
        // Secrets Manager starts again with the same version.
        for step in STEPS.into_iter().chain(STEPS) {
            call(&rotate, step, "second").await?;
        }
        let current = key(secret.value("AWSCURRENT"));
        assert!(current.eq_text(&pending), "the first pending key is kept, after {repeated_after} steps");
        assert!(accounts.accepts("shop", &current).await?);
        assert_eq!(secret.state().puts, 1);
    }
    Ok(())
}

#[tokio::test]
async fn of_two_deliveries_of_a_step_the_first_key_counts() -> Result<(), BoxError> {
    let (secret, _, rotate) = deployed().await?;
    secret.begin("second");
    secret.state().rival = Some(json!({ "account": "shop", "key": "rival" }).to_string());
    call(&rotate, "createSecret", "second").await?;
    assert_eq!(secret.value("AWSPENDING").map(|version| version["key"].clone()), Some(json!("rival")));
    Ok(())
}

#[tokio::test]
async fn a_step_of_an_older_rotation_changes_nothing() -> Result<(), BoxError> {
    let (secret, accounts, rotate) = deployed().await?;
    secret.begin("second");
    call(&rotate, "createSecret", "second").await?;
    secret.begin("third");
    call(&rotate, "createSecret", "third").await?;
    for step in STEPS {
        let error = call(&rotate, step, "second").await.expect_err("an older rotation");
        assert!(error.to_string().contains("a newer rotation has begun"), "{error}");
    }
    assert!(!accounts.accepts("shop", &key(secret.value("AWSPENDING"))).await?, "no step has set it");
    assert_eq!(secret.value("AWSCURRENT").map(|version| version["key"].clone()), Some(json!("one")));
    Ok(())
}

#[tokio::test]
async fn a_key_that_the_service_does_not_accept_does_not_become_the_current_one() -> Result<(), BoxError> {
    let (secret, _, rotate) = deployed().await?;
    secret.begin("second");
    call(&rotate, "createSecret", "second").await?;
    let error = call(&rotate, "testSecret", "second").await.expect_err("setSecret did not run");
    assert!(error.to_string().contains("the service does not accept the pending key"), "{error}");
    assert!(call(&rotate, "anotherStep", "second").await.is_err());
    Ok(())
}

#[tokio::test]
async fn the_clients_are_ready_before_the_first_event() -> Result<(), BoxError> {
    let clients = Clients::new();
    let secret = secrets_manager::SecretsManager::with_current(&json!({}));
    clients.insert(secret.clients().get::<SecretsManager>().await?);
    Caller::new(rotate::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Secrets>() && clients.contains::<Accounts>());
    Ok(())
}
