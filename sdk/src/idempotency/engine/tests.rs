mod faults;
mod locks;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use futures_util::FutureExt as _;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::BoxError;
use crate::core::expression::Document;
use crate::idempotency::store::{Completion, Lock, LockOutcome, MemoryStore};

/// A time of day that goes with tokio's clock.
fn wall() -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let start = Instant::now();
    move || UNIX_EPOCH + Duration::from_millis(1_704_164_645_750) + start.elapsed()
}

fn with(store: impl Store) -> Idempotency {
    Idempotency::new(store, "f").clock(wall())
}

fn document(value: Value) -> Document {
    Document::of(&value).unwrap()
}

/// Calls that count how often they ran.
#[derive(Default)]
struct Effect(AtomicU32);

impl Effect {
    async fn run(&self, idempotency: &Idempotency, document: &Document) -> Result<u32, BoxError> {
        idempotency.run(document, None, || async { Ok(self.0.fetch_add(1, Ordering::Relaxed) + 1) }).await
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

fn reason(error: BoxError) -> IdempotencyError {
    *error.downcast().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_gets_the_recorded_answer_until_it_expires() {
    let idempotency = with(MemoryStore::new()).key("id").expires_after(Duration::from_secs(60));
    let (effect, order) = (Effect::default(), document(json!({ "id": 1 })));
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 1, "the second itself still counts");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 2);
    assert_eq!(effect.run(&idempotency, &document(json!({ "id": 2 }))).await.unwrap(), 3, "another key");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_nothing_are_replayed_as_themselves() {
    for (id, answer) in [json!(null), json!(0), json!(false), json!(""), json!([]), json!({})].into_iter().enumerate() {
        let idempotency = with(MemoryStore::new());
        let runs = AtomicU32::new(0);
        for _ in 0..2 {
            let work = || async {
                runs.fetch_add(1, Ordering::Relaxed);
                Ok::<_, IdempotencyError>(answer.clone())
            };
            assert_eq!(idempotency.run(&document(json!([id])), None, work).await.unwrap(), answer);
        }
        assert_eq!(runs.into_inner(), 1, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_or_panics_or_is_given_up_leaves_no_record() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone());
    let order = document(json!("order"));

    let failed = idempotency.run(&order, None, || async { Err::<(), BoxError>("declined".into()) }).await;
    assert_eq!(failed.unwrap_err().to_string(), "declined");
    assert!(store.all().is_empty());

    let panicking = idempotency.run(&order, None, || async { panic!("boom") as Result<(), BoxError> });
    AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert!(store.all().is_empty());

    let endless = idempotency.run(&order, None, std::future::pending::<Result<(), BoxError>>);
    tokio::time::timeout(Duration::from_secs(1), endless).await.unwrap_err();
    tokio::task::yield_now().await;
    assert!(store.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_calls_at_once_one_runs_and_the_other_is_told_so() {
    let idempotency = with(MemoryStore::new());
    let (effect, order) = (Effect::default(), document(json!("order")));
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        effect.0.fetch_add(1, Ordering::Relaxed);
        Ok::<_, BoxError>(7)
    };
    let (first, second) =
        tokio::join!(idempotency.run(&order, None, slow), async { idempotency.run(&order, None, slow).await });
    assert_eq!(first.unwrap(), 7);
    assert!(reason(second.unwrap_err()).is_in_progress());
    assert_eq!(effect.count(), 1);
    assert_eq!(idempotency.run(&order, None, slow).await.unwrap(), 7, "afterwards it has the answer");
}

#[tokio::test(start_paused = true)]
async fn a_lock_ends_with_the_invocation_and_a_late_call_changes_nothing() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone());
    let order = document(json!("order"));
    let deadline = (idempotency.settings.clock)() + Duration::from_secs(3);
    let Begun::Run(late) = idempotency.begin(&order, Some(deadline)).await.unwrap() else { panic!("it is the first") };
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(idempotency.begin(&order, None).await.unwrap_err().is_in_progress(), "the last millisecond still counts");
    tokio::time::advance(Duration::from_millis(1)).await;

    let Begun::Run(other) = idempotency.begin(&order, None).await.unwrap() else { panic!("the lock is free") };
    let answer = RawValue::from_string("\"late\"".into()).unwrap();
    assert!(late.complete(&answer).await.unwrap_err().is_lost());
    let answer = RawValue::from_string("\"in time\"".into()).unwrap();
    other.complete(&answer).await.unwrap();
    let Begun::Replay(recorded) = idempotency.begin(&order, None).await.unwrap() else { panic!("it is recorded") };
    assert_eq!(recorded.get(), "\"in time\"");
}

#[tokio::test(start_paused = true)]
async fn a_late_call_that_fails_does_not_release_the_lock_of_another() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone()).lock_for(Duration::from_secs(1));
    let order = document(json!("order"));
    let Begun::Run(late) = idempotency.begin(&order, None).await.unwrap() else { panic!("it is the first") };
    tokio::time::advance(Duration::from_millis(1001)).await;
    let Begun::Run(_other) = idempotency.begin(&order, None).await.unwrap() else { panic!("the lock is free") };
    late.release().await;
    assert!(idempotency.begin(&order, None).await.unwrap_err().is_in_progress());
}

