//! Transforms the records of the stream for Firehose: masks the numbers of cards, and drops test sales.

use pilaster::records::TransformedRecord;
use pilaster::{BoxError, Firehose, lambda_handler};
use windows::Sale;

#[cfg(test)]
mod tests;

#[lambda_handler]
async fn transform(mut sale: Firehose<Sale>) -> Result<TransformedRecord, BoxError> {
    if sale.is_test {
        return Ok(TransformedRecord::dropped());
    }
    sale.card = sale.card.masked();
    let currency = serde_json::to_value(sale.money.currency)?;
    Ok(TransformedRecord::json(&sale.data)?.partition_key("currency", currency.as_str().unwrap_or_default()))
}
