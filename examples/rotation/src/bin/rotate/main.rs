//! The rotation function: Secrets Manager calls it for four steps, and again if it did not get the result of one.

use pilaster::{BoxError, Client, Event, lambda_handler};
use rotation::Service;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    step: String,
    secret_id: String,
    client_request_token: String,
}

#[lambda_handler(warm(Client<Service>))]
async fn rotate(Client(service): Client<Service>, Event(event): Event<Step>) -> Result<(), BoxError> {
    let versions = service.versions(&event.secret_id, &event.client_request_token).await?;
    let Some(versions) = versions else { return Ok(()) };
    if event.step == "createSecret" {
        return service.create_key(&versions).await;
    }
    let (current, pending) = (service.value(&versions[0]).await?, service.value(&versions[1]).await?);
    match event.step.as_str() {
        // The current key stays valid, so that callers are not interrupted, also if the rotation fails later.
        "setSecret" => service.set_keys(&pending.account, [&pending.key, &current.key]).await,
        _ if !service.accepts(&pending.account, &pending.key).await? => Err("the pending key is not accepted".into()),
        "testSecret" => Ok(()),
        "finishSecret" => service.finish(&versions).await,
        _ => Err("the step must be createSecret, setSecret, testSecret or finishSecret".into()),
    }
}

#[cfg(test)]
mod tests;
