//! Messages of a queue over one socket, with the least of the event borrowed from its text.

use std::borrow::Cow;
use std::io;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, rename = "messageId")]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
}

#[derive(Serialize)]
struct Reply<'a> {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<Failure<'a>>,
}

#[derive(Serialize)]
struct Failure<'a> {
    #[serde(rename = "itemIdentifier")]
    id: &'a str,
}

fn main() -> io::Result<()> {
    std_floor::run(|invocation, out| {
        let batch: Batch<'_> = serde_json::from_slice(invocation.event)?;
        let mut reply = Reply { failures: Vec::new() };
        let mut total = 0.0;
        for record in &batch.records {
            match serde_json::from_str::<work::Order>(&record.body) {
                Ok(order) => total += order.amount + order.order_id.len() as f64,
                Err(_) => reply.failures.push(Failure { id: &record.message_id }),
            }
        }
        std::hint::black_box(total);
        work::log("batch", invocation.arn, invocation.request_id, invocation.trace, 200, None);
        serde_json::to_writer(out, &reply)?;
        Ok(())
    })
}
