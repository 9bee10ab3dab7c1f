//! The rotation function: Secrets Manager calls it for four steps, and again if it did not get the result of one.

use pilaster::{BoxError, Client, Event, lambda_handler};
use rotation::Service;

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    step: String,
    secret_id: String,
    client_request_token: String,
}

#[lambda_handler(warm(Client<Service>))]
async fn rotate(Client(service): Client<Service>, Event(event): Event<Step>) -> Result<(), BoxError> {
    let Some(versions) = service.versions(&event.secret_id, &event.client_request_token).await? else { return Ok(()) };
    if event.step == "createSecret" {
        return service.create_key(&versions).await;
    }
    let (current, pending) = (service.value(&versions[0]).await?, service.value(&versions[1]).await?);
    match event.step.as_str() {
        _ if pending.account != current.account => Err("the pending version is of another account".into()),
        // The current key stays valid, so that callers are not interrupted, also if the rotation fails later.
        "setSecret" => service.set_key(&versions, [&current, &pending]).await,
        _ if !service.is_set(&versions, &pending).await? => Err("the pending key is not accepted".into()),
        "testSecret" => Ok(()),
        "finishSecret" => service.finish(&versions).await,
        _ => Err("the step must be createSecret, setSecret, testSecret or finishSecret".into()),
    }
}

#[cfg(test)]
mod tests;
