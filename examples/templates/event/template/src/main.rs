//! Creates an invoice for each paid order, from an event of EventBridge. To run it locally:
//! `cargo run --no-default-features -- events/order-paid.json`

mod invoices;
#[cfg(test)]
mod tests;

use pilaster::{BoxError, Client, EventBridge, lambda_handler};

use crate::invoices::{Invoices, OrderPaid};

// Lambda calls the function twice more if it fails; then the event goes to the dead-letter queue.
#[lambda_handler(warm(Client<Invoices>))]
async fn create_invoice(Client(invoices): Client<Invoices>, paid: EventBridge<OrderPaid>) -> Result<(), BoxError> {
    let (invoice, is_new) = invoices.create(&paid.detail, &paid.time).await?;
    tracing::info!(order = paid.detail.order, event = paid.id, is_new, total = invoice.total, "the invoice exists");
    Ok(())
}
