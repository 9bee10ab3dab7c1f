//! A custom resource of CloudFormation: the account of a stack, with the key in its secret.

use pilaster::events::cloudformation::ResourceRequest;
use pilaster::{BoxError, Client, CloudFormation, CustomResource, lambda_handler};
use rotation::Service;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    name: String,
    secret: String,
}

#[lambda_handler(warm(Client<Service>))]
async fn account(
    Client(service): Client<Service>,
    event: CloudFormation<Properties>,
) -> Result<CustomResource, BoxError> {
    let owner = format!("{}/{}", event.stack_id, event.logical_id);
    match event.request {
        ResourceRequest::Create { properties } | ResourceRequest::Update { properties, .. } => {
            let current = service.value(&properties.secret.into()).await?;
            service.create_account(&properties.name, &owner, &current.key).await?;
            Ok(CustomResource::with_id(properties.name))
        }
        ResourceRequest::Delete { id, properties } => {
            // After a creation that timed out, the id is not a name: it begins with the name of the resource.
            let created = properties.filter(|_| id.starts_with(&format!("{}-", event.logical_id)));
            service.delete_account(&created.map_or(id, |properties| properties.name), &owner).await?;
            Ok(CustomResource::new())
        }
    }
}

#[cfg(test)]
mod tests;
