//! The Cognito trigger before a token is generated (version 2): it adds the claim `tenant`. See README.md.

use authorizer::Accounts;
use pilaster::{BoxError, Client, Event, lambda_handler};
use serde_json::{Value, json};

/// Cognito shows the message to the user who signs in.
#[derive(Debug, thiserror::Error)]
#[error("this user belongs to no tenant")]
struct NoTenant;

#[lambda_handler(warm(Client<Accounts>))]
async fn add_tenant(Client(accounts): Client<Accounts>, Event(mut event): Event<Value>) -> Result<Value, BoxError> {
    let subject = event["request"]["userAttributes"]["sub"].as_str().ok_or("the event has no `sub` of a user")?;
    let member = accounts.member(subject).await?.ok_or(NoTenant)?;
    let claims = json!({ "claimsToAddOrOverride": { "tenant": member.tenant } });
    event["response"]["claimsAndScopeOverrideDetails"] =
        json!({ "accessTokenGeneration": claims, "idTokenGeneration": claims });
    // Cognito expects its event, with the response in it.
    Ok(event)
}

#[cfg(test)]
mod tests;
