#[path = "../../../tests/common/secrets_manager.rs"]
mod secrets_manager;

mod late;

use pilaster::table::Table;
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use self::secrets_manager::{SecretsManager, accepted, accepts, digest};
use super::*;

type TestResult = Result<(), BoxError>;

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A secret with the key `one`, its account, and the function.
async fn deployed() -> Result<(SecretsManager, Service, Caller<impl RawService>), BoxError> {
    let secret = SecretsManager::with_current(&json!({ "account": "shop", "key": "one" }));
    let clients = secret.clients();
    let service: Service = clients.get().await?;
    service.create_account("shop", "stack", "the-secret").await?;
    Ok((secret, service, Caller::new(rotate::function()).with_clients(clients).without_logs()))
}

/// Returns the function in a process of its own.
async fn process(secret: &SecretsManager, accounts: &Table) -> Result<Caller<impl RawService + use<>>, BoxError> {
    Ok(Caller::new(rotate::function()).with_clients(secret.clients_for(accounts).await?).without_logs())
}

async fn call(rotate: &Caller<impl RawService>, step: &str, token: &str) -> Result<Value, BoxError> {
    call_for(rotate, "the-secret", step, token).await
}

async fn call_for(rotate: &Caller<impl RawService>, id: &str, step: &str, token: &str) -> Result<Value, BoxError> {
    let event = json!({ "Step": step, "SecretId": id, "ClientRequestToken": token });
    Ok(rotate.call(event).await?)
}

/// The key of the version with a staging label; empty if there is none.
fn staged(secret: &SecretsManager, stage: &str) -> String {
    secret.value(stage).and_then(|version| version["key"].as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn a_rotation_changes_the_key_and_callers_are_not_interrupted() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    for token in ["second", "third"] {
        let before = staged(&secret, "AWSCURRENT");
        secret.begin(token);
        for step in STEPS {
            assert!(accepts(&service, "shop", &before).await?, "the current key, before {step}");
            call(&rotate, step, token).await?;
        }
        let after = staged(&secret, "AWSCURRENT");
        assert!(after.len() == 64 && after != before);
        assert!(accepts(&service, "shop", &after).await?, "the new key");
        assert!(accepts(&service, "shop", &before).await?, "the previous key, until the next rotation");
        assert_eq!(staged(&secret, "AWSPREVIOUS"), before);
        assert_eq!(secret.value("AWSCURRENT").map(|version| version["account"].clone()), Some(json!("shop")));
    }
    assert!(!accepts(&service, "shop", "one").await?, "the key before the previous one");
    Ok(())
}

#[tokio::test]
async fn each_step_may_be_repeated_and_the_rotation_started_again_after_each() -> TestResult {
    for repeated_after in 1..=STEPS.len() {
        let (secret, service, rotate) = deployed().await?;
        secret.begin("second");
        for step in &STEPS[..repeated_after] {
            call(&rotate, step, "second").await?;
            call(&rotate, step, "second").await?;
        }
        let pending = staged(&secret, "AWSPENDING");
        // Secrets Manager starts again with the same version.
        for step in STEPS.into_iter().chain(STEPS) {
            call(&rotate, step, "second").await?;
        }
        let current = staged(&secret, "AWSCURRENT");
        assert_eq!(current, pending, "the first pending key is kept, after {repeated_after} steps");
        assert!(accepts(&service, "shop", &current).await?);
        assert_eq!(secret.state().puts, 1);
    }
    Ok(())
}

#[tokio::test]
async fn of_two_deliveries_of_a_step_the_first_key_counts() -> TestResult {
    let (secret, _, rotate) = deployed().await?;
    secret.begin("second");
    secret.state().rival = Some(json!({ "account": "shop", "key": "rival" }).to_string());
    call(&rotate, "createSecret", "second").await?;
    assert_eq!(staged(&secret, "AWSPENDING"), "rival");
    Ok(())
}

/// As AWS's template does: <https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas>.
#[tokio::test]
async fn a_value_is_read_by_its_version_and_its_staging_label() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    secret.state().reads.clear();
    secret.begin("second");
    for step in STEPS {
        call(&rotate, step, "second").await?;
    }
    let reads = std::mem::take(&mut secret.state().reads);
    let (pending, current) = (json!(["second", "AWSPENDING"]), json!(["first", "AWSCURRENT"]));
    for read in &reads {
        let version = json!([read["VersionId"], read["VersionStage"]]);
        assert!(version == pending || version == current || version[1] == "AWSPREVIOUS", "{read}");
    }
    assert!(reads.len() >= 7, "{reads:?}");

    // Another rotation begins between the check of the step and its read, and has a key already.
    secret.begin("fourth");
    call(&rotate, "createSecret", "fourth").await?;
    let of_fourth = staged(&secret, "AWSPENDING");
    secret.begin("third");
    call(&rotate, "createSecret", "third").await?;
    for step in ["setSecret", "testSecret", "finishSecret"] {
        secret.begin("third");
        secret.state().other = Some("fourth".to_owned());
        call(&rotate, step, "third").await.expect_err("the version is no longer pending");
        assert!(!accepts(&service, "shop", &of_fourth).await?, "{step}");
    }
    Ok(())
}

