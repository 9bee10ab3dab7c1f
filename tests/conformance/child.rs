//! Runs a case in a child process with the environment of the case, for code that reads the real environment.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::case::Case;
use crate::{Compared, Replay, Stop};

/// The argument with which the parent starts the program.
pub(crate) const ARGUMENT: &str = "--replay-case";

/// Set in the child, which then replays for itself: the folder of the case.
const HERE: &str = "PILASTER_REPLAYS_HERE";

/// Returns `true` if this process has the environment of its case.
pub(crate) fn is_here() -> bool {
    std::env::var_os(HERE).is_some()
}

/// Replays the case in a child with these variables.
pub(crate) fn replay(case: &Case, variables: impl Iterator<Item = (String, String)>) -> Replay {
    let broken = |what: &str, error: &dyn std::fmt::Display| Stop::Broken(format!("the child {what}: {error}"));
    let program = std::env::current_exe().map_err(|error| broken("has no program", &error))?;
    let mut command = Command::new(program);
    command.arg(ARGUMENT).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.env(HERE, case.folder()).envs(variables).spawn().map_err(|error| broken("does not start", &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(case.json.to_string().as_bytes()).map_err(|error| broken("reads nothing", &error))?;
    }
    let output = child.wait_with_output().map_err(|error| broken("does not end", &error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let mut answer: Value = serde_json::from_str(last)
        .map_err(|error| broken(&format!("wrote {last:?} ({})", String::from_utf8_lossy(&output.stderr)), &error))?;
    match (answer["unsupported"].as_str(), answer["broken"].as_str()) {
        (Some(reason), _) => Err(Stop::Unsupported(reason.to_owned())),
        (_, Some(reason)) => Err(Stop::Broken(reason.to_owned())),
        _ => Ok(Compared { expected: answer["expected"].take(), observed: answer["observed"].take() }),
    }
}

/// The child's part: reads a case, and prints the outcome as its last line.
pub(crate) fn main() {
    let mut text = String::new();
    let case = match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Case::of_text(&text, Path::new(&std::env::var_os(HERE).unwrap_or_default())),
        Err(error) => return println!("{}", json!({ "broken": error.to_string() })),
    };
    let answer = match crate::replay(&case) {
        Ok(Compared { expected, observed }) => json!({ "expected": expected, "observed": observed }),
        Err(Stop::Unsupported(reason)) => json!({ "unsupported": reason }),
        Err(Stop::Broken(reason)) => json!({ "broken": reason }),
    };
    println!("{answer}");
}
