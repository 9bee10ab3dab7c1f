//! Steps that are late, in rotations of one secret, and of one that replaces it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use pilaster::config::secrets::SecretId;
use rotation::Credentials;

use super::*;

/// What a step has read before it writes.
async fn read(service: &Service, token: &str) -> Result<([SecretId; 3], Credentials, Credentials), BoxError> {
    let versions = service.versions("the-secret", token).await?.ok_or("it is the current version")?;
    let (current, pending) = (service.value(&versions[0]).await?, service.value(&versions[1]).await?);
    Ok((versions, current, pending))
}

/// The step has read both keys, and waits until its rotation was cancelled and one or two others are over.
#[tokio::test]
async fn a_set_of_a_cancelled_rotation_that_is_late_keeps_the_current_key() -> TestResult {
    for others in [&["third"][..], &["third", "fourth"], &[]] {
        let (secret, service, rotate) = deployed().await?;
        secret.begin("second");
        call(&rotate, "createSecret", "second").await?;
        let (versions, current, pending) = read(&service, "second").await?;
        for token in others {
            rotates(&secret, &rotate, &service, token).await?;
        }
        let before = accepted(&service, "shop").await?;
        let late = service.set_key(&versions, [&current, &pending]).await;
        if others.len() == 2 {
            let error = late.expect_err("its current key is no longer accepted").to_string();
            assert!(error.contains("accepts neither the current nor the previous key"), "{error}");
            assert_eq!(accepted(&service, "shop").await?, before);
        }
        assert!(accepts(&service, "shop", &staged(&secret, "AWSCURRENT")).await?, "after {others:?}");
        // What the late call has added could become current until another version is; the rotation after that one ends it.
        rotate_from(&secret, &rotate, &service, "the-secret", "fifth").await?;
        rotates(&secret, &rotate, &service, "sixth").await?;
    }
    Ok(())
}

/// The step has checked the pending key, and waits until its rotation was cancelled and the next one has set its key.
#[tokio::test]
async fn a_finish_of_a_cancelled_rotation_that_is_late_makes_an_accepted_key_the_current_one() -> TestResult {
    let (secret, service, rotate) = deployed().await?;
    secret.begin("second");
    for step in ["createSecret", "setSecret", "testSecret"] {
        call(&rotate, step, "second").await?;
    }
    let (versions, _, pending) = read(&service, "second").await?;
    assert!(service.is_set(&versions, &pending).await?);
    secret.begin("third");
    for step in ["createSecret", "setSecret"] {
        call(&rotate, step, "third").await?;
    }
    let third = staged(&secret, "AWSPENDING");
    service.finish(&versions).await?;
    assert!(accepts(&service, "shop", &staged(&secret, "AWSCURRENT")).await?);
    // The key was set while another version was current, so Secrets Manager must start again.
    for step in ["testSecret", "finishSecret"] {
        call(&rotate, step, "third").await.expect_err("it is not set");
    }
    rotates(&secret, &rotate, &service, "third").await?;
    assert_eq!(staged(&secret, "AWSCURRENT"), third, "with the key that it has");
    Ok(())
}

/// The template has another secret: CloudFormation updates the account, then deletes the old secret with its schedule.
#[tokio::test]
async fn a_replaced_secret_is_not_rotated_and_its_key_is_accepted_until_the_second_rotation_of_the_new_one()
-> TestResult {
    for begun in 0..STEPS.len() {
        let (secret, service, rotate) = deployed().await?;
        rotates(&secret, &rotate, &service, "second").await?;
        secret.begin("third");
        for step in &STEPS[..begun] {
            call(&rotate, step, "third").await?;
        }
        let old = staged(&secret, "AWSCURRENT");
        let new = SecretsManager::with_version("new first", &json!({ "account": "shop", "key": "of the new secret" }));
        let new_service: Service = new.clients_for(&service.accounts).await?.get().await?;
        let new_rotate = process(&new, &service.accounts).await?;
        for _ in ["sent", "sent again"] {
            new_service.create_account("shop", "stack", "the-new-secret").await?;
        }
        call(&rotate, "createSecret", "third").await?;
        for step in ["setSecret", "testSecret", "finishSecret"] {
            call(&rotate, step, "third").await.expect_err("it is replaced");
        }
        assert_eq!(staged(&secret, "AWSCURRENT"), old);
        for token in ["new second", "new third"] {
            assert!(accepts(&service, "shop", &old).await?, "callers may still have it: {token}");
            rotate_from(&new, &new_rotate, &service, "the-new-secret", token).await?;
        }
        has_two_keys(&new, &service, "the second rotation").await?;
    }
    Ok(())
}

/// A step in a process of its own, which may stop between any two calls.
type Late = Pin<Box<dyn Future<Output = ()>>>;

async fn late(
    secret: &SecretsManager,
    accounts: &Table,
    id: &'static str,
    step: &'static str,
    token: String,
) -> Result<Late, BoxError> {
    let rotate = process(secret, accounts).await?;
    Ok(Box::pin(async move {
        let _ = call_for(&rotate, id, step, &token).await;
    }))
}

/// Lets a step go on for a while. Returns `true` if it has ended.
async fn goes_on(step: &mut Late, polls: usize) -> bool {
    for _ in 0..polls {
        tokio::task::yield_now().await;
        if step.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
    }
    false
}