#[tokio::test]
async fn a_step_of_an_older_rotation_changes_nothing() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    secret.begin("second");
    call(&rotate, "createSecret", "second").await?;
    secret.begin("third");
    call(&rotate, "createSecret", "third").await?;
    for token in ["second", "unknown"] {
        for step in STEPS {
            let error = call(&rotate, step, token).await.expect_err("an older rotation");
            assert!(error.to_string().contains("a newer rotation has begun"), "{error}");
        }
    }
    assert!(!accepts(&service, "shop", &staged(&secret, "AWSPENDING")).await?, "no step has set it");
    assert_eq!(staged(&secret, "AWSCURRENT"), "one");
    assert_eq!(secret.state().puts, 2);
    Ok(())
}

#[tokio::test]
async fn a_secret_whose_rotation_was_cancelled_is_not_rotated() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    secret.begin("second");
    call(&rotate, "createSecret", "second").await?;
    secret.state().is_disabled = true;
    for step in STEPS {
        let error = call(&rotate, step, "second").await.expect_err("it is cancelled");
        assert!(error.to_string().contains("the rotation of the secret is not enabled"), "{error}");
    }
    assert!(!accepts(&service, "shop", &staged(&secret, "AWSPENDING")).await?);
    assert_eq!(staged(&secret, "AWSCURRENT"), "one");
    Ok(())
}

#[tokio::test]
async fn a_key_that_the_service_does_not_accept_does_not_become_the_current_one() -> TestResult {
    let (secret, _, rotate) = deployed().await?;
    secret.begin("second");
    call(&rotate, "createSecret", "second").await?;
    for step in ["testSecret", "finishSecret"] {
        let error = call(&rotate, step, "second").await.expect_err("setSecret did not run");
        assert!(error.to_string().contains("the pending key is not accepted"), "{error}");
    }
    call(&rotate, "setSecret", "second").await?;
    assert!(call(&rotate, "anotherStep", "second").await.is_err());
    assert_eq!(staged(&secret, "AWSCURRENT"), "one");
    Ok(())
}

/// Rotates without a failure.
async fn rotate_from(
    secret: &SecretsManager,
    rotate: &Caller<impl RawService>,
    service: &Service,
    id: &str,
    token: &str,
) -> TestResult {
    secret.begin(token);
    for step in STEPS {
        call_for(rotate, id, step, token).await?;
        assert!(accepts(service, "shop", &staged(secret, "AWSCURRENT")).await?, "after {step} of {token}");
    }
    Ok(())
}

/// Rotates without a failure, and checks that the service then accepts the current and the previous key only.
async fn rotates(
    secret: &SecretsManager,
    rotate: &Caller<impl RawService>,
    service: &Service,
    token: &str,
) -> TestResult {
    rotate_from(secret, rotate, service, "the-secret", token).await?;
    has_two_keys(secret, service, token).await
}

