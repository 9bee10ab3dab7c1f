//! The Cognito trigger before a token is generated (version 2): it adds the claim `tenant`. See README.md.

use authorizer::Accounts;
use pilaster::{BoxError, Client, Event, FunctionError, lambda_handler};
use serde_json::{Value, json};

#[lambda_handler(warm(Client<Accounts>))]
async fn add_tenant(Client(accounts): Client<Accounts>, Event(mut event): Event<Value>) -> Result<Value, BoxError> {
    let subject = event["request"]["userAttributes"]["sub"].as_str().ok_or("the event has no `sub` of a user")?;
    // Cognito shows the message to the user who signs in.
    let no_tenant = || FunctionError::new("NoTenant", "this user belongs to no tenant");
    let member = accounts.member(subject).await?.ok_or_else(no_tenant)?;
    let claims = json!({ "claimsToAddOrOverride": { "tenant": member.tenant } });
    event["response"]["claimsAndScopeOverrideDetails"] =
        json!({ "accessTokenGeneration": claims, "idTokenGeneration": claims });
    // Cognito expects its event, with the response in it.
    Ok(event)
}

#[cfg(test)]
mod tests;
