//! `tests/benches/run`: see `tests/benches/README.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match bench_runtime_api::command(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tests/benches/run: {error:#}");
            ExitCode::FAILURE
        }
    }
}
