//! From Powertools for AWS Lambda (Python).

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "powertools-python/after.rs"]
mod after;

use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;

use super::case::Case;
use super::page::Page;
use super::{differences, peer, tables};

#[tokio::test]
async fn the_functions_behave_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-powertools-python.md");
    let cases = Case::all("powertools-python");
    let before = peer::python("powertools-python/before.py", &cases);
    let mut after = Vec::new();
    for case in &cases {
        let metrics = CapturedMetrics::default();
        after.push(match case.function.as_str() {
            "handler" => {
                let (logging, layer) = after::observed();
                let function = pilaster::handler(after::create_user).layer(after::api());
                let function = function.outer(logging).outer(layer.writer(metrics.clone()));
                peer::pilaster(Caller::new(function), &metrics, &case.event).await
            }
            "ship" => peer::pilaster(Caller::new(after::queue::ship::function()), &metrics, &case.event).await,
            other => panic!("there is no function {other}"),
        });
    }
    differences::check("powertools-python", &[page], &cases, &before, &after);
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-powertools-python.md");
    page.has_code_of("python", "powertools-python/before.py");
    page.has_code_of("rust", "powertools-python/after.rs");
}

#[test]
fn each_utility_variable_and_key_has_a_row() {
    let pages = || [Page::read("powertools-utilities.md")];
    tables::have_rows(&pages(), &tables::python_utilities());
    tables::have_rows(&pages(), &tables::python_variables());
    tables::have_rows(&pages(), &tables::listed("powertools-keys"));
}
