use std::time::UNIX_EPOCH;

use tokio::time::Instant;

use super::*;
use crate::rate_limit::Taken;

/// Numbers of a fixed seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The continuous-state leaky bucket of ITU-T I.371, annex A, figure A.1: the second definition of the algorithm, by a
/// bucket that leaks and not by a time.
#[derive(Default)]
struct Bucket {
    content: i128,
    last: Option<i128>,
}

impl Bucket {
    fn conforms(&mut self, at: i128, increment: i128, limit: i128) -> bool {
        let leaked = self.content - self.last.map_or(self.content, |last| at - last);
        if leaked > limit {
            return false;
        }
        self.content = leaked.max(0) + increment;
        self.last = Some(at);
        true
    }
}

fn at(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_164_645) + Duration::from_nanos(nanoseconds)
}

#[tokio::test]
async fn each_decision_is_that_of_the_leaky_bucket_and_what_is_left_is_true() {
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let limit = 1 + numbers.below(50) as u32;
        let period = Duration::from_nanos(1 + numbers.below(3_000_000_000));
        let quota = Quota::new(limit, period).burst(1 + numbers.below(10) as u32);
        let (interval, tolerance) = (quota.interval().as_nanos() as i128, quota.tolerance().as_nanos() as i128);
        assert!(interval * i128::from(limit) >= period.as_nanos() as i128, "never more than the limit");
        let (store, mut bucket, mut now) = (MemoryStore::new(), Bucket::default(), 0);
        let mut admitted: Vec<u64> = Vec::new();
        for _ in 0..200 {
            now += numbers.below(2 * interval as u64 + 2);
            let limit = RateLimit::new(store.clone(), quota).clock(move || at(now));
            let decision = limit.take("k").await.unwrap();
            let conforms = bucket.conforms(i128::from(now), interval, tolerance);
            assert_eq!(decision.is_allowed(), conforms, "seed {seed}");
            if conforms {
                admitted.push(now);
            }
            // What is left can be had at once, and no more.
            let mut probe = after(&store, &quota);
            for _ in 0..decision.remaining() {
                assert!(probe(now), "seed {seed}: fewer are left than said");
            }
            assert!(!probe(now), "seed {seed}: more are left than said");
            // The time to wait is enough, and no shorter time is.
            let wait = decision.retry_after().as_nanos() as u64;
            assert_eq!(wait > 0, decision.remaining() == 0, "seed {seed}");
            assert!(after(&store, &quota)(now + wait), "seed {seed}");
            assert!(wait == 0 || !after(&store, &quota)(now + wait - 1), "seed {seed}");
            let full = now + decision.full_after().as_nanos() as u64;
            let mut probe = after(&store, &quota);
            assert_eq!((0..100).take_while(|_| probe(full)).count() as u64, tolerance as u64 / interval as u64 + 1);
        }
        // Within any time, at most the burst and what the limit gives in that time.
        for (first, from) in admitted.iter().enumerate() {
            for (last, until) in admitted.iter().enumerate().skip(first) {
                let most = tolerance as u64 / interval as u64 + 1 + (until - from) / interval as u64;
                assert!((last - first + 1) as u64 <= most, "seed {seed}");
            }
        }
    }
}

/// Returns a copy of the one key's state, which takes requests at given times.
fn after(store: &MemoryStore, quota: &Quota) -> impl FnMut(u64) -> bool {
    let (mut state, quota) = (store.only_state(), *quota);
    move |now| match quota.take(state, at(now)) {
        Taken::Allowed(tat) => {
            state = Some(tat);
            true
        }
        Taken::Refused(_) => false,
    }
}

#[tokio::test]
async fn names_keys_and_quotas_count_apart_and_clones_together() {
    let store = MemoryStore::new();
    let once = Quota::per_hour(1);
    let limit = RateLimit::new(store.clone(), once).clock(|| at(0));
    assert!(limit.take("a").await.unwrap().is_allowed());
    assert!(!limit.clone().take("a").await.unwrap().is_allowed());
    assert!(!RateLimit::new(store.clone(), once).clock(|| at(0)).take("a").await.unwrap().is_allowed());
    assert!(limit.take("b").await.unwrap().is_allowed());
    assert!(limit.clone().name("other").take("a").await.unwrap().is_allowed());
    let changed = RateLimit::new(store.clone(), Quota::per_hour(2).burst(1)).clock(|| at(0));
    assert!(changed.take("a").await.unwrap().is_allowed(), "a changed quota counts anew");
    let [minute, second] = [Quota::per_minute(60).burst(1), Quota::per_second(1).burst(1)]
        .map(|quota| RateLimit::new(store.clone(), quota).clock(|| at(0)));
    assert!(minute.take("a").await.unwrap().is_allowed() && !minute.take("a").await.unwrap().is_allowed());
    assert!(second.take("a").await.unwrap().is_allowed(), "of one interval, and another quota");
    assert!(store.keys().iter().all(|key| key.starts_with("rate-limit#") && key.len() >= 64), "hashed");
}

