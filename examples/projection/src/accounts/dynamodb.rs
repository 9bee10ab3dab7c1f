//! Accounts in DynamoDB: one item per account, keyed by its id.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use pilaster::BoxError;
use serde_dynamo::{from_item, to_item};

use crate::account::Account;

#[derive(Clone, Debug)]
pub(super) struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(super) async fn get(&self, account: &str) -> Result<Option<Account>, BoxError> {
        let get = self.client.get_item().table_name(&self.table).key("account", S(account.to_owned()));
        let item = get.consistent_read(true).send().await?.item;
        Ok(item.map(from_item).transpose()?)
    }

    pub(super) async fn replace(&self, last: Option<u64>, account: &Account) -> Result<bool, BoxError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(account)?));
        let put = match last {
            None => put.condition_expression("attribute_not_exists(account)"),
            Some(last) => {
                put.condition_expression("version = :last").expression_attribute_values(":last", N(last.to_string()))
            }
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
