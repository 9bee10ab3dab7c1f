//! Messages of a queue on `lambda_runtime` with the typed event; the response to failures is made without a library.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use work::Order;

async fn ship(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let (batch, context) = event.into_parts();
    let mut response = SqsBatchResponse::default();
    let mut total = 0.0;
    for message in batch.records {
        match serde_json::from_str::<Order>(message.body.as_deref().unwrap_or_default()) {
            Ok(order) => total += order.amount + order.order_id.len() as f64,
            Err(_) => {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message.message_id.unwrap_or_default();
                response.batch_item_failures.push(failure);
            }
        }
    }
    std::hint::black_box(total);
    let trace = context.xray_trace_id.as_deref().unwrap_or("");
    work::log("batch", &context.invoked_function_arn, &context.request_id, trace, 200, None);
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(ship)).await
}
