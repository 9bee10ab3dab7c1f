//! The batch engine against the rules of what calls it: random records, settings and failures, delivered until nothing is left.
//!
//! `rules.rs` says what each caller makes of a response, by AWS's pages; `events.rs` writes its events. Of each delivery and of the
//! whole run it must hold that
//!
//! - nothing is acknowledged that was not handled, and nothing is delivered for ever;
//! - records of one group, key, item or partition are handled in their order, one at a time, and none behind one that failed;
//! - each record is handled at most once in a delivery, and the response is there before the deadline;
//! - where nothing stops it, each record is begun that nothing holds back.
//!
//! `PROPTEST_CASES` says how many cases each caller is tried with, `PROPTEST_RNG_SEED` with which ones.

mod callers;
mod delivery;
mod events;
mod rules;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pilaster::BoxError;
use pilaster::records::{Batch, RecordError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use tokio::runtime::Builder;
use tokio::time::Instant;

use self::callers::{From, call};
use self::delivery::check;

/// What becomes of a record in one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Done,
    Fails,
    Panics,
    Discarded,
    /// Until it is cancelled.
    Hangs,
    /// It cannot be decoded, so the function does not see it.
    Unreadable,
}

impl Deed {
    fn is_handled(self) -> bool {
        matches!(self, Self::Done | Self::Discarded)
    }
}

/// A record: its group, key or partition, and what becomes of it in one delivery after the other; in later ones it is done.
#[derive(Clone, Debug)]
struct Told {
    lane: u8,
    sublane: u8,
    deeds: Vec<(Deed, u8)>,
}

#[derive(Clone, Debug)]
struct Settings {
    concurrency: usize,
    batch_size: usize,
    goes_on: bool,
    fails_if_all_fail: bool,
    /// Changes of a table are ordered by an attribute instead of the whole key.
    by_attribute: bool,
    /// In milliseconds.
    deadline: Option<u64>,
    /// Of a pipe: only the records that the response names come again, instead of all from the first of them on.
    named_only: bool,
}

impl Settings {
    fn batch(&self, from: From) -> Batch {
        let mut batch = Batch::new().concurrency(self.concurrency).margin(Duration::from_millis(20));
        if self.goes_on {
            batch = batch.continue_on_failure();
        }
        if self.fails_if_all_fail {
            batch = batch.fail_if_all_fail();
        }
        if self.by_attribute && from.has_changes() {
            batch = batch.ordered_by("account");
        }
        batch
    }

