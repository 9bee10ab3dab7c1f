//! Binaries that a test runs, built by cargo as a user builds them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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
    let output = as_by_hand(&mut cargo).stderr(Stdio::inherit()).output().expect("cargo starts");
    assert!(output.status.success(), "`cargo build {}`: {}", arguments.join(" "), output.status);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named =
        |message: Value| Some((message["target"]["name"].as_str()?.to_owned(), message["executable"].as_str()?.into()));
    messages.filter_map(named).collect()
}

/// Takes from a command what cargo tells a test about the test's own package. Build scripts that read it (ring's) would run
/// again, and all that depends on them compile again, each time that a test builds and each time that the tests are built.
pub fn as_by_hand(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"].iter().any(|own| name.starts_with(own)) {
            command.env_remove(&*name);
        }
    }
    command
}
