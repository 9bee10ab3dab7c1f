//! The functions answer the large events that they are measured by.

use std::path::Path;

#[test]
fn each_large_event_is_answered_rightly() {
    let program = |name: &str| match name {
        "bench-large" => Some(Path::new(env!("CARGO_BIN_EXE_bench-large"))),
        "bench-stream" => Some(Path::new(env!("CARGO_BIN_EXE_bench-stream"))),
        _ => None,
    };
    let wrong = bench_runtime_api::wrong_answers_to_large_events(program).unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
