//! The function answers each case of the suite that it is measured by.

#[test]
fn each_case_of_the_suite_is_answered_rightly() {
    let wrong = bench_runtime_api::wrong_answers("http", env!("CARGO_BIN_EXE_bench-users").as_ref()).unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_answers_to_another_suite_are_wrong() {
    let wrong = bench_runtime_api::wrong_answers("sqs", env!("CARGO_BIN_EXE_bench-users").as_ref()).unwrap();
    assert_eq!(wrong.len(), 2, "{wrong:#?}");
}
