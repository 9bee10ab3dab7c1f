//! The function as it is deployed, with a table in memory.

use pilaster::table::Table;
use pilaster::testing::{Caller, event_bridge};
use pilaster::{BoxError, Clients, RawService};
use serde_json::json;

use crate::invoices::{Invoice, Invoices, euros};

fn function() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Invoices(table.clone()));
    (Caller::new(crate::create_invoice::function()).with_clients(clients), table)
}

#[test]
fn cents_have_two_digits() {
    assert_eq!([euros(5), euros(1999), euros(200)], ["EUR 0.05", "EUR 19.99", "EUR 2.00"]);
}

#[tokio::test]
async fn the_sample_event_creates_an_invoice() -> Result<(), BoxError> {
    let (function, table) = function();
    function.call_text(include_str!("../events/order-paid.json")).await?;
    let invoice: Option<Invoice> = table.get("invoice#o-1").await?;
    assert_eq!(invoice.map(|invoice| invoice.total).as_deref(), Some("EUR 19.99"));
    Ok(())
}

#[tokio::test]
async fn an_event_that_comes_again_changes_nothing_and_another_total_is_an_error() -> Result<(), BoxError> {
    let (function, _) = function();
    let paid = |cents| event_bridge("shop", "OrderPaid", json!({ "order": "o-1", "cents": cents }));
    function.call(paid(100)).await?;
    function.call(paid(100)).await?;
    let error = function.call(paid(200)).await.expect_err("another total");
    assert!(error.message().contains("another total"), "{}", error.message());
    Ok(())
}
