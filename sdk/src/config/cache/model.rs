//! The cache against a model: random runs in which callers, the source and both clocks take turns in every order, and a
//! sandbox that is frozen at each await.

use std::panic::AssertUnwindSafe;
use std::sync::{MutexGuard, PoisonError};

use futures_util::poll;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::advance;

use super::read::PATIENCE;
use super::*;
use crate::core::clock::freeze;

const TTL: Duration = Duration::from_secs(60);
const LAST_GOOD: Duration = Duration::from_secs(600);
const STEP: Duration = Duration::from_millis(250);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// The age above which a flight was frozen.
const STALE: Duration = Duration::from_secs(11);

/// SplitMix64: the seed reproduces a run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Up,
    Outage,
    Refuses,
}

/// A call of the source, which is held twice: before the source reads its state, and before the response arrives.
struct Call {
    departed: Duration,
    /// The order of all events.
    order: u64,
    gates: Vec<oneshot::Sender<()>>,
    ended: Option<(Duration, u64, Result<(), State>)>,
    /// `true` once its future is gone: it has ended, took too long, or was replaced.
    is_gone: bool,
}

struct World {
    /// The real time, frozen or not.
    time: Duration,
    order: u64,
    state: State,
    calls: Vec<Call>,
}

impl World {
    fn next(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// Returns the number of calls that may still respond.
    fn under_way(&self) -> usize {
        let is_young = |call: &&Call| !call.is_gone && self.time - call.departed <= STALE;
        self.calls.iter().filter(is_young).count()
    }
}

#[derive(Clone)]
struct Model(Arc<Mutex<World>>);

impl Model {
    fn new() -> Self {
        let world = World { time: Duration::ZERO, order: 0, state: State::Up, calls: Vec::new() };
        Self(Arc::new(Mutex::new(world)))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the source. A value is the number of the call that returned it.
    fn cache(&self) -> Cache<&'static str, usize> {
        let model = self.clone();
        Cache::new(move |_| model.clone().fetch()).time_to_live(TTL).last_good(LAST_GOOD)
    }

    async fn fetch(self) -> Result<usize, BoxError> {
        let (first, looks) = oneshot::channel();
        let (second, answers) = oneshot::channel();
        let call = {
            let mut world = self.world();
            let (departed, order) = (world.time, world.next());
            world.calls.push(Call { departed, order, gates: vec![second, first], ended: None, is_gone: false });
            world.calls.len() - 1
        };
        let _gone = Gone(self.clone(), call);
        let _ = looks.await;
        let state = self.world().state;
        let _ = answers.await;
        let mut world = self.world();
        let (time, order) = (world.time, world.next());
        let result = if state == State::Up { Ok(()) } else { Err(state) };
        world.calls[call].ended = Some((time, order, result));
        match state {
            State::Up => Ok(call),
            State::Outage => Err("the source has an outage".into()),
            State::Refuses => Err(Refused::new("there is no such value").into()),
        }
    }

    fn open(&self, call: usize) {
        if let Some(gate) = self.world().calls[call].gates.pop() {
            let _ = gate.send(());
        }
    }

    fn open_all(&self) {
        for call in &mut self.world().calls {
            call.gates.drain(..).rev().for_each(|gate| {
                let _ = gate.send(());
            });
        }
    }

    async fn pass(&self, time: Duration) {
        self.world().time += time;
        advance(time).await;
        settle().await;
    }

    async fn freeze(&self, time: Duration) {
        self.world().time += time;
        freeze(time);
        settle().await;
    }
}

struct Gone(Model, usize);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.world().calls[self.1].is_gone = true;
    }
}

