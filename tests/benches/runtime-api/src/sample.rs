//! One run of one function: it is started, checked, measured, and stopped.

use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::builds::Runnable;
use crate::emulator::{Emulator, Outcome};
use crate::expect::is_line_of;
use crate::process::{self, Pin, Process, Start};
use crate::suite::{Case, measured};
use crate::usage::{Machine, cpu, memory};

/// How a function is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) pin: Pin,
    /// How many invocations are out at a time.
    pub(crate) concurrency: usize,
    /// Invocations before those that are measured.
    pub(crate) warmup: usize,
    /// Invocations that are measured.
    pub(crate) count: usize,
    /// Limit of a phase.
    pub(crate) timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { pin: Pin::None, concurrency: 1, warmup: 0, count: 0, timeout: Duration::from_secs(120) }
    }
}

/// What one run came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// From the start of the process to its first poll.
    pub(crate) init: Duration,
    /// CPU time until then.
    pub(crate) init_cpu: Duration,
    /// From the first hand-out to its response.
    pub(crate) first: Duration,
    /// CPU time until then, the start included.
    pub(crate) first_cpu: Duration,
    /// Memory that was resident then, in KB.
    pub(crate) first_memory: u64,
    /// CPU time of a measured invocation.
    pub(crate) cpu: Duration,
    /// Wall time of all measured invocations by their number.
    pub(crate) wall: Duration,
    /// The most memory that was resident, in KB.
    pub(crate) peak_memory: u64,
    /// Cores that something else kept busy in the meantime.
    pub(crate) others: f64,
}

/// A function that has polled for the first time.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) process: Process,
    emulator: Rc<Emulator>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Runs a future to its end on this thread, with tasks that stay on it.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

/// Starts a function and waits for its first poll.
pub(crate) async fn start(start: &Start, cases: &Rc<[Case]>, options: &Options) -> anyhow::Result<Live> {
    process::pin((options.pin == Pin::Split).then_some(0))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let api = listener.local_addr()?.to_string();
    let emulator = Emulator::new(Rc::clone(cases));
    let server = tokio::task::spawn_local(Rc::clone(&emulator).serve(listener));
    let process = Process::start(start, &api, options.pin, options.concurrency)
        .with_context(|| format!("{} does not start", start.command[0].display()))?;
    let mut live = Live { process, emulator, server };
    live.settle(options.timeout).await?;
    Ok(live)
}

impl Live {
    /// Waits until everything is answered and the function polls again.
    async fn settle(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + timeout;
        while !self.emulator.is_idle() {
            if let Some(error) = self.emulator.init_error() {
                bail!("the start failed: {error}: {}", self.process.ending());
            }
            tokio::select! {
                () = self.emulator.changed.notified() => {}
                _ = &mut self.process.gone => bail!("the function ended: {}", self.process.ending()),
                () = sleep(until.saturating_duration_since(Instant::now())) => {
                    bail!("the function took longer than {timeout:?}: {}", self.process.ending());
                }
            }
        }
        Ok(())
    }

    /// Sends `count` invocations of these cases in turn.
    pub(crate) async fn phase(&mut self, cases: &[usize], count: usize, options: &Options) -> anyhow::Result<Outcome> {
        self.emulator.begin(cases, count, false);
        self.settle(options.timeout).await?;
        if options.concurrency > 1 {
            // The other polls come back.
            sleep(Duration::from_millis(5)).await;
        }
        Ok(self.emulator.outcome())
    }

    /// Sends each of these cases once, and returns what is wrong with the responses and the log lines.
    async fn wrong(&mut self, cases: &[Case], of: &[usize], timeout: Duration) -> anyhow::Result<Vec<String>> {
        self.emulator.begin(of, of.len(), true);
        self.settle(timeout).await?;
        let Outcome { mut failures, names, .. } = self.emulator.outcome();
        // The last line may still be on its way.
        sleep(Duration::from_millis(30)).await;
        let log = self.process.log.text();
        for (case, id) in names {
            if cases[case].expect.log && !log.lines().any(|line| is_line_of(line, &id)) {
                failures.push(format!("{}: no JSON line has the request's id and cold_start", cases[case].name));
            }
        }
        Ok(failures)
    }
}

/// Sends each case once, and returns what is wrong.
pub(crate) async fn verify(runnable: &Runnable, cases: &Rc<[Case]>, options: &Options) -> anyhow::Result<Vec<String>> {
    let mut live = start(&runnable.start, cases, options).await?;
    live.wrong(cases, &Vec::from_iter(0..cases.len()), options.timeout).await
}

/// Starts the function and sends one invocation.
pub(crate) async fn cold(runnable: &Runnable, cases: &Rc<[Case]>, options: &Options) -> anyhow::Result<Sample> {
    let machine = Machine::now();
    let (live, mut sample) = started(runnable, cases, options).await?;
    sample.others = machine.others(cpu(live.process.pid)?);
    Ok(sample)
}

/// Starts the function, checks its responses, and measures a loop of invocations.
pub(crate) async fn warm(runnable: &Runnable, cases: &Rc<[Case]>, options: &Options) -> anyhow::Result<Sample> {
    let (mut live, mut sample) = started(runnable, cases, options).await?;
    let measured = measured(cases);
    let wrong = live.wrong(cases, &measured, options.timeout).await?;
    live.process.log.stop_keeping();
    live.phase(&measured, options.warmup, options).await?;
    let (before, machine) = (cpu(live.process.pid)?, Machine::now());
    let outcome = live.phase(&measured, options.count, options).await?;
    let used = cpu(live.process.pid)? - before;
    sample.others = machine.others(used);
    sample.peak_memory = memory(live.process.pid, "VmHWM");
    let count = u32::try_from(options.count)?;
    sample.cpu = used / count;
    sample.wall = outcome.wall / count;
    if let Some(wrong) = wrong.first().or(outcome.failures.first()) {
        bail!("{wrong} ({} of {count} responses are wrong)", outcome.failed);
    }
    Ok(sample)
}

async fn started(runnable: &Runnable, cases: &Rc<[Case]>, options: &Options) -> anyhow::Result<(Live, Sample)> {
    let mut live = start(&runnable.start, cases, options).await?;
    let mut sample = Sample { init_cpu: cpu(live.process.pid)?, ..Sample::default() };
    let first = live.emulator.first_poll().context("the function did not poll")?;
    sample.init = first - live.process.started;
    let outcome = live.phase(&measured(cases)[..1], 1, options).await?;
    sample.first = outcome.last;
    sample.first_cpu = cpu(live.process.pid)?;
    sample.first_memory = memory(live.process.pid, "VmRSS");
    if let Some(wrong) = outcome.failures.first() {
        bail!("{wrong}");
    }
    Ok((live, sample))
}
