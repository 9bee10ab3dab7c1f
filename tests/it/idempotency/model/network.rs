//! A store behind an unreliable network, by random numbers.

use super::*;

/// A small generator of random numbers (splitmix64), by a seed.
pub(super) struct Chance(pub(super) Mutex<u64>);

impl Chance {
    pub(super) fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn time(&self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }
}

/// A store behind an unreliable network.
#[derive(Clone)]
pub(super) struct Network {
    pub(super) store: MemoryStore,
    pub(super) chance: Arc<Chance>,
    /// One of this many requests fails; 0 for none.
    pub(super) faults: u64,
    /// The expiry of each effect whose response was recorded, in milliseconds since 1970.
    pub(super) recorded: Arc<Mutex<BTreeMap<usize, u64>>>,
}

impl Network {
    async fn step<T>(&self, step: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        if self.faults == 0 || self.chance.below(self.faults) > 0 {
            return step.await;
        }
        match self.chance.below(4) {
            0 => return Err("connection refused".into()),
            1 => {
                step.await?;
                return Err("connection reset".into());
            }
            2 => tokio::time::sleep(self.chance.time(1500)).await,
            _ => {
                let outcome = step.await;
                tokio::time::sleep(self.chance.time(1500)).await;
                return outcome;
            }
        }
        step.await
    }
}

impl Store for Network {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
        assert!(lock.expiration * 1000 >= lock.in_progress_expiration, "the record expires before its lock");
        let outcome = self.step(Store::lock(&self.store, lock, now)).await?;
        let silent = self.chance.below(4) == 0;
        Ok(if silent && outcome != LockOutcome::Acquired { LockOutcome::Held(None) } else { outcome })
    }

    async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
        self.step(Store::get(&self.store, lock)).await
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        let store = async {
            let ours = Store::complete(&self.store, lock, completion).await?;
            if ours {
                let answer = serde_json::from_str::<Value>(&completion.data).unwrap();
                let effect = answer["body"].as_str().unwrap().split_once(" of ").unwrap().0.parse::<usize>().unwrap();
                // The last second counts as a whole.
                self.recorded.lock().unwrap().insert(effect, completion.expiration * 1000 + 999);
            }
            Ok(ours)
        };
        self.step(store).await
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        self.step(Store::release(&self.store, lock)).await
    }
}