#[tokio::test(start_paused = true)]
async fn two_locks_of_one_key_in_one_invocation_are_not_taken_for_one_another() {
    let idempotency = with(MemoryStore::new());
    let order = document(json!("order"));
    let deadline = Some((idempotency.settings.clock)() + Duration::from_secs(3));
    let lock = |begun| match begun {
        Begun::Run(running) => running,
        other => panic!("{other:?}"),
    };
    let first = lock(idempotency.begin(&order, deadline).await.unwrap());
    let ends = first.lock.as_ref().unwrap().in_progress_expiration;
    first.release().await;
    let second = lock(idempotency.begin(&order, deadline).await.unwrap());
    assert!(second.lock.as_ref().unwrap().in_progress_expiration > ends);
    second.release().await;
}

#[tokio::test(start_paused = true)]
async fn a_different_payload_with_the_same_key_is_rejected_also_from_the_cache() {
    for cache in [0, 10] {
        let idempotency = with(MemoryStore::new()).key("id").payload("amount").cache(cache);
        let effect = Effect::default();
        let order = |amount: u32| document(json!({ "id": "x", "amount": amount }));
        assert_eq!(effect.run(&idempotency, &order(1)).await.unwrap(), 1);
        assert!(reason(effect.run(&idempotency, &order(2)).await.unwrap_err()).is_payload_mismatch());
        assert_eq!(effect.run(&idempotency, &order(1)).await.unwrap(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_key_runs_or_is_rejected() {
    let (effect, nothing) = (Effect::default(), document(json!({ "id": null })));
    let store = MemoryStore::new();
    let lenient = with(store.clone()).key("id");
    assert_eq!(effect.run(&lenient, &nothing).await.unwrap(), 1);
    assert_eq!(effect.run(&lenient, &nothing).await.unwrap(), 2);
    assert!(store.all().is_empty());
    let error = effect.run(&lenient.require_key(), &nothing).await.unwrap_err();
    assert!(reason(error).is_key_error());
    assert_eq!(effect.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cached_answer_asks_the_store_nothing_and_expires_with_its_record() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone()).cache(1).expires_after(Duration::from_secs(10));
    let effect = Effect::default();
    let (a, b) = (document(json!("a")), document(json!("b")));
    assert_eq!(effect.run(&idempotency, &a).await.unwrap(), 1);
    let record = store.all().remove(0);
    store.insert(IdempotencyRecord { data: Some("99".into()), ..record });
    assert_eq!(effect.run(&idempotency, &a).await.unwrap(), 1, "from the cache");
    assert_eq!(effect.run(&idempotency, &b).await.unwrap(), 2, "which holds one key");
    assert_eq!(effect.run(&idempotency, &a).await.unwrap(), 99, "from the store");
    tokio::time::advance(Duration::from_secs(12)).await;
    assert_eq!(effect.run(&idempotency, &a).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cached_answer_does_not_outlive_its_record_where_the_wall_clock_is_set_back() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_164_645);
    let wall = Arc::new(Mutex::new(start));
    let clock = Arc::clone(&wall);
    let idempotency = Idempotency::new(MemoryStore::new(), "f").cache(1).clock(move || *clock.lock().unwrap());
    let idempotency = idempotency.expires_after(Duration::from_secs(10));
    let (effect, order) = (Effect::default(), document(json!({ "id": 1 })));
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 1);
    *wall.lock().unwrap() = start - Duration::from_secs(3600);
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(12)).await;
    assert!(
        idempotency.cached(&first_id(&idempotency), start).is_none(),
        "the monotonic clock shows that it is expired"
    );
    *wall.lock().unwrap() = start + Duration::from_secs(3600);
    assert_eq!(effect.run(&idempotency, &order).await.unwrap(), 2, "so does the wall clock after a freeze");
}

fn first_id(idempotency: &Idempotency) -> String {
    let cache = idempotency.settings.cache.as_ref().unwrap().lock().unwrap();
    cache.iter().next().unwrap().0.clone()
}

#[tokio::test(start_paused = true)]
async fn the_hook_sees_replays_only() {
    let idempotency = with(MemoryStore::new()).on_replay(|answer, record| json!([answer, record.status.as_str()]));
    let order = document(json!("order"));
    let mut answers = Vec::new();
    for _ in 0..2 {
        let work = || async { Ok::<_, BoxError>(json!(1)) };
        answers.push(idempotency.run(&order, None, work).await.unwrap());
    }
    assert_eq!(answers, [json!(1), json!([1, "COMPLETED"])]);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_settings_is_told_by_the_first_call() {
    let error = with(MemoryStore::new()).key("[").begin(&document(json!(1)), None).await.unwrap_err();
    assert!(error.to_string().contains("`[` is not a JMESPath expression"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn turned_off_every_call_runs_and_the_store_is_asked_nothing() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone()).require_key().set(|settings| settings.disabled = true);
    let effect = Effect::default();
    for run in 1..=2 {
        assert_eq!(effect.run(&idempotency, &document(json!("order"))).await.unwrap(), run);
    }
    assert!(store.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn answers_are_recorded_as_python_writes_them_unless_that_would_change_a_number() {
    let store = MemoryStore::new();
    let idempotency = with(store.clone());
    for (id, answer, recorded) in [
        (1, r#"{"z":1,"a":[1.0,2]}"#, r#"{"a": [1.0, 2], "z": 1}"#),
        (2, "18446744073709551617", "18446744073709551617"),
    ] {
        let Begun::Run(running) = idempotency.begin(&document(json!(id)), None).await.unwrap() else { panic!("new") };
        let key = running.lock.as_ref().unwrap().id.clone();
        running.complete(&RawValue::from_string(answer.into()).unwrap()).await.unwrap();
        assert_eq!(store.record(&key).unwrap().data.as_deref(), Some(recorded));
    }
}

#[test]
fn a_table_that_is_not_set_is_in_memory_in_a_local_run_alone() {
    let of_table = |table: Option<&str>, is_local_run| {
        Idempotency::of_table("IDEMPOTENCY_TABLE", table.map(str::to_owned), is_local_run).mistake().map(str::to_owned)
    };
    assert_eq!(of_table(None, true), None);
    assert_eq!(
        of_table(None, false).as_deref(),
        Some("the environment variable IDEMPOTENCY_TABLE is not set, or blank")
    );
    for is_local_run in [false, true] {
        let mistake = of_table(Some("records"), is_local_run);
        assert_eq!(mistake.is_none(), cfg!(feature = "dynamodb"), "{mistake:?}");
    }
}
