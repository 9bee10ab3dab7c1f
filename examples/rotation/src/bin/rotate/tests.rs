#[path = "../../../tests/common/secrets_manager.rs"]
mod secrets_manager;

use std::collections::BTreeMap;

use pilaster::config::secrets::SecretString;
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use self::secrets_manager::SecretsManager;
use super::*;

type TestResult = Result<(), BoxError>;

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A secret with the key `one`, its account, and the function.
async fn deployed() -> Result<(SecretsManager, Service, Caller<impl RawService>), BoxError> {
    let secret = SecretsManager::with_current(&json!({ "account": "shop", "key": "one" }));
    let clients = secret.clients();
    let service: Service = clients.get().await?;
    service.create_account("shop", "stack", &key("one")).await?;
    Ok((secret, service, Caller::new(rotate::function()).with_clients(clients).without_logs()))
}

async fn call(rotate: &Caller<impl RawService>, step: &str, token: &str) -> Result<Value, BoxError> {
    let event = json!({ "Step": step, "SecretId": "the-secret", "ClientRequestToken": token });
    Ok(rotate.call(event).await?)
}

fn key(text: &str) -> SecretString {
    text.to_owned().into()
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
            assert!(service.accepts("shop", &key(&before)).await?, "the current key, before {step}");
            call(&rotate, step, token).await?;
        }
        let after = staged(&secret, "AWSCURRENT");
        assert!(after.len() == 64 && after != before);
        assert!(service.accepts("shop", &key(&after)).await?, "the new key");
        assert!(service.accepts("shop", &key(&before)).await?, "the previous key, until the next rotation");
        assert_eq!(staged(&secret, "AWSPREVIOUS"), before);
        assert_eq!(secret.value("AWSCURRENT").map(|version| version["account"].clone()), Some(json!("shop")));
    }
    assert!(!service.accepts("shop", &key("one")).await?, "the key before the previous one");
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
        assert!(service.accepts("shop", &key(&current)).await?);
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
    secret.begin("second");
    for step in STEPS {
        call(&rotate, step, "second").await?;
    }
    let reads = std::mem::take(&mut secret.state().reads);
    let (pending, current) = (json!(["second", "AWSPENDING"]), json!(["first", "AWSCURRENT"]));
    for read in &reads {
        let version = json!([read["VersionId"], read["VersionStage"]]);
        assert!(version == pending || version == current, "{read}");
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
        assert!(!service.accepts("shop", &key(&of_fourth)).await?, "{step}");
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
    assert!(!service.accepts("shop", &key(&staged(&secret, "AWSPENDING"))).await?, "no step has set it");
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
    assert!(!service.accepts("shop", &key(&staged(&secret, "AWSPENDING"))).await?);
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

/// The step has read both keys, and waits until this rotation and the next one are over.
#[tokio::test]
async fn a_set_that_is_late_by_a_rotation_changes_nothing() -> TestResult {
    let (_, service, _) = deployed().await?;
    let keys = ["one", "two", "three"].map(key);
    service.set_keys("shop", [&keys[1], &keys[0]]).await?;
    service.set_keys("shop", [&keys[2], &keys[1]]).await?;
    service.set_keys("shop", [&keys[1], &keys[0]]).await?;
    assert!(service.accepts("shop", &keys[2]).await? && service.accepts("shop", &keys[1]).await?);
    let error = service.set_keys("shop", [&key("four"), &keys[0]]).await.expect_err("its current key is replaced");
    assert!(error.to_string().contains("does not accept the current key"), "{error}");
    assert!(service.accepts("shop", &keys[2]).await? && !service.accepts("shop", &key("four")).await?);
    Ok(())
}

/// Calls of Secrets Manager fail, before their effect or after it; each step runs twice at once; steps of earlier rotations
/// come again at any time; a rotation is given up and another one begins.
#[tokio::test]
async fn the_current_key_is_accepted_whatever_fails_is_repeated_or_comes_late() -> TestResult {
    let mut ends = BTreeMap::<&str, u32>::new();
    for seed in 1..30_u64 {
        let (secret, service, rotate) = deployed().await?;
        let mut values = BTreeMap::<String, String>::new();
        secret.state().faults = Some(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let below = |limit: usize| usize::try_from(secret.state().below(limit as u64)).expect("a small number");
        let tokens: Vec<_> = (0..4).map(|number| format!("token-{number}")).collect();
        for (at, token) in tokens.iter().enumerate() {
            let before = staged(&secret, "AWSCURRENT");
            secret.begin(token);
            let mut attempts = 0;
            // Secrets Manager starts again with the first step; a rotation with an even number is given up after a while.
            while staged(&secret, "AWSCURRENT") == before && (at % 2 == 1 || attempts < 1 + below(3)) {
                attempts += 1;
                assert!(attempts < 500, "seed {seed}: the rotation does not end");
                for step in STEPS {
                    let late = &tokens[below(at + 1)];
                    let (first, second) = tokio::join!(call(&rotate, step, token), call(&rotate, step, token));
                    let _ = call(&rotate, STEPS[below(4)], late).await;
                    let current = staged(&secret, "AWSCURRENT");
                    assert!(service.accepts("shop", &key(&current)).await?, "seed {seed}: after {step} of {token}");
                    assert!([&before, &staged(&secret, "AWSPENDING")].contains(&&current), "seed {seed}: {step}");
                    for (token, text) in secret.texts() {
                        assert_eq!(
                            values.entry(token).or_insert(text.clone()),
                            &text,
                            "seed {seed}: a version changed"
                        );
                    }
                    if first.is_err() && second.is_err() {
                        break;
                    }
                }
            }
            let is_over = staged(&secret, "AWSCURRENT") != before;
            *ends.entry(if is_over { "rotated" } else { "given up" }).or_default() += 1;
            assert!(!is_over || service.accepts("shop", &key(&before)).await?, "seed {seed}: the previous key");
        }
    }
    assert!(ends.values().all(|times| *times > 20) && ends.len() == 2, "{ends:?}");
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
