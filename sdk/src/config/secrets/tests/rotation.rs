//! Secrets that a service refuses, and their newer version.

use super::*;

#[tokio::test(start_paused = true)]
async fn who_is_refused_gets_a_newer_version_and_all_who_are_refused_share_one_fetch() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let Secret(old) = secrets.typed::<Database>().await.unwrap();
    stub.put("db", r#"{"password": "b"}"#);
    for new in join_all((0..100).map(|_| old.fresh())).await {
        assert_eq!(new.unwrap().password, "b");
    }
    assert_eq!(old.fresh().await.unwrap().password, "b", "found in the cache");
    assert_eq!(password(&secrets).await, "b");
    assert_eq!(stub.fetches(), 2);
    assert_eq!(old.version(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_without_a_newer_version_is_an_error_and_the_source_is_left_alone() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let Secret(old) = secrets.typed::<Database>().await.unwrap();
    for _ in 0..10 {
        let error = old.fresh().await.unwrap_err();
        assert!(error.is_unchanged());
        assert_eq!(error.to_string(), "secret `db` was rejected, and there is no newer version of it");
    }
    assert_eq!(stub.fetches(), 2);
    stub.put("db", r#"{"password": "b"}"#);
    advance(UNCHANGED_PAUSE).await;
    assert_eq!(old.fresh().await.unwrap().password, "b");
}

/// A secret whose value is that of the moment in which the fetch departed, as a slow service gives it; each fetch takes a second.
#[derive(Clone)]
struct Departing(Arc<AtomicUsize>);

impl SecretSource for Departing {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let version = self.0.load(Ordering::SeqCst).to_string();
        sleep(SECOND).await;
        Ok(SecretValue::from_text(id, version.as_str()).with_version(version))
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_departed_before_the_rotation_is_not_the_newer_value() {
    let version = Arc::new(AtomicUsize::new(1));
    let secrets = Secrets::from_source(Departing(Arc::clone(&version)));
    let old = secrets.get("db").value().await.unwrap();
    advance(SECOND * 270).await;
    secrets.get("db").value().await.unwrap();
    sleep(SECOND / 2).await;
    version.store(2, Ordering::SeqCst);
    let new = secrets.fresh(&old).await.unwrap();
    assert_eq!(new.version(), Some("2"));
    assert_eq!(secrets.get("db").value().await.unwrap().version(), Some("2"), "the refresh does not replace it");
}

#[tokio::test(start_paused = true)]
async fn all_who_are_refused_one_after_another_share_one_fetch() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let old = secrets.get("db").value().await.unwrap();
    stub.put("db", r#"{"password": "b"}"#);
    let fresh = (0..50).map(|n| {
        let (secrets, old) = (&secrets, &old);
        async move {
            sleep(Duration::from_millis(n)).await;
            secrets.fresh(old).await
        }
    });
    for new in join_all(fresh).await {
        assert_eq!(new.unwrap().version(), Some("2"));
    }
    assert_eq!(stub.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_pause_after_an_unchanged_secret_ends_while_the_sandbox_is_frozen() {
    let stub = Stub::with("db", r#"{"password": "a"}"#);
    let secrets = stub.secrets();
    let old = secrets.get("db").value().await.unwrap();
    assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    stub.put("db", r#"{"password": "b"}"#);
    crate::core::clock::freeze(UNCHANGED_PAUSE);
    assert_eq!(secrets.fresh(&old).await.unwrap().version(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn without_a_time_to_live_a_refused_secret_is_asked_for_once_and_then_left_alone() {
    let stub = Stub::with("db", "a");
    let secrets = stub.secrets().time_to_live(Duration::ZERO);
    let old = secrets.get("db").value().await.unwrap();
    for _ in 0..10 {
        assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    }
    assert_eq!(stub.fetches(), 2);
    stub.put("db", "b");
    advance(UNCHANGED_PAUSE).await;
    assert_eq!(secrets.fresh(&old).await.unwrap().version(), Some("2"));
    assert_eq!(stub.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_written_is_newer_also_in_the_pause() {
    let secrets = Secrets::from_source(Slow(Arc::new(Mutex::new("old".to_owned()))));
    let old = secrets.get("key").value().await.unwrap();
    assert!(secrets.fresh(&old).await.unwrap_err().is_unchanged());
    secrets.set("key", "new").await.unwrap();
    assert_eq!(secrets.fresh(&old).await.unwrap().text().unwrap().expose_secret(), "new");
}
