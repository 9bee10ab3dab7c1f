//! From axum on `lambda_http`: the same router, in Pilaster's stack.

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "axum/after.rs"]
mod after;
#[rustfmt::skip] // Formatted for the width of the page.
#[path = "axum/before.rs"]
mod before;

use pilaster::http;
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;

use super::case::Case;
use super::page::Page;
use super::{differences, http_event, peer, tables};

#[tokio::test]
async fn the_routes_behave_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-axum.md");
    let cases = Case::all("axum");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for case in &cases {
        before.push(http_event::call(before::app(before::Users::default()), &case.event).await);
        let caller = Caller::new(http::service(after::app(after::Users::default())).layer(after::api()));
        after.push(peer::pilaster(caller, &CapturedMetrics::default(), &case.event).await);
    }
    differences::check("axum", &[page], &cases, &before, &after);
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-axum.md");
    page.has_difference_of("axum/before.rs", "axum/after.rs");
    page.has_code_of("rust", "axum/after.rs");
}

#[test]
fn each_extractor_and_layer_has_a_row() {
    tables::have_rows(&[Page::read("from-axum.md")], &tables::listed("axum"));
}
