//! The compile errors of mistakes: each file in a folder is named after one mistake, and the message is beside it. A name may begin with
//! the number of an acceptance check (`check_11`), as the names of tests do.

#[test]
fn a_mistake_is_reported_once_and_where_it_was_made() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("lambda_handler/*.rs");
    cases.compile_fail("handler/*.rs");
    cases.compile_fail("records/*.rs");
    cases.compile_fail("events/*.rs");
    cases.compile_fail("appsync/*.rs");
    cases.compile_fail("channels/*.rs");
    cases.compile_fail("idempotent/*.rs");
    cases.compile_fail("error_type/*.rs");
    cases.compile_fail("to_http_error/*.rs");
    cases.compile_fail("operation/*.rs");
    cases.compile_fail("tools/*.rs");
}