async fn has_two_keys(secret: &SecretsManager, service: &Service, after: &str) -> TestResult {
    let mut expected = ["AWSCURRENT", "AWSPREVIOUS"].map(|stage| digest(&staged(secret, stage)));
    expected.sort();
    assert_eq!(accepted(service, "shop").await?, expected, "after {after}");
    Ok(())
}

/// As AWS's templates do. The operator has stored a key, and the service does not know it.
#[tokio::test]
async fn if_the_current_key_is_refused_the_previous_one_must_be_accepted() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    secret.set_current(&json!({ "account": "shop", "key": "unknown" }));
    secret.begin("second");
    for step in STEPS {
        call(&rotate, step, "second").await?;
        assert!(accepts(&service, "shop", "one").await?, "callers use it: {step}");
        assert!(!accepts(&service, "shop", "unknown").await?);
    }
    assert!(accepts(&service, "shop", &staged(&secret, "AWSCURRENT")).await?);
    rotates(&secret, &rotate, &service, "third").await?;

    for key in ["unknown", "also unknown"] {
        secret.set_current(&json!({ "account": "shop", "key": key }));
    }
    secret.begin("fourth");
    call(&rotate, "createSecret", "fourth").await?;
    let error = call(&rotate, "setSecret", "fourth").await.expect_err("neither is accepted").to_string();
    assert!(error.contains("accepts neither the current nor the previous key"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_previous_version_that_is_no_account_does_not_stop_a_rotation() -> TestResult {
    for text in ["plain text", "{}", r#"{"account":"another","key":"one"}"#, "[1]"] {
        let (secret, service, rotate) = deployed().await?;
        let current = json!({ "account": "shop", "key": "one" });
        secret.set_current_text(text.to_owned());
        secret.set_current(&current);
        for token in ["second", "third"] {
            rotate_from(&secret, &rotate, &service, "the-secret", token).await?;
        }
        rotates(&secret, &rotate, &service, "fourth").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_rotation_replaces_the_key_and_keeps_the_other_members() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    let members =
        json!({ "account": "shop", "endpoint": "https://partner.example.com", "ids": [1, { "key": "x" }], "": null });
    let mut expected = members.clone();
    expected["key"] = "one".into();
    secret.set_current(&expected);
    for token in ["second", "third"] {
        rotate_from(&secret, &rotate, &service, "the-secret", token).await?;
        expected["key"] = staged(&secret, "AWSCURRENT").into();
        assert!(secret.value("AWSCURRENT") == Some(expected.clone()), "another member is lost");
    }
    Ok(())
}

#[tokio::test]
async fn a_pending_version_of_another_account_is_refused() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    let other = SecretsManager::with_version("of the bank", &json!({ "account": "bank", "key": "key of the bank" }));
    let bank: Service = other.clients_for(&service.accounts).await?.get().await?;
    bank.create_account("bank", "another stack", "its-secret").await?;
    secret.begin("second");
    secret.state().rival = Some(json!({ "account": "bank", "key": "key of the bank" }).to_string());
    call(&rotate, "createSecret", "second").await?;
    for step in ["setSecret", "testSecret", "finishSecret"] {
        let error = call(&rotate, step, "second").await.expect_err("it is another account").to_string();
        assert!(error.contains("the pending version is of another account"), "{error}");
    }
    assert_eq!(secret.value("AWSCURRENT").map(|version| version["account"].clone()), Some(json!("shop")));
    assert_eq!(accepted(&service, "bank").await?, [digest("key of the bank")]);
    Ok(())
}

/// With the developer's credentials, a local run would rotate a secret that is in use, with an account that is in memory.
#[tokio::test]
async fn a_local_run_rotates_no_secret() -> TestResult {
    let clients = Clients::new();
    let rotate = Caller::new(rotate::function()).with_clients(clients.clone()).without_logs();
    rotate.warm_up().await;
    assert!(clients.contains::<Service>(), "it is ready before the first event");
    assert!(!clients.contains::<aws_sdk_secretsmanager::Client>(), "no client of AWS exists");
    for step in STEPS {
        let error = call(&rotate, step, "second").await.expect_err("a local run");
        assert!(error.to_string().contains("a local run without ACCOUNTS_TABLE rotates no secret"), "{error}");
    }
    Ok(())
}