/// A store that is down, or does not respond.
struct Broken {
    hangs: bool,
}

impl Store for Broken {
    async fn take(&self, _: &str, _: &Quota, _: SystemTime) -> Result<Taken, BoxError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err("the table does not exist".into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_lets_requests_pass_within_the_time_out() {
    for hangs in [false, true] {
        let limit = RateLimit::new(Broken { hangs }, Quota::per_second(1)).timeout(Duration::from_millis(300));
        let began = Instant::now();
        for _ in 0..3 {
            let decision = limit.take("a").await.unwrap();
            assert!(decision.is_allowed() && !decision.is_checked());
        }
        assert_eq!(began.elapsed(), Duration::from_millis(if hangs { 900 } else { 0 }));
        let error = limit.fail_closed().take("a").await.unwrap_err();
        assert!(error.is_store_error() && error.to_string() == "the rate limit could not be checked");
        let error = crate::http::HttpError::from(error);
        assert_eq!((error.status().as_u16(), &error.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    }
}

#[cfg(feature = "logging")]
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_one_warning_a_minute() {
    use crate::observe::logging::{CapturedLogs, Logs};

    let (captured, start) = (CapturedLogs::default(), Instant::now());
    let _logs = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
    let limit = RateLimit::new(Broken { hangs: false }, Quota::per_second(1)).clock(move || at(0) + start.elapsed());
    for _ in 0..100 {
        let _passes = limit.clone().take("hunter2").await.unwrap();
    }
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["message"], "the rate limit could not be checked: requests pass");
    assert_eq!((&lines[0]["limit"], &lines[0]["reason"]), (&"caller".into(), &"the table does not exist".into()));
    assert!(!lines[0].to_string().contains("hunter2"));
    tokio::time::advance(QUIET).await;
    let _passes = limit.take("a").await.unwrap();
    assert_eq!(captured.lines().len(), 2, "an outage that lasts is not forgotten");
}

#[tokio::test]
async fn a_limit_that_admits_nothing_or_has_no_table_is_a_mistake() {
    let quotas = [
        Quota::per_second(0),
        Quota::per_second(1).burst(0),
        Quota::new(1, Duration::ZERO),
        Quota::new(1, Duration::MAX),
        Quota::per_day(1).burst(u32::MAX),
    ];
    for quota in quotas {
        let limit = RateLimit::new(MemoryStore::new(), quota);
        assert!(!limit.take("a").await.unwrap_err().is_store_error(), "{quota:?}");
    }
    for name in ["", "a b", "a\"", "é", &"a".repeat(65)] {
        assert!(RateLimit::new(MemoryStore::new(), Quota::per_second(1)).name(name).mistake().is_some(), "{name}");
    }
    let of = |table, is_local| RateLimit::of_table("LIMITS", table, is_local, Quota::per_second(1));
    assert_eq!(of(None, false).mistake(), Some("the environment variable LIMITS is not set, or blank"));
    assert_eq!(of(None, true).mistake(), None);
    assert_eq!(of(Some("limits".to_owned()), false).mistake().is_none(), cfg!(feature = "dynamodb"));
}

#[tokio::test]
async fn memory_is_bounded_and_the_least_recent_key_starts_anew() {
    let store = MemoryStore::new();
    let limit = RateLimit::new(store.clone(), Quota::per_hour(1)).clock(|| at(0));
    let _first = limit.take("first").await.unwrap();
    for key in 0..65_535 {
        let _other = limit.take(&key.to_string()).await.unwrap();
    }
    assert!(!limit.take("first").await.unwrap().is_allowed());
    let _one_more = limit.take("one more").await.unwrap();
    assert_eq!(store.keys().len(), 65_536);
    assert!(!limit.take("first").await.unwrap().is_allowed(), "it was used recently");
    assert!(limit.take("0").await.unwrap().is_allowed());
}
