//! The store fails, hangs or loses its responses between any two steps, by a seed.

use std::sync::Mutex;

use super::*;

/// A small generator (splitmix64), so that a seed says what happens.
struct Chance(Mutex<u64>);

impl Chance {
    fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A store whose every step may fail before or after it had its effect, or take a while.
#[derive(Clone)]
struct Faulty {
    store: MemoryStore,
    chance: Arc<Chance>,
}

impl Faulty {
    async fn step<T>(&self, step: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        let delay = Duration::from_millis(self.chance.below(400));
        match self.chance.below(8) {
            0 => return Err("connection reset before the request".into()),
            1 => {
                step.await?;
                return Err("connection reset after the request".into());
            }
            2 => {
                step.await?;
                tokio::time::sleep(delay).await;
                return Err("timed out".into());
            }
            3 => tokio::time::sleep(delay).await,
            4 => {
                let result = step.await;
                tokio::time::sleep(delay).await;
                return result;
            }
            _ => {}
        }
        step.await
    }
}

impl Store for Faulty {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
        let locked = self.step(Store::lock(&self.store, lock, now)).await?;
        // Some stores do not return the record that holds the key.
        let silent = self.chance.below(2) == 0;
        Ok(if silent && locked != LockOutcome::Acquired { LockOutcome::Held(None) } else { locked })
    }

    async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
        self.step(Store::get(&self.store, lock)).await
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        self.step(Store::complete(&self.store, lock, completion)).await
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        self.step(Store::release(&self.store, lock)).await
    }
}

/// The result of one call, and how often it had its effect.
async fn call(
    idempotency: &Idempotency,
    order: &Document,
    effect: &Effect,
    takes: Duration,
    fails: bool,
) -> Option<u32> {
    let work = || async {
        tokio::time::sleep(takes).await;
        if fails {
            return Err::<u32, BoxError>("declined".into());
        }
        Ok(effect.0.fetch_add(1, Ordering::Relaxed) + 1)
    };
    idempotency.run(order, None, work).await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_seeds_of_faults_have_the_effect_once_or_tell_an_error() {
    let (mut effects, mut answered, mut refused) = (0, 0, 0);
    for seed in 0..1000 {
        let chance = Arc::new(Chance(Mutex::new(seed)));
        let idempotency = with(Faulty { store: MemoryStore::new(), chance: Arc::clone(&chance) });
        let (effect, order) = (Effect::default(), document(json!("order")));
        let once = || {
            let (takes, fails) = (Duration::from_millis(chance.below(300)), chance.below(5) == 0);
            call(&idempotency, &order, &effect, takes, fails)
        };
        // Two first calls at once, then the retries of a queue or a client, all within the lock.
        let (first, second) = tokio::join!(once(), once());
        let mut answers = vec![first, second];
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(chance.below(500))).await;
            answers.push(once().await);
        }
        let answers_got = answers.iter().flatten().copied().collect::<Vec<_>>();
        assert!(effect.count() <= 1, "seed {seed}: {} effects", effect.count());
        assert!(answers_got.iter().all(|answer| *answer == 1), "seed {seed}: {answers:?}");
        assert!(effect.count() == 1 || answers_got.is_empty(), "seed {seed}: an answer without the effect");
        effects += effect.count();
        answered += answers_got.len();
        refused += answers.len() - answers_got.len();
    }
    // The faults are neither all there is nor none.
    assert!(
        effects > 500 && answered > 1500 && refused > 1000,
        "{effects} effects, {answered} answers, {refused} errors"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_lock_of_a_call_that_never_ran_has_ended_the_next_one_runs() {
    for seed in 0..200 {
        let chance = Arc::new(Chance(Mutex::new(seed)));
        let store = Faulty { store: MemoryStore::new(), chance };
        let idempotency = with(store).lock_for(Duration::from_secs(3));
        let (effect, order) = (Effect::default(), document(json!("order")));
        // If the response to a lock is lost, no call runs until the lock expires.
        let mut attempts = 0;
        while effect.run(&idempotency, &order).await.is_err() {
            attempts += 1;
            assert!(attempts < 40, "seed {seed}");
            assert_eq!(effect.count(), 0, "seed {seed}: an effect without its answer");
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        assert_eq!(effect.count(), 1);
    }
}
