//! [`Endpoints`]: the clients of APIs, one per endpoint.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::Client;

use super::error::ConnectionError;
use crate::clients::{Clients, FromClients, Variables, management_client};
use crate::core::error::BoxError;
use crate::core::partition::dns_suffix_of_region;

/// The variable of the SDK for this service.
const OVERRIDE: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// The number of endpoints whose clients are kept. A function has as many as it has APIs and stages.
const MOST: usize = 64;

/// The API of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) id: String,
    pub(crate) stage: String,
}

/// The clients of the endpoints that were used. Cheap to clone; clones share them.
#[derive(Clone)]
pub(super) struct Endpoints(Arc<Inner>);

struct Inner {
    shared: SdkConfig,
    variables: Variables,
    clients: Mutex<HashMap<String, Client>>,
}

impl FromClients for Endpoints {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let (shared, variables) = (clients.get().await?, clients.variables().clone());
        Ok(Self(Arc::new(Inner { shared, variables, clients: Mutex::default() })))
    }
}

impl Endpoints {
    /// Returns the client of an endpoint.
    pub(super) fn client(&self, endpoint: &str) -> Client {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(endpoint) {
            return client.clone();
        }
        if clients.len() >= MOST {
            clients.clear();
        }
        let client = management_client(&self.0.shared, endpoint);
        clients.insert(endpoint.to_owned(), client.clone());
        client
    }

    /// Returns the endpoint of an API: that of the environment, or AWS's.
    pub(super) fn of_api(&self, api: &Api) -> Result<String, ConnectionError> {
        let replaced = self.0.variables.get(OVERRIDE).or_else(|| self.0.shared.endpoint_url().map(str::to_owned));
        if let Some(endpoint) = replaced {
            return Ok(endpoint);
        }
        let region = self.0.shared.region().ok_or_else(|| ConnectionError::endpoint("AWS_REGION is not set"))?;
        api.endpoint(region.as_ref())
    }
}

impl Api {
    /// # Errors
    ///
    /// The event has no id and stage of an API: a made-up one must not lead the function's signature elsewhere.
    fn endpoint(&self, region: &str) -> Result<String, ConnectionError> {
        let Self { id, stage } = self;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_stage =
            !stage.is_empty() && stage.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-$".contains(&byte));
        if !is_id || !is_stage {
            return Err(ConnectionError::endpoint("the event has no `apiId` and `stage` of a WebSocket API"));
        }
        let suffix = dns_suffix_of_region(region);
        Ok(format!("https://{id}.execute-api.{region}.{suffix}/{stage}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(id: &str, stage: &str) -> Api {
        Api { id: id.to_owned(), stage: stage.to_owned() }
    }

    #[test]
    fn the_endpoint_is_that_of_the_api_in_its_region() {
        let endpoint = |id, stage, region| api(id, stage).endpoint(region).map_err(|error| error.to_string());
        let expected = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live";
        assert_eq!(endpoint("a1b2c3d4e5", "live", "eu-central-1").as_deref(), Ok(expected));
        let expected = "https://a1.execute-api.cn-north-1.amazonaws.com.cn/$default";
        assert_eq!(endpoint("a1", "$default", "cn-north-1").as_deref(), Ok(expected));
        let expected = "https://a1.execute-api.eusc-de-east-1.amazonaws.eu/live";
        assert_eq!(endpoint("a1", "live", "eusc-de-east-1").as_deref(), Ok(expected));
        for (id, stage) in [
            ("", "live"),
            ("a1", ""),
            ("evil.example/", "live"),
            ("a1", "../x"),
            ("a1", "a/b"),
            ("a@b", "live"),
            ("é", "x"),
        ] {
            assert!(endpoint(id, stage, "eu-central-1").is_err(), "{id} {stage}");
        }
    }

    #[tokio::test]
    async fn the_environment_replaces_the_endpoint_and_each_endpoint_keeps_its_client() {
        let clients = Clients::new();
        clients.insert(SdkConfig::builder().region(aws_config::Region::new("eu-central-1")).build());
        let endpoints = clients.get::<Endpoints>().await.unwrap();
        let ours = endpoints.of_api(&api("a1", "live")).unwrap();
        assert_eq!(ours, "https://a1.execute-api.eu-central-1.amazonaws.com/live");

        let replaced = Clients::new().with_variable(OVERRIDE, "http://127.0.0.1:1/live");
        replaced.insert(SdkConfig::builder().build());
        let endpoints = replaced.get::<Endpoints>().await.unwrap();
        assert_eq!(endpoints.of_api(&api("a1", "live")).unwrap(), "http://127.0.0.1:1/live");

        let nowhere = Clients::new();
        nowhere.insert(SdkConfig::builder().build());
        let error = nowhere.get::<Endpoints>().await.unwrap().of_api(&api("a1", "live")).unwrap_err();
        assert!(error.to_string().contains("AWS_REGION"), "{error}");
    }
}
