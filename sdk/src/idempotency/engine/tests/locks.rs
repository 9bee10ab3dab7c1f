//! The lifetime of a lock; no other call runs while it lasts.

use super::*;

/// The lock of a call that runs.
async fn begun(idempotency: &Idempotency, deadline: Option<SystemTime>) -> Running {
    match idempotency.begin(&document(json!("order")), deadline).await.unwrap() {
        Begun::Run(running) => running,
        other => panic!("{other:?}"),
    }
}

async fn is_in_progress(idempotency: &Idempotency) -> bool {
    idempotency.begin(&document(json!("order")), None).await.is_err_and(|error| error.is_in_progress())
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_longer_than_an_answer_is_kept_has_its_lock_to_the_end() {
    for format in [KeyFormat::Python, KeyFormat::TypeScript] {
        let idempotency = with(MemoryStore::new()).format(format).expires_after(Duration::from_secs(1));
        let deadline = (idempotency.settings.clock)() + Duration::from_millis(60_250);
        let running = begun(&idempotency, Some(deadline)).await;
        for _ in 0..60 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(is_in_progress(&idempotency).await);
        }
        running.complete(&RawValue::from_string("1".into()).unwrap()).await.unwrap();
        let replayed = idempotency.begin(&document(json!("order")), None).await.unwrap();
        assert!(matches!(replayed, Begun::Replay(_)), "{replayed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_past_counts_as_none() {
    let idempotency = with(MemoryStore::new()).lock_for(Duration::from_secs(10));
    let now = (idempotency.settings.clock)();
    for past in [now, now - Duration::from_millis(1), now - Duration::from_secs(3600), UNIX_EPOCH] {
        let running = begun(&idempotency, Some(past)).await;
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(is_in_progress(&idempotency).await, "{past:?}");
        running.release().await;
    }
}

#[tokio::test(start_paused = true)]
async fn times_without_end_are_those_of_the_year_9999() {
    for (expires_after, lock_for) in
        [(Duration::MAX, Duration::MAX), (Duration::from_secs(u64::MAX / 2), Duration::ZERO)]
    {
        let store = MemoryStore::new();
        let idempotency = with(store.clone()).expires_after(expires_after).lock_for(lock_for);
        for deadline in [None, Some(UNIX_EPOCH + Duration::from_secs(1 << 62))] {
            let running = begun(&idempotency, deadline).await;
            assert_eq!(store.all()[0].expiration, 253_402_300_799, "{deadline:?}");
            running.release().await;
        }
        let running = begun(&idempotency, None).await;
        running.complete(&RawValue::from_string("1".into()).unwrap()).await.unwrap();
        tokio::time::advance(Duration::from_secs(1 << 31)).await;
        assert!(matches!(idempotency.begin(&document(json!("order")), None).await.unwrap(), Begun::Replay(_)));
    }
}

/// A store whose response to a lock arrives after its expiry: the sandbox was frozen in between.
#[derive(Clone)]
struct Frozen(MemoryStore, Arc<AtomicU32>);

impl Store for Frozen {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
        let locked = Store::lock(&self.0, lock, now).await;
        if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        locked
    }

    async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
        Store::get(&self.0, lock).await
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        Store::complete(&self.0, lock, completion).await
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        Store::release(&self.0, lock).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_lock_ended_before_it_began_does_not_run_beside_another() {
    let store = Frozen(MemoryStore::new(), Arc::default());
    let idempotency = with(store.clone()).lock_for(Duration::from_secs(7200));
    let deadline = (idempotency.settings.clock)() + Duration::from_secs(5);
    let order = document(json!("order"));
    let (frozen, other) = tokio::join!(idempotency.begin(&order, Some(deadline)), async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        idempotency.begin(&order, None).await
    });
    assert!(matches!(other.unwrap(), Begun::Run(_)));
    assert!(frozen.unwrap_err().is_in_progress());
}