async fn settle() {
    for _ in 0..12 {
        yield_now().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Get,
    Within(Duration),
    Fetch,
}

struct Caller {
    ask: Ask,
    called: (Duration, u64),
    /// The time that the caller has waited by the monotonic clock.
    waited: Duration,
    had_value_all_along: bool,
    task: tokio::task::JoinHandle<(Result<usize, bool>, Duration, u64)>,
}

fn call(model: &Model, cache: &Cache<&'static str, usize>, ask: Ask) -> Caller {
    let (model, cache) = (model.clone(), cache.clone());
    let called = {
        let mut world = model.world();
        (world.time, world.next())
    };
    let had_value_all_along = cache.last_good_value(&"k", TTL).is_some();
    let task = tokio::spawn(async move {
        let result = match ask {
            Ask::Get => cache.get(&"k").await,
            Ask::Within(max_age) => cache.get_within(&"k", max_age).await,
            Ask::Fetch => cache.fetch(&"k").await,
        };
        let mut world = model.world();
        let (time, order) = (world.time, world.next());
        (result.map(|value| *value).map_err(|error| error.is_refused()), time, order)
    });
    Caller { ask, called, waited: Duration::ZERO, had_value_all_along, task }
}

/// Checks the promises to a caller.
async fn check(model: &Model, caller: Caller) {
    let Caller { ask, called, waited, had_value_all_along, task } = caller;
    let (result, time, order) = task.await.unwrap();
    let world = model.world();
    if had_value_all_along && matches!(ask, Ask::Get) {
        assert!(waited <= PATIENCE + STEP, "{ask:?} waited {waited:?} though there was a value");
    }
    let Ok(value) = result else { return };
    let call = &world.calls[value];
    let age = time - call.departed;
    let max_age = match ask {
        Ask::Get => TTL,
        Ask::Within(max_age) => max_age.min(TTL),
        Ask::Fetch => Duration::ZERO,
    };
    if max_age.is_zero() {
        assert!(call.order > called.1, "{ask:?} got what departed before it");
    } else {
        assert!(age <= max_age + LAST_GOOD, "{ask:?} got a value of {age:?}");
        if age > max_age && call.order < called.1 {
            // An old value is only for an outage: a fetch that failed recently, or does not respond.
            let excuses = |other: &Call| match other.ended {
                None => other.order > call.order,
                Some((_, landed, _)) if landed > order => other.order > call.order,
                Some((at, _, result)) => result == Err(State::Outage) && at + LONGEST_PAUSE >= called.0,
            };
            assert!(world.calls.iter().any(excuses), "{ask:?} got a value of {age:?} without need");
        }
    }
    // A value ends with a refusal by a later call that was not frozen.
    let refused = world.calls.iter().filter(|other| other.order > call.order).filter_map(|other| match other.ended {
        Some((at, landed, Err(State::Refuses))) if at - other.departed <= STALE => Some((other.order, landed)),
        _ => None,
    });
    for (departed, landed) in refused {
        // A call that was replaced by a later one shows nothing.
        let is_newest = !world.calls.iter().any(|other| other.order > departed && other.order < landed);
        assert!(!is_newest || landed > called.1, "{ask:?} got a value that was refused before it asked");
    }
}

async fn run(seed: u64, only_gets: bool) {
    let mut random = Seeded(seed);
    let model = Model::new();
    let cache = model.cache();
    let mut callers: Vec<Caller> = Vec::new();
    for _ in 0..150 {
        match random.below(20) {
            0..=5 => callers.push(call(&model, &cache, Ask::Get)),
            6..=9 if only_gets => callers.push(call(&model, &cache, Ask::Get)),
            6 => callers.push(call(&model, &cache, Ask::Fetch)),
            7 => callers.push(call(&model, &cache, Ask::Within(Duration::ZERO))),
            8 => callers.push(call(&model, &cache, Ask::Within(SECOND * 5))),
            9 => cache.forget(&"k"),
            10..=12 => {
                let calls = model.world().calls.len() as u64;
                if calls > 0 {
                    // Mostly one of the last ones.
                    let back = random.below(3).min(calls - 1);
                    model.open((calls - 1 - back) as usize);
                }
            }
            13 => model.open_all(),
            14 => {
                let state = [State::Up, State::Up, State::Outage, State::Refuses][random.below(4) as usize];
                model.world().state = state;
            }
            15 => model.freeze([SECOND * 15, TTL, HOUR][random.below(3) as usize]).await,
            kind => {
                let steps = [1, 8, 40, 240][(kind - 16) as usize];
                for _ in 0..steps {
                    model.pass(STEP).await;
                    let has_value = cache.last_good_value(&"k", TTL).is_some();
                    for caller in callers.iter_mut().filter(|caller| !caller.task.is_finished()) {
                        caller.waited += STEP;
                        caller.had_value_all_along &= has_value;
                    }
                }
            }
        }
        if random.below(2) == 0 {
            settle().await;
        }
        let under_way = model.world().under_way();
        assert!(!only_gets || under_way <= 1, "{under_way} flights at once");
        let (ended, going): (Vec<_>, Vec<_>) = callers.into_iter().partition(|caller| caller.task.is_finished());
        callers = going;
        for caller in ended {
            check(&model, caller).await;
        }
    }
    // A source without an outage responds to every caller.
    model.world().state = State::Up;
    for _ in 0..240 {
        model.open_all();
        model.pass(STEP).await;
    }
    for caller in callers {
        assert!(caller.task.is_finished(), "{:?} waits for ever", caller.ask);
        check(&model, caller).await;
    }
    model.freeze(HOUR * 2).await;
    let last = call(&model, &cache, Ask::Get);
    settle().await;
    model.open_all();
    settle().await;
    assert!(last.task.is_finished(), "a caller waits for what was frozen");
    check(&model, last).await;
}

/// Runs from this seed on; `PILASTER_MODEL_RUNS` sets another number.
fn runs(first: u64, only_gets: bool) {
    let count = std::env::var("PILASTER_MODEL_RUNS").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in first..first + count {
        one(seed, only_gets);
    }
}

fn one(seed: u64, only_gets: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let failed = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(seed, only_gets))));
    assert!(failed.is_ok(), "the run of seed {seed} (only gets: {only_gets}) broke a promise");
}

