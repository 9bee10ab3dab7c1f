//! Several sandboxes over one table, whose writes come in any order.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::rate_limit::Taken;

const SECOND: u64 = 1_000_000_000;
/// The time at which the tests begin.
const BEGIN: u64 = 1_704_164_645 * SECOND;

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A table of one key, as DynamoDB evaluates the conditions. A write is delayed by as many turns as `delays` says.
struct Table {
    tat: Mutex<Option<u64>>,
    numbers: Mutex<Numbers>,
    writes: Mutex<u32>,
}

impl Table {
    fn new(seed: u64) -> Self {
        Self { tat: Mutex::default(), numbers: Mutex::new(Numbers(seed)), writes: Mutex::default() }
    }

    fn apply(&self, change: impl FnOnce(Option<u64>) -> Option<u64>) -> Written {
        let mut tat = self.tat.lock().unwrap();
        match change(*tat) {
            Some(to) => {
                *tat = Some(to);
                Written::To(to)
            }
            None => Written::Not(*tat),
        }
    }

    async fn write(&self, change: impl FnOnce(Option<u64>) -> Option<u64> + Send) -> Result<Written, BoxError> {
        let turns = self.numbers.lock().unwrap().below(4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        *self.writes.lock().unwrap() += 1;
        let written = self.apply(change);
        // The response takes its time too.
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        Ok(written)
    }
}

impl Writes for Table {
    async fn start(&self, _: &str, to: u64, now: u64) -> Result<Written, BoxError> {
        self.write(|tat| tat.is_none_or(|tat| tat < now).then_some(to)).await
    }

    async fn add(&self, _: &str, by: u64, from: u64, until: u64) -> Result<Written, BoxError> {
        self.write(|tat| tat.filter(|tat| (from..=until).contains(tat)).map(|tat| tat + by)).await
    }
}

/// A sandbox, whose clock is ahead of the time by `ahead`.
struct Sandbox<'a> {
    table: &'a Table,
    quota: Quota,
    ahead: u64,
    known: Mutex<Option<u64>>,
}

impl Sandbox<'_> {
    /// Returns whether a request at this time is admitted, and for how long its caller must wait.
    async fn take(&self, time: u64) -> (bool, u64) {
        let now = time + self.ahead;
        let known = *self.known.lock().unwrap();
        let (is_allowed, tat) = take(self.table, "k", &self.quota, now, known).await.unwrap();
        let mut known = self.known.lock().unwrap();
        *known = (*known).max(Some(tat));
        (is_allowed, tat.saturating_sub(now + nanoseconds(self.quota.tolerance())))
    }
}

#[tokio::test]
async fn one_after_another_it_decides_as_the_algorithm_by_definition() {
    for seed in 0..300 {
        let mut numbers = Numbers(seed);
        let quota = Quota::new(1 + numbers.below(20) as u32, Duration::from_nanos(1 + numbers.below(9 * SECOND)));
        let quota = quota.burst(1 + numbers.below(6) as u32);
        let table = Table::new(seed);
        let sandboxes: Vec<_> =
            (0..4).map(|_| Sandbox { table: &table, quota, ahead: 0, known: Mutex::default() }).collect();
        let (mut time, mut state) = (BEGIN, None);
        for _ in 0..100 {
            time += numbers.below(2 * nanoseconds(quota.interval()) + 2);
            let expected = quota.take(state, UNIX_EPOCH + Duration::from_nanos(time));
            let (is_allowed, wait) = sandboxes[numbers.below(4) as usize].take(time).await;
            let since = |tat: SystemTime| nanoseconds(tat.duration_since(UNIX_EPOCH).unwrap());
            match expected {
                Taken::Allowed(tat) => {
                    state = Some(tat);
                    assert!(is_allowed, "seed {seed}");
                    assert_eq!(*table.tat.lock().unwrap(), Some(since(tat)));
                }
                Taken::Refused(tat) => {
                    assert!(!is_allowed, "seed {seed}");
                    assert_eq!(time + wait + nanoseconds(quota.tolerance()), since(tat));
                }
            }
        }
    }
}

