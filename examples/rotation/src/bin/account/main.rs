//! A custom resource of CloudFormation: the account of a stack, with the key in its secret.

use pilaster::events::cloudformation::ResourceRequest;
use pilaster::{BoxError, Client, CloudFormation, CustomResource, Secrets, lambda_handler};
use rotation::{Accounts, Credentials};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    name: String,
    secret: String,
}

#[lambda_handler(warm(Client<Secrets>, Client<Accounts>))]
async fn account(
    Client(secrets): Client<Secrets>,
    Client(accounts): Client<Accounts>,
    event: CloudFormation<Properties>,
) -> Result<CustomResource, BoxError> {
    let owner = format!("{}/{}", event.stack_id, event.logical_id);
    match event.request {
        ResourceRequest::Create { properties } | ResourceRequest::Update { properties, .. } => {
            let Credentials { key, .. } = secrets.get(properties.secret).force().json().await?;
            accounts.create(&properties.name, &owner, &key).await?;
            Ok(CustomResource::with_id(properties.name))
        }
        ResourceRequest::Delete { id, properties } => {
            // After a creation that timed out, the id is not the name.
            accounts.delete(&properties.map_or(id, |properties| properties.name), &owner).await?;
            Ok(CustomResource::new())
        }
    }
}

#[cfg(test)]
mod tests;
