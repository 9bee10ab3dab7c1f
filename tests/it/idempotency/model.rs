//! Random runs against what the docs promise: within its window a call has its effect at most once; it has its effect or its caller
//! gets an error; no caller gets a response that was made for another.
//!
//! Three sandboxes share a store that fails, hangs and loses its responses. Callers use each other's keys, at the same time and again.
//! Calls fail, outlive their invocations or are abandoned, and their sandboxes end before or after the effect. Each run is reproduced by its
//! seed: `PILASTER_MODEL=100000 cargo test -p tests --test it model` runs more seeds, from `PILASTER_MODEL_SEED` on.

mod network;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use pilaster::http::{Body, Request, Response};
use pilaster::idempotency::{Completion, IdempotencyRecord, Lock, LockOutcome, Store};
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _, service_fn};

use self::network::{Chance, Network};
use super::*;

/// The maximum time of a call, and the time of a lock without a deadline.
const LOCK: Duration = Duration::from_secs(20);
/// The start of the clocks, in milliseconds since 1970.
const EPOCH: u64 = 1_704_164_645_750;
const CALLERS: [Option<&str>; 3] = [Some("Bearer ada"), Some("Bearer bob"), None];

/// The work of one call.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// The unit of one effect: the caller, if the key belongs to it; the key; the body.
    caller: usize,
    key: u64,
    body: u64,
    sandbox: usize,
    after: Duration,
    takes: Duration,
    fails: bool,
    /// The time from the start of the call to the deadline of its invocation; negative if it has passed.
    deadline: Option<i64>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The call ends by itself.
    Own,
    /// The caller waits no longer than this.
    GivenUp(Duration),
    /// The process ends after this time, in the middle of the call.
    Crash(Duration),
}

#[derive(Clone, Copy, Debug)]
struct Effect {
    caller: usize,
    key: u64,
    body: u64,
    began: Instant,
    /// The time until which no other call may begin.
    alone: Instant,
}

#[derive(Default)]
struct World {
    effects: Mutex<Vec<Effect>>,
    answered: AtomicU32,
    refused: AtomicU32,
}

fn plan(chance: &Chance) -> Plan {
    let end = match chance.below(8) {
        0 => End::GivenUp(chance.time(3000)),
        1 => End::Crash(chance.time(3000)),
        _ => End::Own,
    };
    Plan {
        caller: chance.below(3) as usize,
        key: chance.below(2),
        body: u64::from(chance.below(6) == 0),
        sandbox: chance.below(3) as usize,
        after: chance.time(60_000),
        takes: if chance.below(6) == 0 { chance.time(25_000) } else { chance.time(1500) },
        fails: chance.below(6) == 0,
        deadline: (chance.below(2) == 0).then(|| chance.below(8000) as i64 - 2000),
        end,
    }
}

/// A run, and the first violation that it found.
struct Run {
    seed: u64,
    by_body: bool,
    frozen: bool,
    world: Arc<World>,
    store: Network,
    /// The time for which a response is replayed.
    window: Duration,
    sandboxes: Vec<IdempotencyLayer>,
    start: Instant,
}

impl Run {
    fn new(seed: u64) -> (Self, Arc<Chance>) {
        let chance = Arc::new(Chance(Mutex::new(seed)));
        let (by_body, frozen) = (chance.below(2) == 0, chance.below(5) == 0);
        let store = Network {
            store: MemoryStore::new(),
            chance: Arc::clone(&chance),
            faults: [0, 4, 12][chance.below(3) as usize],
            recorded: Arc::default(),
        };
        let window = Duration::from_secs([1, 5, 30][chance.below(3) as usize]);
        let start = Instant::now();
        let sandbox = |cache: bool| {
            let clock = move || SystemTime::UNIX_EPOCH + Duration::from_millis(EPOCH) + start.elapsed();
            let stopped = clock();
            let once = Idempotency::new(store.clone(), "f").expires_after(window).lock_for(LOCK);
            let once = if frozen { once.clock(move || stopped) } else { once.clock(clock) };
            let once = if by_body {
                once.key("powertools_json(body).key").payload("powertools_json(body).body")
            } else {
                once
            };
            IdempotencyLayer::new(if cache { once.cache(4) } else { once })
        };
        let sandboxes = vec![sandbox(false), sandbox(true), sandbox(false)];
        let run = Self { seed, by_body, frozen, world: Arc::default(), store, window, sandboxes, start };
        (run, chance)
    }

    fn request(&self, plan: &Plan) -> Request<Body> {
        let mut request = Request::post("/orders").header("idempotency-key", format!("k{}", plan.key));
        if let Some(token) = CALLERS[plan.caller] {
            request = request.header("authorization", token);
        }
        let mut request =
            request.body(Body::from(json!({ "key": plan.key + 1, "body": plan.body }).to_string())).unwrap();
        if let Some(deadline) = plan.deadline {
            let mut context = Context::default();
            let now = EPOCH as i64 + if self.frozen { 0 } else { self.start.elapsed().as_millis() as i64 };
            context.deadline = (now + deadline) as u64;
            request.extensions_mut().insert(Invocation::new(context));
        }
        request
    }

    /// Returns the time until which a call that begins now holds its lock, if the clocks run.
    fn lock_ends(&self, plan: &Plan, began: Instant) -> Instant {
        match plan.deadline {
            _ if self.frozen => began + Duration::from_secs(1_000_000),
            Some(deadline) if deadline > 0 => began + Duration::from_millis(deadline as u64),
            _ => began + LOCK,
        }
    }

