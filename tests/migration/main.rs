//! The pages "coming from" of the guide: the function of each page, before and after its move, is called with the same events, and the
//! responses and log lines are compared. A difference needs an entry in `differences.toml` of the page's folder, and a row in a table of
//! traps of the pages. The tables of the pages and the page "Comparison" are checked as well.
#![allow(dead_code, clippy::unwrap_used)]

mod case;
mod comparison;
mod differences;
mod from_axum;
mod from_lambda_http;
mod from_middy;
mod from_powertools_python;
mod from_powertools_typescript;
mod from_web_adapter;
mod http_event;
mod meaning;
mod page;
mod peer;
mod peers;
mod tables;

use std::path::{Path, PathBuf};

/// Returns the root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns a file of this folder.
fn file(name: &str) -> PathBuf {
    root().join("tests/migration").join(name)
}

/// Reads a file of the repository.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