#[tokio::test]
async fn sandboxes_with_clocks_apart_never_admit_more_and_lock_nobody_out() {
    for seed in 0..150 {
        let mut numbers = Numbers(seed);
        let limit = 1 + numbers.below(20);
        let quota = Quota::per_second(limit as u32).burst(1 + numbers.below(8) as u32);
        let (interval, tolerance) = (nanoseconds(quota.interval()), nanoseconds(quota.tolerance()));
        let apart = numbers.below(2) * 5 * SECOND;
        let table = Table::new(seed);
        let sandboxes: Vec<_> = (0..6)
            .map(|_| Sandbox { table: &table, quota, ahead: numbers.below(apart + 1), known: Mutex::default() })
            .collect();
        // Requests overlap: time goes on whenever one begins.
        let clock = Mutex::new(BEGIN);
        let plan: Vec<_> = (0..120).map(|_| (numbers.below(interval / 2), numbers.below(6) as usize)).collect();
        let (sandboxes, clock) = (&sandboxes, &clock);
        let runs = plan.iter().enumerate().map(|(turn, (later, sandbox))| async move {
            for _ in 0..turn {
                tokio::task::yield_now().await;
            }
            let time = {
                let mut clock = clock.lock().unwrap();
                *clock += later;
                *clock
            };
            let (is_allowed, wait) = sandboxes[*sandbox].take(time).await;
            (time, is_allowed, wait, *clock.lock().unwrap() - time)
        });
        let taken = futures_util::future::join_all(runs).await;
        let admitted: Vec<u64> = taken.iter().filter(|taken| taken.1).map(|taken| taken.0).collect();
        assert!(!admitted.is_empty());
        for (first, from) in admitted.iter().enumerate() {
            for (last, until) in admitted.iter().enumerate().skip(first) {
                let most = tolerance / interval + 1 + (until - from + apart) / interval;
                assert!((last - first + 1) as u64 <= most, "seed {seed}: more than the limit");
            }
        }
        for (_, _, wait, latency) in &taken {
            assert!(*wait <= interval + apart + latency, "seed {seed}: locked out");
        }
        // After that time without a request, each sandbox admits one, whatever its clock.
        let mut time = *clock.lock().unwrap() + interval + apart;
        for sandbox in sandboxes {
            time += interval + apart;
            assert!(sandbox.take(time).await.0, "seed {seed}: locked out");
        }
    }
}

#[tokio::test]
async fn as_a_rule_a_request_is_one_write_and_a_flood_is_none() {
    let quota = Quota::per_second(1).burst(3);
    let table = Table::new(0);
    let sandbox = Sandbox { table: &table, quota, ahead: 0, known: Mutex::default() };
    for at in 0..10 {
        assert!(sandbox.take(BEGIN + 10 * at * SECOND).await.0);
    }
    assert_eq!(*table.writes.lock().unwrap(), 10, "callers that send now and then");
    for _ in 0..2 {
        assert!(sandbox.take(BEGIN + 90 * SECOND).await.0);
    }
    assert_eq!(*table.writes.lock().unwrap(), 12, "a burst");
    for _ in 0..1_000 {
        assert!(!sandbox.take(BEGIN + 90 * SECOND).await.0);
    }
    assert_eq!(*table.writes.lock().unwrap(), 12, "the state after the burst is known");
    let other = Sandbox { table: &table, quota, ahead: 0, known: Mutex::default() };
    for _ in 0..1_000 {
        assert!(!other.take(BEGIN + 90 * SECOND).await.0);
    }
    assert_eq!(*table.writes.lock().unwrap(), 13, "another sandbox learns it by one write");
}

#[tokio::test]
async fn an_item_that_is_deleted_meanwhile_starts_anew() {
    let quota = Quota::per_hour(1);
    let table = Table::new(0);
    let sandbox = Sandbox { table: &table, quota, ahead: 0, known: Mutex::default() };
    assert!(sandbox.take(BEGIN).await.0);
    *table.tat.lock().unwrap() = None;
    let (is_allowed, _) = take(&table, "k", &Quota::per_hour(2), BEGIN, Some(BEGIN + 1)).await.unwrap();
    assert!(is_allowed);
}
