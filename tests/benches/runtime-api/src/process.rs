//! The function under test as a process: its environment, the core that it runs on, and its log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::oneshot;

/// Which cores the Runtime API and the function run on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pin {
    /// The Runtime API on the first core, the function on the second: the least noise.
    Split,
    /// The kernel decides.
    None,
}

/// How a function is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    pub(crate) command: Vec<OsString>,
    pub(crate) folder: PathBuf,
    pub(crate) handler: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// A function that runs. It is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) pid: Pid,
    pub(crate) started: Instant,
    pub(crate) log: Arc<Log>,
    /// Resolves when the process closes its standard output, which it does when it ends.
    pub(crate) gone: oneshot::Receiver<()>,
}

/// What a function wrote.
#[derive(Debug, Default)]
pub(crate) struct Log {
    is_dropped: AtomicBool,
    text: Mutex<Vec<u8>>,
}

impl Log {
    /// What was kept.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Keeps nothing more: a measured loop writes a lot.
    pub(crate) fn stop_keeping(&self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }

    fn read(&self, mut from: impl Read) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if !self.is_dropped.load(Ordering::Relaxed) {
                self.text.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        }
    }
}

/// Runs this thread, and what it starts from now on, on one core; `None` is all cores.
pub(crate) fn pin(core: Option<usize>) -> io::Result<()> {
    let mut cores = CpuSet::new();
    let count = nix::sched::CpuSet::count().min(1024);
    for core in core.map_or(0..count, |core| core..core + 1) {
        cores.set(core)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}

impl Process {
    /// Starts the function for a Runtime API at this address. Its environment is that of Lambda, and nothing of ours.
    pub(crate) fn start(start: &Start, api: &str, pinned: Pin, concurrency: usize) -> io::Result<Self> {
        let mut command = Command::new(&start.command[0]);
        command.args(&start.command[1..]).current_dir(&start.folder).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs([
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("HOME", "/tmp"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_SESSION_TOKEN", "example"),
            ("_HANDLER", &start.handler),
        ]);
        command.env("LAMBDA_TASK_ROOT", &start.folder).envs(&start.env);
        if concurrency > 1 {
            command.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string());
        }
        // A process inherits the cores of the thread that starts it.
        if pinned == Pin::Split {
            pin(Some(1))?;
        }
        let started = Instant::now();
        let child = command.spawn();
        if pinned == Pin::Split {
            pin(Some(0))?;
        }
        let mut child = child?;
        let log = Arc::new(Log::default());
        let (sender, gone) = oneshot::channel();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            let (of_out, of_err) = (Arc::clone(&log), Arc::clone(&log));
            std::thread::spawn(move || {
                of_out.read(out);
                // Nobody waits any more if the process was stopped by us.
                let _ = sender.send(());
            });
            std::thread::spawn(move || of_err.read(err));
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        Ok(Self { child, pid, started, log, gone })
    }

    /// Asks the function to end, and kills it after `grace`.
    pub(crate) fn stop(&mut self, grace: Duration) -> io::Result<()> {
        let until = Instant::now() + grace;
        if self.child.try_wait()?.is_none() {
            kill(self.pid, Signal::SIGTERM)?;
        }
        while Instant::now() < until {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// How the function ended, and the end of its log.
    pub(crate) fn ending(&mut self) -> String {
        // The last lines may still be on their way.
        std::thread::sleep(Duration::from_millis(50));
        let how = match self.child.try_wait() {
            Ok(Some(status)) => status.to_string(),
            _ => "it still runs".to_owned(),
        };
        let log = self.log.text();
        let from = log.char_indices().rev().nth(1500).map_or(0, |(at, _)| at);
        format!("{how}; its log ends with:\n{}", &log[from..])
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop(Duration::from_millis(300)) {
            eprintln!("process {} could not be stopped: {error}", self.pid);
        }
    }
}
