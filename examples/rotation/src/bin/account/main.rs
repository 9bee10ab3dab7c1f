//! A custom resource of CloudFormation: the account of a stack, with the key in its secret.

use pilaster::events::cloudformation::ResourceRequest;
use pilaster::{BoxError, Client, CloudFormation, CustomResource, lambda_handler};
use rotation::Service;

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
    secret: String,
}

#[lambda_handler(warm(Client<Service>))]
async fn account(Client(service): Client<Service>, event: CloudFormation<Account>) -> Result<CustomResource, BoxError> {
    let owner = format!("{}/{}", event.stack_id, event.logical_id);
    match event.request {
        ResourceRequest::Create { properties } | ResourceRequest::Update { properties, .. } => {
            service.create_account(&properties.name, &owner, &properties.secret).await?;
            Ok(CustomResource::with_id(properties.name))
        }
        ResourceRequest::Delete { id, properties } => {
            // After a creation that timed out, the id is not a name: Pilaster makes it of the ids of the resource and the request.
            let request = id.strip_prefix(&event.logical_id).and_then(|rest| rest.strip_prefix('-'));
            let created = properties.filter(|_| request.is_some_and(|request| uuid::Uuid::parse_str(request).is_ok()));
            service.delete_account(&created.map_or(id, |properties| properties.name), &owner).await?;
            Ok(CustomResource::new())
        }
    }
}

#[cfg(test)]
mod tests;
