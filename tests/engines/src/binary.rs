//! Binaries that a test runs: built by cargo as a user builds them, asked over HTTP, ended with the test.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Builds binaries with cargo and these arguments; where it has put each, by name.
///
/// # Panics
///
/// If they do not build.
pub fn build(arguments: &[&str]) -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("build").args(arguments).args(["--message-format", "json-render-diagnostics"]);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let output = without_cargo_variables(&mut cargo).stderr(Stdio::inherit()).output().expect("cargo starts");
    assert!(output.status.success(), "`cargo build {}`: {}", arguments.join(" "), output.status);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named =
        |message: Value| Some((message["target"]["name"].as_str()?.to_owned(), message["executable"].as_str()?.into()));
    messages.filter_map(named).collect()
}

/// Builds the functions of an example, and returns where cargo has put each, by name.
///
/// They have the features of the tests of the whole workspace, so that `cargo test --workspace` has compiled their dependencies already:
/// with those of the example alone, the AWS SDK would compile again for each example. `builds.rs` checks the features that are deployed.
///
/// # Panics
///
/// If there is no such example, or it does not build.
pub fn example(name: &str) -> HashMap<String, PathBuf> {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")).join(name).join("src");
    let mut names: Vec<String> = source.join("main.rs").exists().then(|| name.to_owned()).into_iter().collect();
    for entry in fs::read_dir(source.join("bin")).into_iter().flatten().flatten() {
        names.extend(entry.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    assert!(!names.is_empty(), "no example is named {name}");
    let bins = names.iter().flat_map(|name| ["--bin", name]);
    // A test among the targets, or cargo leaves out the features of the dependencies of tests.
    let built = build(&["--workspace", "--test", "tidy"].into_iter().chain(bins).collect::<Vec<_>>());
    built.into_iter().filter(|(built, _)| names.contains(built)).collect()
}

/// Removes the variables from a command that cargo sets for the test's own package. Build scripts that read it (ring's) would run
/// again, and all that depends on them compile again, each time that a test builds and each time that the tests are built.
pub fn without_cargo_variables(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"].iter().any(|own| name.starts_with(own)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// A process that is killed with the test, however the test ends.
#[derive(Debug)]
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the response of a server to a GET, with its head; by HTTP/1.0, where a body is never in chunks.
///
/// # Panics
///
/// If there is none within a minute.
pub fn get(address: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}
