//! The accounts of a service, and the secret with the key of one. The functions are in `bin`.

use aws_sdk_secretsmanager::Client;
use pilaster::config::secrets::{ExposeSecret, SecretError, SecretId, SecretString};
use pilaster::table::{PutIfAbsent, Table, Transaction};
use pilaster::{BoxError, Clients, FromClients, Secrets};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The accounts of the service whose keys are rotated. A table stands for it: for a database, or for a partner's API.
#[derive(Clone, Debug)]
pub struct Accounts(Table);

/// An account, with the SHA-256 digests of the keys that the service accepts.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    owner: String,
    keys: Vec<String>,
}

impl Accounts {
    /// Creates an account with a key. If its owner has created it already, its keys, which may be newer, are unchanged.
    pub async fn create(&self, name: &str, owner: &str, key: &SecretString) -> Result<(), BoxError> {
        let account = Account { owner: owner.to_owned(), keys: vec![digest(key)] };
        match self.0.put_if_absent(name, &account).await? {
            PutIfAbsent::Present(found) if found.owner != owner => Err("the account belongs to another owner".into()),
            PutIfAbsent::Present(_) | PutIfAbsent::Stored => Ok(()),
        }
    }

    /// Deletes an account, if this owner has created it.
    pub async fn delete(&self, name: &str, owner: &str) -> Result<(), BoxError> {
        let delete = async |transaction: Transaction| {
            if transaction.get::<Account>(name).await?.is_some_and(|account| account.owner == owner) {
                transaction.delete(name)?;
            }
            Ok(())
        };
        self.0.atomically(delete).await
    }

    /// Makes these the keys that the service accepts for an account.
    pub async fn set_keys(&self, name: &str, keys: [&SecretString; 2]) -> Result<(), BoxError> {
        let set = async |transaction: Transaction| {
            let account: Account = transaction.get(name).await?.ok_or("the account does not exist")?;
            Ok(transaction.put(name, &Account { keys: keys.map(digest).to_vec(), ..account })?)
        };
        self.0.atomically(set).await
    }

    /// Returns `true` if the service accepts this key.
    pub async fn accepts(&self, name: &str, key: &SecretString) -> Result<bool, BoxError> {
        Ok(self.0.get::<Account>(name).await?.is_some_and(|account| account.keys.contains(&digest(key))))
    }
}

impl FromClients for Accounts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Table::from_env(clients, "ACCOUNTS_TABLE").await.map(Self)
    }
}

fn digest(key: &SecretString) -> String {
    Sha256::digest(key.expose_secret()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The JSON of a version of the secret. Its `Debug` output does not contain the key.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    pub account: String,
    pub key: SecretString,
}

/// A secret that is rotated to the version `token`, with the staging labels of its versions.
pub struct RotatedSecret {
    client: Client,
    secrets: Secrets,
    id: String,
    token: String,
    stages: std::collections::HashMap<String, Vec<String>>,
}

impl RotatedSecret {
    pub async fn describe(client: Client, secrets: Secrets, id: String, token: String) -> Result<Self, BoxError> {
        let stages = client.describe_secret().secret_id(&id).send().await?.version_ids_to_stages.unwrap_or_default();
        Ok(Self { client, secrets, id, token, stages })
    }

    /// Returns `true` if the new version has this staging label.
    pub fn is(&self, stage: &str) -> bool {
        self.stages.get(&self.token).is_some_and(|stages| stages.contains(&stage.to_owned()))
    }

    /// Returns the value of the version that has this staging label.
    pub async fn value(&self, stage: &'static str) -> Result<Credentials, SecretError> {
        self.secrets.get(SecretId::new(self.id.clone()).stage(stage)).force().json().await
    }

    /// Writes a new key as the pending version, unless there is one.
    pub async fn create(&self) -> Result<(), BoxError> {
        if self.value("AWSPENDING").await.is_ok() {
            return Ok(());
        }
        let key = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let text = serde_json::json!({ "account": self.value("AWSCURRENT").await?.account, "key": key }).to_string();
        let pending = SecretId::new(self.id.clone()).version(self.token.clone()).stage("AWSPENDING");
        match self.secrets.set(pending, text).await {
            // If the same step, delivered twice, has written its key first, that one counts.
            Err(error) if self.value("AWSPENDING").await.is_err() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Makes the new version the current one. Secrets Manager keeps the previous one as `AWSPREVIOUS`.
    pub async fn finish(&self) -> Result<(), BoxError> {
        let is_current = |stages: &[String]| stages.contains(&"AWSCURRENT".to_owned());
        let current = self.stages.iter().find_map(|(version, stages)| is_current(stages).then(|| version.clone()));
        let update = self.client.update_secret_version_stage().secret_id(&self.id).version_stage("AWSCURRENT");
        update.move_to_version_id(&self.token).set_remove_from_version_id(current).send().await?;
        Ok(())
    }
}
