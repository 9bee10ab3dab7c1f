//! The Lambda authorizer of an HTTP API: it allows requests with the API key of a partner. See README.md.

use authorizer::Accounts;
use pilaster::events::authorizer::{AuthorizerError, SimpleResponse};
use pilaster::{Authorizer, Client, lambda_handler};

#[lambda_handler(warm(Client<Accounts>))]
async fn authorize(Client(accounts): Client<Accounts>, request: Authorizer) -> Result<SimpleResponse, AuthorizerError> {
    let Some(key) = request.bearer_token() else { return Ok(SimpleResponse::deny()) };
    // If the table fails, so does the authorizer: the API responds with a 500, and calls no function.
    let Some(owner) = accounts.partner(key).await? else { return Ok(SimpleResponse::deny()) };
    // The answer is cached by the template's identity sources: the header, and the route, on which this depends.
    if owner.is_read_only && request.method() != Some("GET") {
        return Ok(SimpleResponse::deny());
    }
    Ok(SimpleResponse::allow().context("partner", owner.partner))
}

#[cfg(test)]
mod tests;