#[test]
fn whatever_the_order_no_caller_gets_what_it_must_not() {
    // Kept: these once found a refused value that was returned, and a triple freeze.
    [32, 163].into_iter().for_each(|seed| one(seed, false));
    runs(0, false);
}

#[test]
fn whatever_the_order_readers_are_one_flight() {
    // Kept, since it once found a caller whose time-out started again after each thaw.
    one(10_018, true);
    runs(10_000, true);
}

/// The outcome of a fetch that was frozen for an hour.
#[derive(Clone, Copy, Debug)]
enum Thawed {
    Answers,
    Fails,
    Hangs,
}

#[test]
fn frozen_at_each_await_a_caller_gets_what_the_source_has_after_the_thaw() {
    for thawed in [Thawed::Answers, Thawed::Fails, Thawed::Hangs] {
        for has_value in [false, true] {
            for frozen_at in 0..5 {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
                runtime.block_on(frozen(thawed, has_value, frozen_at));
            }
        }
    }
}

async fn frozen(thawed: Thawed, has_value: bool, frozen_at: usize) {
    let case = format!("{thawed:?}, has a value: {has_value}, frozen at {frozen_at}");
    let model = Model::new();
    let cache = model.cache();
    if has_value {
        let first = call(&model, &cache, Ask::Get);
        settle().await;
        model.open_all();
        settle().await;
        check(&model, first).await;
        model.pass(TTL + SECOND).await;
    }
    let thaw = async |at: usize| {
        if at == frozen_at {
            model.freeze(HOUR).await;
        }
    };
    let key = "k";
    let mut asks = Box::pin(cache.get(&key));
    // The moments of the freeze: at the start, before a poll, around the read, after the end.
    thaw(0).await;
    assert!(poll!(&mut asks).is_pending(), "{case}");
    if frozen_at == 1 {
        // Without a turn for the task.
        model.world().time += HOUR;
        freeze(HOUR);
    }
    settle().await;
    let flight = model.world().calls.len() - 1;
    thaw(2).await;
    if matches!(thawed, Thawed::Fails) {
        model.world().state = State::Outage;
    }
    if frozen_at > 2 || !matches!(thawed, Thawed::Hangs) {
        model.open(flight);
        settle().await;
        thaw(3).await;
        if frozen_at > 3 || !matches!(thawed, Thawed::Hangs) {
            model.open(flight);
            settle().await;
            thaw(4).await;
        }
    }
    model.world().state = State::Up;
    let rest = async {
        // The calls that started after the thaw respond.
        loop {
            let calls = model.world().calls.len();
            (flight + 1..calls).for_each(|call| {
                model.open(call);
                model.open(call);
            });
            tokio::time::sleep(STEP).await;
            model.world().time += STEP;
        }
    };
    let result = tokio::select! {
        result = &mut asks => result,
        () = rest => unreachable!(),
    };
    let world = model.world();
    // The flight that ended before the freeze, or started after it, may have failed.
    let was_frozen = frozen_at >= 2;
    match result {
        Ok(value) => assert!(world.time - world.calls[*value].departed <= TTL, "{case}: {value}"),
        Err(error) => assert!(!was_frozen && !matches!(thawed, Thawed::Answers), "{case}: {error:?}"),
    }
}
