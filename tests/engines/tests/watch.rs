//! The crud example under `cargo lambda watch`: as a user tries a function before it is deployed.
//!
//! cargo-lambda sends a deadline of 1970 and its own function ARN; neither may hurt.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use engines::{free_port, install};
use serde_json::Value;

/// The first request compiles the example.
const PATIENCE: Duration = Duration::from_secs(600);

/// A process group that ends with the test: watch starts cargo, which starts the function.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.0.wait();
    }
}

fn cargo_lambda(programs: &Path) -> Command {
    let mut command = Command::new(programs.join("cargo-lambda"));
    command.arg("lambda").current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

#[test]
fn crud_answers_under_cargo_lambda_watch() {
    let programs = install();
    let port = free_port().to_string();
    let mut command = cargo_lambda(&programs);
    command.args(["watch", "--package", "crud", "--bin", "crud", "--ignore-changes", "--wait"]);
    command.args(["--invoke-address", "127.0.0.1", "--invoke-port", &port]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut watch =
        Watch(std::os::unix::process::CommandExt::process_group(&mut command, 0).spawn().expect("it starts"));
    // Its output is read all the time, so that it never waits for us.
    let (said, hear) = mpsc::channel();
    let stdout = watch.0.stdout.take().expect("a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = said.send(line);
        }
    });

    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/crud/events");
    let invoke = |event: PathBuf| -> Value {
        let began = std::time::Instant::now();
        loop {
            let output = cargo_lambda(&programs)
                .args(["invoke", "crud", "--invoke-address", "127.0.0.1", "--invoke-port", &port, "--data-file"])
                .arg(&event)
                .output()
                .expect("it starts");
            if output.status.success() {
                let text = String::from_utf8_lossy(&output.stdout);
                return serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
            }
            let told: Vec<_> = hear.try_iter().collect();
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(began.elapsed() < PATIENCE, "watch does not answer: {why}\n{}", told.join("\n"));
            std::thread::sleep(Duration::from_secs(1));
        }
    };

    let created = invoke(events.join("create-user.json"));
    assert_eq!(created["statusCode"], 201, "{created}");
    let again = invoke(events.join("create-user.json"));
    assert_eq!(again["statusCode"], 409, "the same process keeps its users: {again}");
    let listed = invoke(events.join("list-users.json"));
    let page: Value = serde_json::from_str(listed["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(page["users"].as_array().map(Vec::len), Some(1), "{listed}");

    let url = format!("http://127.0.0.1:{port}/lambda-url/crud/users");
    let script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())";
    let output = Command::new(programs.join("python")).args(["-c", script, &url]).output().expect("python starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let by_url: Value = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!("the function URL: {text}{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(by_url, page, "the same through a function URL");
}
