//! Users in DynamoDB, and the API key in Secrets Manager.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use garde::Validate;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use uuid::Uuid;

type Failed = Box<aws_sdk_dynamodb::Error>;

#[derive(Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) version: u64,
}

#[derive(Deserialize, Validate)]
pub(crate) struct NewUser {
    #[garde(length(max = 254), contains("@"))]
    pub(crate) email: String,
    #[garde(length(min = 1, max = 100))]
    pub(crate) name: String,
}

#[derive(Deserialize, Validate)]
pub(crate) struct UserPatch {
    #[garde(skip)]
    pub(crate) version: u64,
    #[garde(length(min = 1, max = 100))]
    pub(crate) name: String,
}

#[derive(Deserialize, Validate)]
pub(crate) struct ListUsers {
    #[garde(range(min = 1, max = 100))]
    pub(crate) limit: Option<i32>,
}

#[derive(Clone)]
pub(crate) struct Users {
    table: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
    name: String,
    key: Arc<OnceCell<String>>,
}

impl Users {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            table: aws_sdk_dynamodb::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            name: std::env::var("TABLE_NAME").unwrap_or_default(),
            key: Arc::default(),
        }
    }

    pub(crate) async fn key(&self) -> Result<&str, Box<aws_sdk_secretsmanager::Error>> {
        let fetch = async || {
            let secret = self.secrets.get_secret_value().secret_id("api-key").send().await;
            let secret = secret.map_err(|error| Box::new(error.into()))?;
            Ok(secret.secret_string.unwrap_or_default())
        };
        self.key.get_or_try_init(fetch).await.map(String::as_str)
    }

    pub(crate) async fn insert(&self, new: NewUser) -> Result<Option<User>, Failed> {
        let user = User { id: Uuid::now_v7(), email: new.email, name: new.name, version: 1 };
        let item = serde_dynamo::to_item(&user).unwrap_or_default();
        let put = self.table.put_item().table_name(&self.name).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(id)").send().await {
            Ok(_) => Ok(Some(user)),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(Box::new(error.into())),
        }
    }

    pub(crate) async fn get(&self, id: Uuid) -> Result<Option<User>, Failed> {
        let get = self.table.get_item().table_name(&self.name).key("id", AttributeValue::S(id.to_string()));
        let found = get.send().await.map_err(|error| Box::new(error.into()))?;
        Ok(found.item.and_then(|item| serde_dynamo::from_item(item).ok()))
    }

    pub(crate) async fn list(&self, list: ListUsers) -> Result<Vec<User>, Failed> {
        let scan = self.table.query().table_name(&self.name).index_name("list").set_limit(list.limit);
        let found = scan.send().await.map_err(|error| Box::new(error.into()))?;
        Ok(serde_dynamo::from_items(found.items.unwrap_or_default()).unwrap_or_default())
    }

    pub(crate) async fn update(&self, id: Uuid, patch: UserPatch) -> Result<Option<User>, Failed> {
        let update = self.table.update_item().table_name(&self.name).key("id", AttributeValue::S(id.to_string()));
        let update = update.update_expression("SET #name = :name, version = version + :one");
        let update = update.expression_attribute_names("#name", "name");
        let update = update.expression_attribute_values(":name", AttributeValue::S(patch.name));
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let update = update.expression_attribute_values(":version", AttributeValue::N(patch.version.to_string()));
        update.condition_expression("version = :version").send().await.map_err(|error| Box::new(error.into()))?;
        self.get(id).await
    }

    pub(crate) async fn remove(&self, id: Uuid) -> Result<(), Failed> {
        let delete = self.table.delete_item().table_name(&self.name).key("id", AttributeValue::S(id.to_string()));
        delete.send().await.map(drop).map_err(|error| Box::new(error.into()))
    }
}
