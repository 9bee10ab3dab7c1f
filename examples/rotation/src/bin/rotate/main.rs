//! The rotation function: Secrets Manager calls it for four steps, and again if it did not get the result of one.

use aws_sdk_secretsmanager::Client as SecretsManager;
use pilaster::{BoxError, Client, Event, Secrets, lambda_handler};
use rotation::{Accounts, RotatedSecret};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rotation {
    step: String,
    secret_id: String,
    client_request_token: String,
}

#[lambda_handler(warm(Client<Secrets>, Client<Accounts>))]
async fn rotate(
    Client(client): Client<SecretsManager>,
    Client(secrets): Client<Secrets>,
    Client(accounts): Client<Accounts>,
    Event(Rotation { step, secret_id, client_request_token }): Event<Rotation>,
) -> Result<(), BoxError> {
    let secret = RotatedSecret::describe(client, secrets, secret_id, client_request_token).await?;
    if secret.is("AWSCURRENT") {
        return Ok(()); // The last step is over, and a step is repeated.
    }
    if !secret.is("AWSPENDING") {
        return Err("the version is not pending: a newer rotation has begun".into());
    }
    if step == "createSecret" {
        return secret.create().await;
    }
    let (pending, current) = (secret.value("AWSPENDING").await?, secret.value("AWSCURRENT").await?);
    match step.as_str() {
        // The current key stays valid, so that callers are not interrupted, also if the rotation fails later.
        "setSecret" => accounts.set_keys(&pending.account, [&pending.key, &current.key]).await,
        "testSecret" if accounts.accepts(&pending.account, &pending.key).await? => Ok(()),
        "testSecret" => Err("the service does not accept the pending key".into()),
        "finishSecret" => secret.finish().await,
        _ => Err("the step must be createSecret, setSecret, testSecret or finishSecret".into()),
    }
}

#[cfg(test)]
mod tests;
