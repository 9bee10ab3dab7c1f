//! From middy.

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "middy/after.rs"]
mod after;

use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;

use super::case::Case;
use super::page::Page;
use super::{differences, peer, tables};

#[tokio::test]
async fn the_function_behaves_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-middy.md");
    let cases = Case::all("middy");
    let before = peer::node("middy/before.mjs", &cases);
    let mut after = Vec::new();
    for case in &cases {
        let metrics = CapturedMetrics::default();
        after.push(match case.function.as_str() {
            "createUser" => peer::pilaster(Caller::new(after::create_user::function()), &metrics, &case.event).await,
            "changeUser" => {
                peer::pilaster(Caller::new(after::changes::change_user::function()), &metrics, &case.event).await
            }
            "ship" => peer::pilaster(Caller::new(after::queue::ship::function()), &metrics, &case.event).await,
            other => panic!("there is no function {other}"),
        });
    }
    differences::check("middy", &[page, Page::read("middy-traps.md")], &cases, &before, &after);
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-middy.md");
    page.has_code_of("js", "middy/before.mjs");
    page.has_code_of("rust", "middy/after.rs");
}

#[test]
fn each_package_has_a_row() {
    tables::have_rows(&[Page::read("middy-packages.md")], &tables::listed("middy"));
}
