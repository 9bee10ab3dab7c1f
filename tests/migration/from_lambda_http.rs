//! From `lambda_http`: first the handler as it is inside Pilaster's stack, then with typed arguments.

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "lambda-http/after.rs"]
mod after;
#[rustfmt::skip] // Formatted for the width of the page.
#[path = "lambda-http/before.rs"]
mod before;

use lambda_http::service_fn;
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;

use super::case::Case;
use super::meaning::meaning;
use super::page::Page;
use super::{differences, http_event, peer, tables};

#[tokio::test]
async fn the_function_behaves_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-lambda-http.md");
    let cases = Case::all("lambda-http");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for case in &cases {
        before.push(http_event::call(service_fn(before::function_handler), &case.event).await);
        let caller = Caller::new(after::rename_user::function());
        after.push(peer::pilaster(caller, &CapturedMetrics::default(), &case.event).await);
    }
    differences::check("lambda-http", &[page], &cases, &before, &after);
}

/// The first step of the page changes `main` alone.
#[tokio::test]
async fn the_handler_runs_unchanged_inside_the_stack() {
    for case in Case::all("lambda-http") {
        let before = http_event::call(service_fn(before::function_handler), &case.event).await;
        let caller = Caller::new(pilaster::http::lambda_http(before::function_handler));
        let mut after = peer::pilaster(caller, &CapturedMetrics::default(), &case.event).await;
        after.lines.clear();
        match before.result {
            Ok(_) => assert_eq!(meaning(&before), meaning(&after), "{}", case.name),
            // An invocation that failed is a response.
            Err(_) => assert_eq!(meaning(&after)["status"], 500, "{}", case.name),
        }
    }
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-lambda-http.md");
    page.has_code_of("rust", "lambda-http/before.rs");
    page.nth_code_is_of(1, "rust", "lambda-http/after.rs");
}

#[test]
fn each_name_has_a_row() {
    tables::have_rows(&[Page::read("from-lambda-http.md")], &tables::listed("lambda-http"));
}