/// Calls of Secrets Manager fail, before their effect or after it; each step runs twice at once; steps of earlier rotations
/// come again at any time, or stop in the middle and go on when other rotations are over; a rotation is given up and another
/// one begins; the secret is replaced, and steps of the old one go on.
#[tokio::test]
async fn the_current_key_is_accepted_whatever_fails_is_repeated_or_comes_late() -> TestResult {
    let (mut ends, mut by_late, mut longest) = (BTreeMap::<&str, u32>::new(), 0, 0);
    for seed in 1..21_u64 {
        let (old, service, _) = deployed().await?;
        let old_rotate = process(&old, &service.accounts).await?;
        let new = SecretsManager::with_version("new first", &json!({ "account": "shop", "key": "of the new secret" }));
        let new_rotate = process(&new, &service.accounts).await?;
        let below = |limit: usize| usize::try_from(old.state().below(limit as u64)).expect("a small number");
        let (has_late, is_replaced) = (seed % 3 > 0, seed % 2 == 0);
        let mut values = BTreeMap::<String, String>::new();
        let mut steps = Vec::<Late>::new();
        for (secret, id, prefix) in [(&old, "the-secret", "token"), (&new, "the-new-secret", "new")] {
            let is_new = prefix == "new";
            if is_new && !is_replaced {
                break;
            }
            if is_new {
                new.state().faults = None;
                let service: Service = new.clients_for(&service.accounts).await?.get().await?;
                service.create_account("shop", "stack", id).await?;
            }
            for secret in [&old, &new] {
                secret.state().faults = Some((seed + u64::from(is_new)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            }
            let rotate = if is_new { &new_rotate } else { &old_rotate };
            let tokens: Vec<_> = (0..5).map(|number| format!("{prefix}-{number}")).collect();
            for (at, token) in tokens.iter().enumerate() {
                let before = staged(secret, "AWSCURRENT");
                secret.begin(token);
                let mut attempts = 0;
                // Secrets Manager starts again with the first step; a rotation with an even number is given up after a while.
                while staged(secret, "AWSCURRENT") == before && (at % 2 == 1 || attempts < 1 + below(3)) {
                    attempts += 1;
                    assert!(attempts < 500, "seed {seed}: the rotation does not end");
                    for step in STEPS {
                        let earlier = &tokens[below(at + 1)];
                        let (first, second) =
                            tokio::join!(call_for(rotate, id, step, token), call_for(rotate, id, step, token));
                        let _ = call_for(rotate, id, STEPS[below(4)], earlier).await;
                        let finished = secret.state().finished;
                        if has_late && below(2) == 0 {
                            let mut step = late(secret, &service.accounts, id, STEPS[below(4)], token.clone()).await?;
                            if !goes_on(&mut step, below(20)).await {
                                steps.push(step);
                            }
                            if !steps.is_empty() && below(4) == 0 {
                                let mut step = steps.swap_remove(below(steps.len()));
                                if !goes_on(&mut step, [below(40), 1_000][below(2)]).await {
                                    steps.push(step);
                                }
                            }
                        }
                        by_late += secret.state().finished - finished;
                        longest = longest.max(steps.len());

                        let seen = format!("seed {seed}: after {step} of {token}");
                        let current = staged(secret, "AWSCURRENT");
                        assert!(accepts(&service, "shop", &current).await?, "{seen}");
                        if is_new && staged(&new, "AWSPREVIOUS").is_empty() {
                            assert!(
                                accepts(&service, "shop", &staged(&old, "AWSCURRENT")).await?,
                                "{seen}: the old secret"
                            );
                        }
                        assert!(has_late || [&before, &staged(secret, "AWSPENDING")].contains(&&current), "{seen}");
                        for (token, text) in old.texts().into_iter().chain(new.texts()) {
                            assert!(*values.entry(token).or_insert(text.clone()) == text, "{seen}: a version changed");
                        }
                        if first.is_err() && second.is_err() {
                            break;
                        }
                    }
                }
                let is_over = staged(secret, "AWSCURRENT") != before;
                *ends.entry(if is_over { "rotated" } else { "given up" }).or_default() += 1;
                let is_kept = has_late || accepts(&service, "shop", &before).await?;
                assert!(!is_over || is_kept, "seed {seed}: the previous key");
            }
        }
        // What was late ends; then nothing of it is left after two rotations without a failure.
        for mut step in steps {
            assert!(goes_on(&mut step, 10_000).await);
        }
        let (secret, rotate, id) =
            if is_replaced { (&new, &new_rotate, "the-new-secret") } else { (&old, &old_rotate, "the-secret") };
        secret.state().faults = None;
        for token in ["last but one", "last"] {
            secret.begin(token);
            for step in STEPS {
                call_for(rotate, id, step, token).await?;
                assert!(
                    accepts(&service, "shop", &staged(secret, "AWSCURRENT")).await?,
                    "seed {seed}: {step} of {token}"
                );
            }
        }
        let mut expected = ["AWSCURRENT", "AWSPREVIOUS"].map(|stage| digest(&staged(secret, stage)));
        expected.sort();
        assert_eq!(accepted(&service, "shop").await?, expected, "seed {seed}");
    }
    assert!(ends.values().all(|times| *times > 10) && ends.len() == 2, "{ends:?}");
    assert!(
        by_late > 10 && longest > 4,
        "{by_late} rotations were finished by a late step, {longest} were open at once"
    );
    Ok(())
}
