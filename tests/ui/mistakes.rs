//! What rustc says about mistakes: each file in a folder here is named after one, and has the message beside it.

#[test]
fn a_mistake_is_told_once_and_where_it_was_made() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("lambda_handler/*.rs");
    cases.compile_fail("handler/*.rs");
    cases.compile_fail("records/*.rs");
    cases.compile_fail("events/*.rs");
    cases.compile_fail("idempotent/*.rs");
    cases.compile_fail("error_type/*.rs");
    cases.compile_fail("to_http_error/*.rs");
}