    async fn call(&self, plan: Plan) {
        tokio::time::sleep(plan.after).await;
        let asked = Instant::now();
        let lock_ends = self.lock_ends(&plan, asked);
        let world = Arc::clone(&self.world);
        let function = service_fn(move |_: Request<Body>| {
            let world = Arc::clone(&world);
            async move {
                let began = Instant::now();
                tokio::time::sleep(plan.takes).await;
                if plan.fails {
                    return Ok::<_, Infallible>(Response::builder().status(500).body(Body::empty()).unwrap());
                }
                let Plan { caller, key, body, .. } = plan;
                let mut effects = world.effects.lock().unwrap();
                effects.push(Effect { caller, key, body, began, alone: lock_ends });
                Ok(Response::new(Body::from(format!("{} of {caller}", effects.len() - 1))))
            }
        });
        let mut call = Box::pin(self.sandboxes[plan.sandbox].layer(function).oneshot(self.request(&plan)));
        let answer = match plan.end {
            End::Own => call.await,
            End::GivenUp(after) => match tokio::time::timeout(after, call).await {
                Ok(answer) => answer,
                Err(_) => return,
            },
            End::Crash(after) => match tokio::time::timeout(after, &mut call).await {
                Ok(answer) => answer,
                // None of its code runs any more, not even destructors.
                Err(_) => return std::mem::forget(call),
            },
        };
        self.check(&plan, asked, answer.unwrap()).await;
    }

    async fn check(&self, plan: &Plan, asked: Instant, answer: Response) {
        let (seed, status) = (self.seed, answer.status());
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        if status != 200 {
            assert!([409, 422, 500].contains(&status.as_u16()), "seed {seed}: {status} {body:?}");
            self.world.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let text = String::from_utf8(body.to_vec()).unwrap();
        let (effect, caller) = text.split_once(" of ").unwrap();
        assert_eq!(caller, plan.caller.to_string(), "seed {seed}: another caller's answer");
        let at = effect.parse::<usize>().unwrap();
        let effect = self.world.effects.lock().unwrap()[at];
        let until = self.recorded_until(at);
        let in_time = effect.began >= asked || until.is_some_and(|until| until >= asked);
        assert!(in_time || self.frozen, "seed {seed}: an answer after its window, {effect:?} for {plan:?}");
        assert_eq!((effect.key, effect.body), (plan.key, plan.body), "seed {seed}: another request's answer");
        self.world.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// The time until which the response of an effect is replayed, if it was recorded.
    fn recorded_until(&self, effect: usize) -> Option<Instant> {
        let until = *self.store.recorded.lock().unwrap().get(&effect)?;
        Some(self.start + Duration::from_millis(until - EPOCH))
    }

    /// Checks that the second of two effects of one key began after the lock of the first had ended, or after its window if
    /// its response was recorded.
    fn check_effects(&self) {
        let effects = self.world.effects.lock().unwrap();
        let alone = |at: usize| match self.recorded_until(at) {
            Some(until) if !self.frozen => until,
            _ => effects[at].alone,
        };
        for (at, second) in effects.iter().enumerate() {
            for (before, first) in effects[..at].iter().enumerate() {
                let same = first.key == second.key && (self.by_body || first.caller == second.caller);
                assert!(
                    !same || second.began >= alone(before) || first.began >= alone(at),
                    "seed {}: two effects of one key, {first:?} and {second:?}",
                    self.seed
                );
            }
        }
    }

    /// Checks that each call runs or gets a response once all locks have ended and the network works.
    async fn check_that_it_goes_on(&self) {
        if self.frozen {
            return;
        }
        tokio::time::sleep(LOCK + self.window + Duration::from_secs(2)).await;
        for key in 0..2 {
            let before = self.world.effects.lock().unwrap().len();
            let plan = Plan {
                caller: 0,
                key,
                body: 0,
                sandbox: 0,
                after: Duration::ZERO,
                takes: Duration::ZERO,
                fails: false,
                deadline: None,
                end: End::Own,
            };
            let mut attempts = 0;
            while self.world.effects.lock().unwrap().len() == before {
                self.call(plan).await;
                tokio::time::sleep(LOCK).await;
                attempts += 1;
                assert!(attempts < 40, "seed {}: nothing runs any more", self.seed);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn random_runs_keep_the_promises() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (runs, first) = (variable("PILASTER_MODEL").unwrap_or(1500), variable("PILASTER_MODEL_SEED").unwrap_or(0));
    let (mut effects, mut answered, mut refused) = (0, 0, 0);
    for seed in first..first + runs {
        let (run, chance) = Run::new(seed);
        let calls = (0..4 + chance.below(12)).map(|_| run.call(plan(&chance))).collect::<Vec<_>>();
        join_all(calls).boxed_local().await;
        run.check_effects();
        run.check_that_it_goes_on().await;
        effects += run.world.effects.lock().unwrap().len();
        answered += run.world.answered.load(Ordering::Relaxed);
        refused += run.world.refused.load(Ordering::Relaxed);
    }
    println!("{runs} runs: {effects} effects, {answered} answers, {refused} refusals");
    let runs = u32::try_from(runs).unwrap();
    assert!(effects > runs as usize && answered > runs * 2 && refused > runs, "{effects}, {answered}, {refused}");
}
