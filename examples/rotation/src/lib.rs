//! The accounts of a service, and the secret with the key of one. The functions are in `bin`.

use aws_sdk_secretsmanager::Client;
use pilaster::config::secrets::{ExposeSecret, SecretError, SecretId, SecretString};
use pilaster::table::{Table, Transaction};
use pilaster::{BoxError, Clients, FromClients, Secrets};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The secret of a local run, in which nothing calls AWS.
const SAMPLE: (&str, &str) = ("pilaster-rotation", r#"{"account":"pilaster-rotation","key":"one"}"#);

/// A service, for whose accounts a table stands, and Secrets Manager with their keys. A local run has no `client`.
#[derive(Clone)]
pub struct Service {
    pub accounts: Table,
    pub secrets: Secrets,
    pub client: Option<Client>,
}

/// An account, with the SHA-256 digests of the keys that the service accepts.
#[derive(Serialize, Deserialize)]
struct Account {
    owner: String,
    keys: Vec<String>,
}

impl Service {
    /// Creates an account. If its owner has created it already, it accepts this key in addition.
    pub async fn create_account(&self, name: &str, owner: &str, key: &SecretString) -> Result<(), BoxError> {
        let create = async |transaction: Transaction| {
            let mut account = match transaction.get::<Account>(name).await? {
                Some(account) if account.owner != owner => return Err("the account belongs to another owner".into()),
                found => found.unwrap_or_else(|| Account { owner: owner.to_owned(), keys: Vec::new() }),
            };
            account.keys.extend((!account.keys.contains(&digest(key))).then(|| digest(key)));
            Ok(transaction.put(name, &account)?)
        };
        self.accounts.atomically(create).await
    }

    /// Deletes an account, if this owner has created it.
    pub async fn delete_account(&self, name: &str, owner: &str) -> Result<(), BoxError> {
        let delete = async |transaction: Transaction| match transaction.get::<Account>(name).await? {
            Some(account) if account.owner == owner => Ok(transaction.delete(name)?),
            _ => Ok(()),
        };
        self.accounts.atomically(delete).await
    }

    /// Lets an account accept the pending and the current key only. A late repetition changes nothing.
    pub async fn set_keys(&self, name: &str, keys: [&SecretString; 2]) -> Result<(), BoxError> {
        let set = async |transaction: Transaction| {
            let account: Account = transaction.get(name).await?.ok_or("the account does not exist")?;
            match keys.map(|key| account.keys.contains(&digest(key))) {
                [true, _] => Ok(()),
                [_, true] => Ok(transaction.put(name, &Account { keys: keys.map(digest).to_vec(), ..account })?),
                _ => Err("the service does not accept the current key".into()),
            }
        };
        self.accounts.atomically(set).await
    }

    /// Returns `true` if the service accepts this key.
    pub async fn accepts(&self, name: &str, key: &SecretString) -> Result<bool, BoxError> {
        Ok(self.accounts.get::<Account>(name).await?.is_some_and(|account| account.keys.contains(&digest(key))))
    }
    fn client(&self) -> Result<&Client, BoxError> {
        Ok(self.client.as_ref().ok_or("a local run without ACCOUNTS_TABLE rotates no secret")?)
    }

    /// Returns the current and the pending version; `None` if `token` is the current one already, so a step is repeated.
    pub async fn versions(&self, secret: &str, token: &str) -> Result<Option<[SecretId; 2]>, BoxError> {
        let found = self.client()?.describe_secret().secret_id(secret).send().await?;
        let versions = found.version_ids_to_stages.unwrap_or_default();
        let with = |stage: &'static str| {
            let mut versions = versions.iter().filter(|(_, stages)| stages.iter().any(|found| found == stage));
            versions.next().map(|(id, _)| SecretId::from(secret).version(id.clone()).stage(stage))
        };
        match (with("AWSCURRENT"), with("AWSPENDING")) {
            _ if found.rotation_enabled != Some(true) => Err("the rotation of the secret is not enabled".into()),
            (Some(current), _) if current.version_id() == Some(token) => Ok(None),
            (Some(current), Some(pending)) if pending.version_id() == Some(token) => Ok(Some([current, pending])),
            _ => Err("the version is not pending: a newer rotation has begun".into()),
        }
    }

    /// Returns the value of a version, if it still has its staging label.
    pub async fn value(&self, version: &SecretId) -> Result<Credentials, SecretError> {
        self.secrets.get(version.clone()).force().json().await
    }

    /// Writes a new key as the pending version, unless there is one: of two deliveries at once, the first one counts.
    pub async fn create_key(&self, [current, pending]: &[SecretId; 2]) -> Result<(), BoxError> {
        if self.value(pending).await.is_ok() {
            return Ok(());
        }
        let key = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let text = serde_json::json!({ "account": self.value(current).await?.account, "key": key }).to_string();
        match self.secrets.set(pending.clone(), text).await {
            Err(error) if self.value(pending).await.is_err() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Makes the pending version the current one. Secrets Manager keeps the previous one as `AWSPREVIOUS`.
    pub async fn finish(&self, versions: &[SecretId; 2]) -> Result<(), BoxError> {
        let [from, to] = versions.each_ref().map(|version| version.version_id().map(str::to_owned));
        let update = self.client()?.update_secret_version_stage().secret_id(versions[0].name());
        let update = update.version_stage("AWSCURRENT").set_remove_from_version_id(from).set_move_to_version_id(to);
        Ok(update.send().await.map(drop)?)
    }
}

impl FromClients for Service {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let accounts = Table::from_env(clients, "ACCOUNTS_TABLE").await?;
        let aws = async |_| Ok((clients.get().await?, clients.get().await.map(Some)?));
        let (secrets, client) = clients.env_or("ACCOUNTS_TABLE", aws, || (Secrets::fixed([SAMPLE]), None)).await?;
        Ok(Self { accounts, secrets, client })
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
