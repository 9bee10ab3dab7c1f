//! The MCP server, judged by the conformance suite of the protocol and by two foreign clients, in both eras.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use engines::binary::Guarded;
use serde_json::{Value, json};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp")
}

/// Returns the folder of the suite and the clients.
fn judges() -> PathBuf {
    let output = Command::new(here().join("install.sh")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The fixture, served as in a local run.
struct Server {
    _process: Guarded,
    address: SocketAddr,
}

impl Server {
    /// Starts it with pages of this many tools: the suite reads one page.
    fn start(pages: usize) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp_fixture"));
        command
            .env("PILASTER_ADDR", address.to_string())
            .env("PAGE_SIZE", pages.to_string())
            .env_remove("AWS_LAMBDA_RUNTIME_API");
        let process = Guarded(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let started = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { _process: process, address }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/mcp", self.address.port())
    }
}

/// Runs a program, and returns whether it succeeded and what it printed.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.success(), text)
}

fn suite(server: &Server, arguments: &[&str]) -> (bool, String) {
    let judges = judges();
    let mut node = Command::new(judges.join("bin/node"));
    node.arg(judges.join("node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    node.args(["server", "--url", &server.url()]).args(arguments).current_dir(&judges);
    run(&mut node)
}

#[test]
fn check_36_the_suite_finds_the_expected_failures_alone() {
    let server = Server::start(100);
    for (revision, file) in [("2026-07-28", "expected-failures.yaml"), ("2025-11-25", "expected-failures-2025.yaml")] {
        let file = here().join(file);
        let arguments = ["--requirements", revision, "--expected-failures", file.to_str().unwrap()];
        let (is_success, text) = suite(&server, &arguments);
        assert!(is_success, "{revision}: {text}");
        assert!(text.contains("tools-call-simple-text"), "{text}");
    }
}

#[test]
fn a_failure_that_is_not_expected_and_one_that_passes_fail_the_run() {
    let server = Server::start(100);
    let folder = judges().join(format!("runs-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, listed, scenario) in
        [("none", "server: []\n", "prompts-list"), ("stale", "server:\n  - tools-list\n", "tools-list")]
    {
        let file = folder.join(format!("{name}.yaml"));
        fs::write(&file, listed).unwrap();
        let arguments =
            ["--scenario", scenario, "--spec-version", "2026-07-28", "--expected-failures", file.to_str().unwrap()];
        let (is_success, text) = suite(&server, &arguments);
        assert!(!is_success, "{name}: {text}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_client_in_python_works_in_both_eras() {
    let server = Server::start(4);
    for (mode, revision) in [("auto", "2026-07-28"), ("legacy", "2025-11-25")] {
        let mut python = Command::new(judges().join("bin/python"));
        let (is_success, text) = run(python.arg(here().join("client.py")).args([&server.url(), mode]));
        assert!(is_success && text.contains("ok") && text.contains(revision), "{mode}: {text}");
    }
}

#[test]
fn the_inspector_lists_and_calls_tools() {
    let server = Server::start(4);
    let judges = judges();
    let inspect = |arguments: &[&str]| {
        let mut node = Command::new(judges.join("bin/node"));
        node.arg(fs::canonicalize(judges.join("node_modules/.bin/mcp-inspector")).unwrap());
        node.args(["--cli", &server.url(), "--transport", "http"]).args(arguments).current_dir(&judges);
        let (is_success, text) = run(&mut node);
        assert!(is_success, "{arguments:?}: {text}");
        let json = text.find('{').map(|start| &text[start..]).unwrap_or_default();
        serde_json::Deserializer::from_str(json).into_iter::<Value>().next().unwrap().unwrap()
    };
    let listed = inspect(&["--method", "tools/list"]);
    assert_eq!(listed["tools"][0]["name"], "test_simple_text");
    let arguments = ["--method", "tools/call", "--tool-name", "add", "--tool-arg", "a=1", "b=2"];
    assert_eq!(inspect(&arguments)["structuredContent"], json!({ "sum": 3 }));
}
