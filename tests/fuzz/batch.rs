//! The batch engine against the written rules of each service that calls it: random records, settings and failures, delivered until
//! every record is acknowledged.
//!
//! `rules.rs` has the rules by AWS's pages, `events.rs` the events, `delivery.rs` the checks of one delivery:
//!
//! - each acknowledged record was handled, and no record is delivered for ever;
//! - records of one group, key, item or partition are handled in their order, one at a time, and none after a failed one;
//! - a record is handled at most once in a delivery, and the response comes before the deadline;
//! - without a deadline each record that is not behind a failed one is begun.
//!
//! `PROPTEST_CASES` is the number of cases for each service (96 unless set), `PROPTEST_RNG_SEED` chooses them.

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

use self::callers::{Origin, call};
use self::delivery::check;

/// The outcome of a record in one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Fails,
    Panics,
    Discarded,
    /// Until it is cancelled.
    Hangs,
    /// It cannot be decoded, so the function does not see it.
    Unreadable,
}

impl Outcome {
    fn is_handled(self) -> bool {
        matches!(self, Self::Done | Self::Discarded)
    }
}

/// A record: its group, key or partition, and its outcomes and waits in one delivery after the other; in later ones it is done.
#[derive(Clone, Debug)]
struct Planned {
    lane: u8,
    sublane: u8,
    outcomes: Vec<(Outcome, u8)>,
}

#[derive(Clone, Debug)]
struct Settings {
    concurrency: usize,
    batch_size: usize,
    continue_on_failure: bool,
    fails_if_all_fail: bool,
    /// Changes of a table are ordered by an attribute instead of the whole key.
    by_attribute: bool,
    /// In milliseconds.
    deadline: Option<u64>,
    /// A pipe sends only the records again that the response names, instead of all from the first of them on.
    named_only: bool,
}

