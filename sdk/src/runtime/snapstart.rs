//! SnapStart: values that must not be in a snapshot are dropped before it is taken, and recreated in each sandbox that
//! starts from it.
//!
//! A snapshot is taken once, after the init phase, and many sandboxes start from it. The values that the registry
//! created are therefore dropped before it (including connections, credentials and secrets), and those of `warm(..)`
//! are recreated afterwards. Values of `Clients::insert` are kept, without the secrets and parameters that they cache.
//! The cold start is the first invocation after the restore.
//!
//! Sandboxes must not share random numbers either. ring and `uuid` use the operating system, which differs in each
//! sandbox. The standard library uses it once per thread, so the seeds of `HashMap` and `RandomState` on a thread that
//! existed before the snapshot are the same in all sandboxes: do not derive unique or secret values from them.
//! `fastrand`, which the AWS SDK uses for idempotency tokens, has its state in the process and is reseeded. Reseed your
//! own generators, such as the thread generator of `rand`, in [`Function::on_restore`](crate::Function::on_restore).
//!
//! AWS documents SnapStart for managed runtimes only
//! (<https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html>); `lambda_runtime` implements its protocol, as does
//! this module. Without `AWS_LAMBDA_INITIALIZATION_TYPE=snap-start` it does nothing.

use std::sync::{Arc, Mutex, PoisonError};

use lambda_runtime::{BoxFuture, SnapStartResource};

use super::run_hooks;
use crate::core::error::BoxError;
use crate::function::lifecycle::{Hooks, Lifecycle};
#[cfg(feature = "clients")]
use crate::function::warm_ups::WarmUps;

/// The number of yields in which the tasks of dropped connections can close them. One is enough today.
#[cfg(feature = "clients")]
const TURNS: usize = 8;

struct Snapshot {
    #[cfg(feature = "clients")]
    warm: WarmUps,
    before: Mutex<Hooks>,
    after: Mutex<Hooks>,
}

/// Returns the work around the snapshot, if Lambda will take one.
pub(super) fn resource(lifecycle: &mut Lifecycle) -> Option<Arc<dyn SnapStartResource>> {
    let is_snapstart = crate::core::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_some_and(|kind| kind == "snap-start");
    is_snapstart.then(|| {
        let before = Mutex::new(std::mem::take(&mut lifecycle.before_snapshot));
        let after = Mutex::new(std::mem::take(&mut lifecycle.on_restore));
        Arc::new(Snapshot {
            #[cfg(feature = "clients")]
            warm: lifecycle.warm.clone(),
            before,
            after,
        }) as _
    })
}

impl SnapStartResource for Snapshot {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async {
            // The function's own hooks first, since they may still need its clients.
            run(&self.before, "before_snapshot").await?;
            #[cfg(feature = "clients")]
            {
                forget(crate::Clients::global());
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async {
            #[cfg(feature = "_aws")]
            reseed();
            #[cfg(feature = "clients")]
            self.warm.run(crate::Clients::global()).await;
            run(&self.after, "on_restore").await
        })
    }
}

/// Runs all hooks concurrently. A panic is an error, which ends the process: a half-prepared snapshot or sandbox would
/// be worse.
async fn run(hooks: &Mutex<Hooks>, name: &str) -> Result<(), BoxError> {
    let hooks = std::mem::take(&mut *hooks.lock().unwrap_or_else(PoisonError::into_inner));
    match run_hooks(hooks).await {
        true => Ok(()),
        false => Err(format!("a hook of {name} panicked").into()),
    }
}

/// Drops the values that can be recreated, and the secrets and parameters that other values cache.
#[cfg(feature = "clients")]
fn forget(clients: &crate::Clients) {
    clients.forget_made();
    #[cfg(feature = "secrets")]
    if let Some(secrets) = clients.ready::<crate::config::secrets::Secrets>() {
        secrets.clear();
    }
    #[cfg(feature = "parameters")]
    if let Some(parameters) = clients.ready::<crate::config::parameters::Parameters>() {
        parameters.clear();
    }
}

/// Reseeds the generator of this thread, which is the only one that makes requests: SnapStart excludes managed
/// concurrency.
#[cfg(feature = "_aws")]
fn reseed() {
    use std::hash::{BuildHasher, RandomState};
    // Only a thread's first `RandomState` is random; a later one would continue from the snapshot.
    match std::thread::spawn(|| RandomState::new().hash_one(0)).join() {
        Ok(seed) => fastrand::seed(seed),
        Err(_) => tracing::warn!("the generator of the AWS clients' tokens could not be reseeded"),
    }
}

#[cfg(test)]
#[cfg(feature = "clients")]
mod tests {
    use super::*;
    use crate::clients::{Clients, FromClients};

    #[derive(Clone)]
    struct Connection(Arc<()>);

    impl FromClients for Connection {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            Ok(Self(Arc::default()))
        }
    }

    #[derive(Clone)]
    struct Given(Arc<()>);

    impl FromClients for Given {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            Err("it cannot be made".into())
        }
    }

    #[tokio::test]
    async fn what_was_made_is_dropped_and_what_was_given_stays() {
        let clients = Clients::new();
        clients.insert(Given(Arc::default()));
        let made = clients.get::<Connection>().await.unwrap();
        forget(&clients);
        assert_eq!(Arc::strong_count(&made.0), 1, "the registry holds it no more");
        assert!(clients.get::<Given>().await.is_ok_and(|given| Arc::strong_count(&given.0) == 2));
        assert!(!Arc::ptr_eq(&made.0, &clients.get::<Connection>().await.unwrap().0), "it is made again");
    }

    #[cfg(feature = "secrets")]
    #[tokio::test]
    async fn secrets_of_a_source_of_ones_own_are_forgotten_and_fetched_again() {
        use std::sync::atomic::{AtomicU32, Ordering};

        use crate::config::secrets::{ExposeSecret, SecretId, SecretSource, SecretValue, Secrets};

        struct Counted(AtomicU32);

        impl SecretSource for Counted {
            async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
                Ok(SecretValue::from_text(id, self.0.fetch_add(1, Ordering::Relaxed).to_string()))
            }
        }

        let (clients, text) =
            (Clients::new(), |secrets: Secrets| async move { secrets.get("a").text().await.unwrap() });
        clients.insert(Secrets::from_source(Counted(AtomicU32::new(0))));
        let secrets: Secrets = clients.get().await.unwrap();
        assert_eq!(text(secrets.clone()).await.expose_secret(), "0");
        assert_eq!(text(secrets.clone()).await.expose_secret(), "0");
        forget(&clients);
        assert_eq!(text(secrets).await.expose_secret(), "1");
    }

    #[cfg(feature = "_aws")]
    #[test]
    fn two_sandboxes_of_one_snapshot_draw_different_numbers() {
        let draw = || {
            fastrand::seed(7);
            reseed();
            fastrand::u64(..)
        };
        assert_ne!(draw(), draw());
    }

    #[tokio::test]
    async fn a_hook_that_panics_is_an_error_that_names_it() {
        let mut hooks = Hooks::default();
        hooks.add(async || panic!("no"));
        let error = run(&Mutex::new(hooks), "on_restore").await.unwrap_err();
        assert_eq!(error.to_string(), "a hook of on_restore panicked");
    }
}
