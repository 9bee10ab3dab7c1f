//! The ledger in DynamoDB: one table with two kinds of items.
//!
//! | `id` | |
//! |---|---|
//! | `reservation#<order>`, `charge#<order>`, `shipment#<order>` | `stands`: true, or false once compensated |
//! | `stock#<product>` | `units`: the number of units left |
//!
//! A step and its stock change are written in one transaction, on the condition that the step is not recorded yet.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use pilaster::BoxError;

use super::{Outcome, Step};
use crate::order::Order;

#[derive(Clone, Debug)]
pub(super) struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(super) async fn record(&self, step: Step, order: &Order) -> Result<Outcome, BoxError> {
        let stands = self.set(step, order, true).condition_expression("attribute_not_exists(id)");
        let stock =
            self.stock(step, order, "SET units = units - :n").map(|update| update.condition_expression("units >= :n"));
        let Err(reasons) = self.write(stands, stock).await? else { return Ok(Outcome::Done) };
        match reasons.as_slice() {
            [of_step, ..] if failed(of_step) => {
                let stood = of_step.item().and_then(|item| item.get("stands")?.as_bool().ok()).copied();
                Ok(if stood == Some(false) { Outcome::Compensated } else { Outcome::Done })
            }
            [_, of_stock] if failed(of_stock) => Ok(Outcome::OutOfStock),
            // A concurrent order changed the same stock; the state machine retries.
            other => Err(format!("the transaction was cancelled: {other:?}").into()),
        }
    }

    pub(super) async fn compensate(&self, step: Step, order: &Order) -> Result<bool, BoxError> {
        let stood = self.set(step, order, false).condition_expression("stands = :stood");
        let stood = stood.expression_attribute_values(":stood", AttributeValue::Bool(true));
        let Err(reasons) = self.write(stood, self.stock(step, order, "ADD units :n")).await? else { return Ok(true) };
        if !reasons.first().is_some_and(failed) {
            return Err(format!("the transaction was cancelled: {reasons:?}").into());
        }
        // Never recorded, or already compensated. The condition detects a concurrent recording.
        let never = self.set(step, order, false).condition_expression("attribute_not_exists(id) OR stands = :stands");
        match self.write(never, None).await? {
            Ok(()) => Ok(false),
            Err(reasons) => Err(format!("the step was recorded during its compensation: {reasons:?}").into()),
        }
    }

    /// Writes both or neither. The inner error holds the cancellation reasons.
    async fn write(
        &self,
        step: UpdateBuilder,
        stock: Option<UpdateBuilder>,
    ) -> Result<Result<(), Vec<CancellationReason>>, BoxError> {
        let mut write = self.client.transact_write_items();
        for update in [Some(step), stock].into_iter().flatten() {
            write = write.transact_items(TransactWriteItem::builder().update(update.build()?).build());
        }
        let Err(error) = write.send().await else { return Ok(Ok(())) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(Err(cancelled.cancellation_reasons().to_vec()))
            }
            _ => Err(error.into()),
        }
    }

    fn set(&self, step: Step, order: &Order, stands: bool) -> UpdateBuilder {
        self.update(step.key(order))
            .update_expression("SET stands = :stands")
            .expression_attribute_values(":stands", AttributeValue::Bool(stands))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn stock(&self, step: Step, order: &Order, expression: &str) -> Option<UpdateBuilder> {
        let units = AttributeValue::N(step.units(order).to_string());
        let update = self.update(format!("stock#{}", order.product)).update_expression(expression);
        (step.units(order) > 0).then(|| update.expression_attribute_values(":n", units))
    }

    fn update(&self, id: String) -> UpdateBuilder {
        Update::builder().table_name(&self.table).key("id", AttributeValue::S(id))
    }
}

fn failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}
