//! Adds up the sales of each minute of each shard.

use pilaster::records::{Window, WindowState};
use pilaster::table::Table;
use pilaster::{BoxError, Client, Clients, FromClients, Kinesis, lambda_handler};
use serde::{Deserialize, Serialize};
use windows::Sale;
use windows::money::Money;

#[cfg(test)]
mod tests;

/// The table of totals.
#[derive(Clone)]
struct Reports(Table);

/// The state of a window: the number of sales, and their sum in each currency.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
struct Totals {
    sales: u64,
    sums: Vec<Money>,
}

impl Totals {
    fn add(&mut self, money: Money) -> Result<(), BoxError> {
        self.sales += 1;
        match self.sums.iter_mut().find(|sum| sum.currency == money.currency) {
            Some(sum) => *sum = sum.checked_add(money).ok_or("the sum of the window is too large")?,
            None => self.sums.push(money),
        }
        Ok(())
    }
}

#[lambda_handler(warm(Client<Reports>))]
async fn add_up(
    Client(Reports(table)): Client<Reports>,
    window: Window<Totals, Kinesis<Sale>>,
) -> Result<WindowState<Totals>, BoxError> {
    let mut totals = window.state;
    for sale in window.records {
        totals.add(sale?.data.money)?;
    }
    // The same item with the same content if Lambda invokes the function again.
    if window.bounds.is_final() {
        table.put((window.bounds.start(), window.bounds.shard_id().unwrap_or("-")), &totals).await?;
    }
    Ok(WindowState::new(totals))
}

impl FromClients for Reports {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TOTALS_TABLE").await?))
    }
}