impl Settings {
    fn batch(&self, from: Origin) -> Batch {
        let mut batch = Batch::new().concurrency(self.concurrency).margin(Duration::from_millis(20));
        if self.continue_on_failure {
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

    /// The group of records that are handled in their order.
    fn lane(&self, from: Origin, planned: &Planned) -> Option<(u8, u8)> {
        match from {
            Origin::Fifo
            | Origin::PipeFifo
            | Origin::FifoOfS3
            | Origin::Kinesis
            | Origin::PipeKinesis
            | Origin::KinesisOfLogs => Some((planned.lane, 0)),
            Origin::DynamoDb | Origin::PipeDynamoDb | Origin::TableKinesis if self.by_attribute => {
                Some((planned.lane, 0))
            }
            Origin::DynamoDb | Origin::PipeDynamoDb | Origin::TableKinesis => Some((planned.lane, planned.sublane)),
            Origin::Kafka | Origin::PipeKafka if self.continue_on_failure => Some((planned.lane, planned.sublane)),
            Origin::Kafka | Origin::PipeKafka => Some((planned.lane, 0)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begun(usize),
    Ended(usize, Outcome),
}

/// The outcomes of this delivery, and the steps of the function so far.
#[derive(Debug, Default)]
struct World {
    outcomes: Vec<(Option<Outcome>, u8)>,
    steps: Vec<Step>,
}

async fn act(world: Arc<Mutex<World>>, at: usize) -> Result<(), BoxError> {
    let (outcome, waits) = {
        let mut world = world.lock().unwrap();
        world.steps.push(Step::Begun(at));
        world.outcomes[at]
    };
    let outcome = outcome.unwrap();
    match waits {
        0 => {}
        1 => tokio::task::yield_now().await,
        more => tokio::time::sleep(Duration::from_millis(more.into())).await,
    }
    if outcome == Outcome::Hangs {
        std::future::pending::<()>().await;
    }
    world.lock().unwrap().steps.push(Step::Ended(at, outcome));
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Discarded => Err(RecordError::discard("never").into()),
        // A panic without the hook, which would write a line.
        Outcome::Panics => std::panic::resume_unwind(Box::new("a panic")),
        _ => Err("failed".into()),
    }
}

/// Delivers the records until all are acknowledged.
async fn play(from: Origin, settings: Settings, all: Vec<Planned>) {
    let world = Arc::new(Mutex::new(World::default()));
    let caller = from.caller(settings.batch(from), Arc::clone(&world));
    let mut left: Vec<usize> = (0..all.len()).collect();
    let mut deliveries = vec![0; all.len()];
    let mut handled = Vec::<usize>::new();
    let most = all.iter().map(|planned| planned.outcomes.len()).sum::<usize>() + all.len() + 1;
    for _ in 0..most {
        let batch: Vec<usize> = left.iter().copied().take(settings.batch_size).collect();
        if batch.is_empty() {
            break;
        }
        let unread: Vec<usize> = {
            let mut world = world.lock().unwrap();
            world.steps.clear();
            world.outcomes = vec![(None, 0); all.len()];
            for &at in &batch {
                let (outcome, waits) = all[at].outcomes.get(deliveries[at]).copied().unwrap_or((Outcome::Done, 0));
                let outcome = from.possible(outcome, settings.deadline.is_some());
                world.outcomes[at] = (Some(outcome), waits);
                deliveries[at] += 1;
            }
            batch.iter().copied().filter(|at| world.outcomes[*at].0 == Some(Outcome::Unreadable)).collect()
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
                steps.iter().any(|step| matches!(step, Step::Ended(of, outcome) if *of == at && outcome.is_handled()));
            assert!(
                is_handled || from.reports_failures_as_results(),
                "{at} is acknowledged and was not handled: {answer:?}"
            );
        }
        rules::results_are_true(from, &delivered, &answer, |at| {
            steps.iter().find_map(|step| match step {
                Step::Ended(of, outcome) if *of == at => Some(*outcome),
                _ => None,
            })
        });
        handled.extend(steps.iter().filter_map(|step| match step {
            Step::Ended(at, outcome) if outcome.is_handled() => Some(*at),
            _ => None,
        }));
        left.retain(|at| !acknowledged.contains(at));
    }
    assert_eq!(left, Vec::<usize>::new(), "delivered for ever");
    for (at, planned) in all.iter().enumerate() {
        let first = |at: usize| handled.iter().position(|other| *other == at);
        assert!(first(at).is_some() || from.reports_failures_as_results(), "{at} was never handled");
        let lane = settings.lane(from, planned);
        for earlier in (0..at).filter(|earlier| lane.is_some() && settings.lane(from, &all[*earlier]) == lane) {
            assert!(first(earlier) < first(at), "{at} was handled before {earlier}");
        }
    }
}

/// One delivery through a mapping without `ReportBatchItemFailures`: it takes each response for success, so only the checks of one delivery
/// apply.
async fn unreported(from: Origin, settings: Settings, all: Vec<Planned>) {
    let world = Arc::new(Mutex::new(World::default()));
    let caller = from.caller(settings.batch(from), Arc::clone(&world));
    let batch: Vec<usize> = (0..all.len()).collect();
    let outcome = |planned: &Planned| planned.outcomes.first().copied().unwrap_or((Outcome::Done, 0));
    let outcomes = all.iter().map(outcome).map(|(outcome, waits)| (Some(from.possible(outcome, false)), waits));
    world.lock().unwrap().outcomes = outcomes.collect();
    let unread: Vec<usize> =
        batch.iter().copied().filter(|at| world.lock().unwrap().outcomes[*at].0 == Some(Outcome::Unreadable)).collect();
    let (event, delivered) = from.event(&all, &batch, &unread);
    // Lambda takes any response for success.
    let _ = call(&caller, event, None).await;
    let steps = world.lock().unwrap().steps.clone();
    check(from, &Settings { deadline: None, ..settings }, &all, &delivered, &steps, &unread);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Done), 3 => Just(Outcome::Fails), 1 => Just(Outcome::Panics), 1 => Just(Outcome::Discarded), 1 => Just(Outcome::Hangs),
        1 => Just(Outcome::Unreadable),
    ]
}

fn planned() -> impl Strategy<Value = Planned> {
    let outcomes = vec((outcome(), prop_oneof![Just(0_u8), Just(1), 2_u8..30]), 0..3);
    (0_u8..3, 0_u8..2, outcomes).prop_map(|(lane, sublane, outcomes)| Planned { lane, sublane, outcomes })
}

fn settings() -> impl Strategy<Value = Settings> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (1_usize..5, 1_usize..12, flags, prop::option::of(60_u64..200)).prop_map(
        |(concurrency, batch_size, flags, deadline)| {
            let (continue_on_failure, fails_if_all_fail, by_attribute, named_only) = flags;
            Settings {
                concurrency,
                batch_size,
                continue_on_failure,
                fails_if_all_fail,
                by_attribute,
                deadline,
                named_only,
            }
        },
    )
}

fn holds(from: Origin) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 96;
    }
    if config.rng_seed == RngSeed::Random {
        // The same ones in each run.
        config.rng_seed = RngSeed::Fixed(11);
    }
    let tried = TestRunner::new(config).run(&(settings(), vec(planned(), 1..12)), |(settings, all)| {
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
                holds(Origin::$from);
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
