//! A Lambda Runtime API that drives functions, measures them, and writes the tables of `BENCHMARKS.md`.
//!
//! A *suite* (`tests/benches/suites`) says which events are sent, which responses are right, and which functions take part. A function
//! that answers wrongly is not timed.

mod builds;
mod callgrind;
mod command;
mod document;
mod emulator;
mod expect;
mod machine;
mod measure;
mod process;
mod sample;
mod size;
mod statistics;
mod suite;
mod tables;
mod usage;

use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use command::command;

/// The folder of the repository: that of the package that cargo runs, or else of this one when it was compiled.
fn repository() -> PathBuf {
    let run = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let folders = [run, Some(env!("CARGO_MANIFEST_DIR").into())];
    let mut folders = folders.iter().flatten().flat_map(|folder| folder.ancestors());
    folders.find(|folder| folder.join("BENCHMARKS.md").is_file()).unwrap_or(Path::new(".")).to_owned()
}

/// Sends each event of a suite to a function, and returns what is wrong with the responses and the log lines.
///
/// # Errors
///
/// The suite cannot be read, or the function does not start or answer.
///
/// # Example
///
/// ```no_run
/// let wrong = bench_runtime_api::wrong_answers("http", "target/debug/bench-users".as_ref())?;
/// assert!(wrong.is_empty(), "{wrong:#?}");
/// # anyhow::Ok(())
/// ```
pub fn wrong_answers(suite: &str, program: &Path) -> anyhow::Result<Vec<String>> {
    let suite = suite::Suite::load(suite)?;
    let runnable = builds::Runnable::program(program);
    sample::block_on(sample::verify(&runnable, &suite.cases, &sample::Options::default()))
}

/// Sends each large event to the function that the table `large` measures with it, and returns what is wrong. `program` has the path of a
/// binary; an event whose binary it has not is left out.
///
/// # Errors
///
/// As for [`wrong_answers`].
pub fn wrong_answers_to_large_events<'a>(program: impl Fn(&str) -> Option<&'a Path>) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for large in tables::large::events::all()? {
        if let Some(program) = program(large.pilaster.1) {
            let (runnable, cases) = (builds::Runnable::program(program), Rc::from([large.case]));
            wrong.extend(sample::block_on(sample::verify(&runnable, &cases, &sample::Options::default()))?);
        }
    }
    Ok(wrong)
}
