//! A cloud on this machine: ministack, started by a test on a free port of 127.0.0.1 and ended with it.
//!
//! ```no_run
//! let engine = engines::Engine::shared();
//! std::process::Command::new("target/debug/crud").envs(engine.environment());
//! ```

pub mod binary;
pub mod collector;
mod report;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

/// A part of every secret of these tests: the engine fails its test if a function has logged it.
pub const CANARY: &str = "canary-7f3a";

/// Starting takes a second on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running engine. It ends when the last handle goes, and also if the process of the test is killed.
#[derive(Debug)]
pub struct Engine {
    port: u16,
    programs: PathBuf,
    home: PathBuf,
    keeper: Mutex<Option<Child>>,
}

static SHARED: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

impl Engine {
    /// Returns the engine that the tests of this process share. Each test uses its own names.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let engine = Arc::new(Self::start());
            *shared = Arc::downgrade(&engine);
            engine
        })
    }

    /// Starts a separate engine, for a test that stops it.
    ///
    /// # Panics
    ///
    /// If it is not installed or does not start: with its log.
    pub fn start() -> Self {
        Self::on(free_port())
    }

    /// Starts an engine on this port, for a test whose environment names its endpoint.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn on(port: u16) -> Self {
        let programs = programs();
        let home = programs.join(format!("../run/{}-{port}", std::process::id()));
        fs::create_dir_all(&home).expect("a folder for the engine");
        let log = fs::File::create(home.join("log")).expect("a log for the engine");
        // The shell waits for the end of its input: the end of the handle or of the test process.
        let keeper = Command::new("sh")
            .args(["-c", r#""$0" </dev/null & engine=$!; read -r _; kill "$engine"; wait "$engine""#])
            .arg(programs.join("ministack"))
            .envs(environment(port))
            .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "localhost"), ("IOT_MTLS_ENABLED", "0")])
            .env("GATEWAY_PORT", port.to_string())
            .envs([("STATE_DIR", &home), ("S3_DATA_DIR", &home), ("TMPDIR", &home)])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log's handle"))
            .stderr(log)
            .spawn()
            .expect("`sh` starts");
        let engine = Self { port, programs, home, keeper: Mutex::new(Some(keeper)) };
        engine.wait_until_ready();
        engine
    }

    /// `http://127.0.0.1:…`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the variables for a process to use this engine as AWS: the endpoint, a region, any key.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        environment(self.port)
    }

    /// A program that is installed beside it: `python` with AWS's own client, `cargo-lambda`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Ends the engine before its handle is dropped, as a service that is down.
    pub fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            drop(keeper.stdin.take());
            keeper.wait().expect("the engine's end");
        }
    }

    /// # Panics
    ///
    /// If a function has logged a secret of the tests.
    fn check_logs(&self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/canary.py");
        let mut check = Command::new(self.programs.join("python"));
        let output = check.arg(script).args([&self.endpoint(), CANARY]).output().expect("python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        while !is_healthy(self.port) {
            if began.elapsed() > READY_WITHIN {
                let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
                panic!("the engine is not ready after {READY_WITHIN:?}. Its log:\n{log}");
            }
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A test that has stopped it, or has failed already, has no logs to check.
        let is_running = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_running && !std::thread::panicking() {
            self.check_logs();
        }
        self.stop();
        // A folder that is left behind is below `target`.
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// The environment for an engine on this port, running or not yet.
pub fn environment(port: u16) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", format!("{CANARY}-key")),
    ]
}

/// An address of 127.0.0.1 whose connections are refused. Its socket does not listen, and keeps the port from other tests.
#[derive(Debug)]
pub struct Unreachable(TcpSocket);

impl Unreachable {
    /// Binds the socket.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn bind() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self(socket)
    }

    /// Returns the address.
    ///
    /// # Panics
    ///
    /// If the socket has lost it.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("its address")
    }
}

/// Returns a port of 127.0.0.1 without a listener.
///
/// # Panics
///
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Returns the folder of the programs that `install.sh` has installed. A test never installs them itself, so that `cargo test` reaches no
/// network.
///
/// # Panics
///
/// If they are not installed, in the versions that `install.sh` names.
pub fn programs() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let output = Command::new(script).arg("--check").output().expect("`install.sh` starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

fn is_healthy(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        std::io::Result::Ok(status)
    };
    ask().is_ok_and(|status| &status == b"HTTP/1.1 200")
}
