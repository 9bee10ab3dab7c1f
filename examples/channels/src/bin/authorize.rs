//! The Lambda authorizer of the API: a publisher and readers, each with a key of which the function has the SHA-256.

use std::time::Duration;

use pilaster::channels::{Access, Authorization, Operation};
use pilaster::{IntoService, StartError};
use sha2::{Digest, Sha256};

/// The SHA-256 of the keys, in hexadecimal digits; empty for none.
#[derive(Clone, Debug)]
struct Keys {
    publisher: String,
    reader: String,
}

impl Keys {
    fn access(&self, request: &Authorization) -> Access {
        let digest = Sha256::digest(request.token()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let access = match request.operation() {
            _ if digest == self.publisher => Access::allow().context("name", "studio"),
            Operation::Connect | Operation::Subscribe if digest == self.reader => {
                Access::allow().context("name", "reader")
            }
            _ => Access::deny(),
        };
        access.ttl(Duration::from_secs(60))
    }
}

fn function(keys: Keys) -> impl IntoService {
    pilaster::handler(move |request: Authorization| {
        std::future::ready(Ok::<_, pilaster::BoxError>(keys.access(&request)))
    })
}

fn main() -> Result<(), StartError> {
    let key = |name| std::env::var(name).unwrap_or_default();
    pilaster::run(function(Keys { publisher: key("PUBLISHER_KEY_SHA256"), reader: key("READER_KEY_SHA256") }))
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, channel_authorization};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_reader_does_not_publish_and_an_unknown_key_does_nothing() -> Result<(), Box<dyn std::error::Error>> {
        let sha256 = |key: &str| Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        let caller = Caller::new(function(Keys { publisher: sha256("p"), reader: sha256("r") }));
        let denied = json!({ "isAuthorized": false, "ttlOverride": 60 });
        let reader = json!({ "isAuthorized": true, "handlerContext": { "name": "reader" }, "ttlOverride": 60 });
        let publisher = json!({ "isAuthorized": true, "handlerContext": { "name": "studio" }, "ttlOverride": 60 });
        assert_eq!(caller.call(channel_authorization("r")).await?, reader);
        assert_eq!(caller.call(channel_authorization("r").subscribe("/comments/7")).await?, reader);
        assert_eq!(caller.call(channel_authorization("r").publish("/comments/7")).await?, denied);
        assert_eq!(caller.call(channel_authorization("p").publish("/comments/7")).await?, publisher);
        for key in ["", "x"] {
            assert_eq!(caller.call(channel_authorization(key)).await?, denied);
        }
        Ok(())
    }
}