    /// Within which records are handled in their order.
    fn lane(&self, from: From, told: &Told) -> Option<(u8, u8)> {
        match from {
            From::Fifo | From::PipeFifo | From::FifoOfS3 | From::Kinesis | From::PipeKinesis | From::KinesisOfLogs => {
                Some((told.lane, 0))
            }
            From::DynamoDb | From::PipeDynamoDb | From::TableKinesis if self.by_attribute => Some((told.lane, 0)),
            From::DynamoDb | From::PipeDynamoDb | From::TableKinesis => Some((told.lane, told.sublane)),
            From::Kafka | From::PipeKafka if self.goes_on => Some((told.lane, told.sublane)),
            From::Kafka | From::PipeKafka => Some((told.lane, 0)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begun(usize),
    Ended(usize, Deed),
}

/// What the function does in this delivery, and what it did.
#[derive(Debug, Default)]
struct World {
    deeds: Vec<(Option<Deed>, u8)>,
    steps: Vec<Step>,
}

async fn act(world: Arc<Mutex<World>>, at: usize) -> Result<(), BoxError> {
    let (deed, waits) = {
        let mut world = world.lock().unwrap();
        world.steps.push(Step::Begun(at));
        world.deeds[at]
    };
    let deed = deed.unwrap();
    match waits {
        0 => {}
        1 => tokio::task::yield_now().await,
        more => tokio::time::sleep(Duration::from_millis(more.into())).await,
    }
    if deed == Deed::Hangs {
        std::future::pending::<()>().await;
    }
    world.lock().unwrap().steps.push(Step::Ended(at, deed));
    match deed {
        Deed::Done => Ok(()),
        Deed::Discarded => Err(RecordError::discard("never").into()),
        // Without the hook, which would write a line.
        Deed::Panics => std::panic::resume_unwind(Box::new("a panic")),
        _ => Err("failed".into()),
    }
}

/// Delivers the records until all are acknowledged.
async fn play(from: From, settings: Settings, all: Vec<Told>) {
    let world = Arc::new(Mutex::new(World::default()));
    let caller = from.caller(settings.batch(from), Arc::clone(&world));
    let mut left: Vec<usize> = (0..all.len()).collect();
    let mut deliveries = vec![0; all.len()];
    let mut handled = Vec::<usize>::new();
    let most = all.iter().map(|told| told.deeds.len()).sum::<usize>() + all.len() + 1;
    for _ in 0..most {
        let batch: Vec<usize> = left.iter().copied().take(settings.batch_size).collect();
        if batch.is_empty() {
            break;
        }
        let unread: Vec<usize> = {
            let mut world = world.lock().unwrap();
            world.steps.clear();
            world.deeds = vec![(None, 0); all.len()];
            for &at in &batch {
                let (deed, waits) = all[at].deeds.get(deliveries[at]).copied().unwrap_or((Deed::Done, 0));
                let deed = from.possible(deed, settings.deadline.is_some());
                world.deeds[at] = (Some(deed), waits);
                deliveries[at] += 1;
            }
            batch.iter().copied().filter(|at| world.deeds[*at].0 == Some(Deed::Unreadable)).collect()
        };
        let (event, delivered) = from.event(&all, &batch, &unread);
        let start = Instant::now();
        let answer = call(&caller, event, settings.deadline).await;
        if let Some(deadline) = settings.deadline {
            assert!(start.elapsed() < Duration::from_millis(deadline), "late: {:?}", start.elapsed());
        }
        let steps = world.lock().unwrap().steps.clone();
        check(from, &settings, &all, &delivered, &steps, &unread);
        let acknowledged = rules::acknowledged(from, &all, &delivered, &answer, settings.named_only);
        for &at in &acknowledged {
            let is_handled =
                steps.iter().any(|step| matches!(step, Step::Ended(of, deed) if *of == at && deed.is_handled()));
            assert!(
                is_handled || from.reports_failures_as_results(),
                "{at} is acknowledged and was not handled: {answer:?}"
            );
        }
        rules::results_are_true(from, &delivered, &answer, |at| {
            steps.iter().find_map(|step| match step {
                Step::Ended(of, deed) if *of == at => Some(*deed),
                _ => None,
            })
        });
        handled.extend(steps.iter().filter_map(|step| match step {
            Step::Ended(at, deed) if deed.is_handled() => Some(*at),
            _ => None,
        }));
        left.retain(|at| !acknowledged.contains(at));
    }
    assert_eq!(left, Vec::<usize>::new(), "delivered for ever");
    for (at, told) in all.iter().enumerate() {
        let first = |at: usize| handled.iter().position(|other| *other == at);
        assert!(first(at).is_some() || from.reports_failures_as_results(), "{at} was never handled");
        let lane = settings.lane(from, told);
        for earlier in (0..at).filter(|earlier| lane.is_some() && settings.lane(from, &all[*earlier]) == lane) {
            assert!(first(earlier) < first(at), "{at} was handled before {earlier}");
        }
    }
}

/// One delivery through a mapping that does not read the response: what the docs promise for it.
async fn unreported(from: From, settings: Settings, all: Vec<Told>) {
    let world = Arc::new(Mutex::new(World::default()));
    let caller = from.caller(settings.batch(from), Arc::clone(&world));
    let batch: Vec<usize> = (0..all.len()).collect();
    let deed = |told: &Told| told.deeds.first().copied().unwrap_or((Deed::Done, 0));
    let deeds = all.iter().map(deed).map(|(deed, waits)| (Some(from.possible(deed, false)), waits));
    world.lock().unwrap().deeds = deeds.collect();
    let unread: Vec<usize> =
        batch.iter().copied().filter(|at| world.lock().unwrap().deeds[*at].0 == Some(Deed::Unreadable)).collect();
    let (event, delivered) = from.event(&all, &batch, &unread);
    // Whatever it is: Lambda takes it for success.
    let _ = call(&caller, event, None).await;
    let steps = world.lock().unwrap().steps.clone();
    check(from, &Settings { deadline: None, ..settings }, &all, &delivered, &steps, &unread);
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Done), 3 => Just(Deed::Fails), 1 => Just(Deed::Panics), 1 => Just(Deed::Discarded), 1 => Just(Deed::Hangs),
        1 => Just(Deed::Unreadable),
    ]
}

fn told() -> impl Strategy<Value = Told> {
    let deeds = vec((deed(), prop_oneof![Just(0_u8), Just(1), 2_u8..30]), 0..3);
    (0_u8..3, 0_u8..2, deeds).prop_map(|(lane, sublane, deeds)| Told { lane, sublane, deeds })
}

fn settings() -> impl Strategy<Value = Settings> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (1_usize..5, 1_usize..12, flags, prop::option::of(60_u64..200)).prop_map(
        |(concurrency, batch_size, flags, deadline)| {
            let (goes_on, fails_if_all_fail, by_attribute, named_only) = flags;
            Settings { concurrency, batch_size, goes_on, fails_if_all_fail, by_attribute, deadline, named_only }
        },
    )
}

fn holds(from: From) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 96;
    }
    if config.rng_seed == RngSeed::Random {
        // The same ones in each run.
        config.rng_seed = RngSeed::Fixed(11);
    }
    let tried = TestRunner::new(config).run(&(settings(), vec(told(), 1..12)), |(settings, all)| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(from, settings.clone(), all.clone()));
        runtime.block_on(unreported(from, settings, all));
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{from:?}: {failure}"));
}

/// A test for each caller, so that they run beside each other.
macro_rules! each_caller {
    ($($name:ident: $from:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                holds(From::$from);
            }
        )*
    };
}

each_caller! {
    a_queue: Sqs,
    a_fifo_queue: Fifo,
    a_queue_of_notifications: SqsOfS3,
    a_fifo_queue_of_notifications: FifoOfS3,
    a_stream_of_kinesis: Kinesis,
    a_stream_of_log_batches: KinesisOfLogs,
    a_stream_of_dynamodb: DynamoDb,
    a_table_in_a_stream_of_kinesis: TableKinesis,
    a_topic_of_kafka: Kafka,
    firehose: Firehose,
    a_job_of_s3_batch_operations: S3Batch,
    a_topic_of_sns: Sns,
    a_bucket: S3,
    a_broker_of_active_mq: ActiveMq,
    a_broker_of_rabbit_mq: RabbitMq,
    a_pipe_from_a_queue: PipeSqs,
    a_pipe_from_a_fifo_queue: PipeFifo,
    a_pipe_from_kinesis: PipeKinesis,
    a_pipe_from_dynamodb: PipeDynamoDb,
    a_pipe_from_kafka: PipeKafka,
    a_pipe_from_active_mq: PipeActiveMq,
    a_pipe_from_rabbit_mq: PipeRabbitMq,
}
