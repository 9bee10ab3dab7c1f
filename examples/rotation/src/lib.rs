//! The accounts of a service, and the secret with the key of one. The functions are in `bin`.

use pilaster::config::secrets::{ExposeSecret, SecretError, SecretId, SecretString};
use pilaster::table::{Table, Transaction};
use pilaster::{BoxError, Clients, FromClients, Secrets};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A service, for whose accounts a table stands, and Secrets Manager with their keys. A local run has no `client`.
#[derive(Clone)]
pub struct Service {
    pub accounts: Table,
    pub secrets: Secrets,
    pub client: Option<aws_sdk_secretsmanager::Client>,
}

/// An account, with the SHA-256 digest of each key that the service accepts, and with the version that was current when the
/// key was last set: it is removed when this version is the previous one, unless it is the current key itself.
#[derive(Serialize, Deserialize)]
struct Account {
    owner: String,
    secret: String,
    keys: std::collections::BTreeMap<String, String>,
}

impl Service {
    /// Creates an account. If its owner has created it already, it accepts the current key of this secret in addition.
    pub async fn create_account(&self, name: &str, owner: &str, secret: &str) -> Result<(), BoxError> {
        let value = self.secrets.get(secret.to_owned()).force().value().await?;
        let (key, version) = (value.json::<Credentials>()?.key, value.version().unwrap_or_default());
        let create = async |transaction: Transaction| {
            let mut keys = match transaction.get::<Account>(name).await? {
                Some(account) if account.owner != owner => return Err("the account belongs to another owner".into()),
                found => found.map(|account| account.keys).unwrap_or_default(),
            };
            keys.values_mut().for_each(|since| version.clone_into(since));
            keys.insert(digest(&key), version.to_owned());
            Ok(transaction.put(name, &Account { owner: owner.to_owned(), secret: secret.to_owned(), keys })?)
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

    /// Lets an account accept the pending key in addition. The keys that it no longer accepts cannot become current again,
    /// however late this call is: the previous one, and those of rotations that were given up when that one was current.
    pub async fn set_key(&self, versions: &[SecretId; 3], keys: [&Credentials; 2]) -> Result<(), BoxError> {
        let ([current, pending], name) = (keys.map(|value| digest(&value.key)), keys[0].account.as_str());
        let old = self.value(&versions[2]).await.map_or_else(|_| current.clone(), |old| digest(&old.key));
        let [now, _, previous] = versions.each_ref().map(|version| version.version_id().unwrap_or_default());
        let set = async |transaction: Transaction| {
            let found = transaction.get::<Account>(name).await?.filter(|account| account.secret == versions[0].name());
            let mut account = found.ok_or("the secret has no account")?;
            let used = [&current, &old].into_iter().find(|key| account.keys.contains_key(*key));
            let used = used.ok_or("the service accepts neither the current nor the previous key")?;
            account.keys.retain(|key, since| key == used || since != previous);
            account.keys.extend([used, &pending].map(|key| (key.clone(), now.to_owned())));
            Ok(transaction.put(name, &account)?)
        };
        self.accounts.atomically(set).await
    }

    /// Returns `true` if the service accepts the pending key, which was set while the current version was current.
    pub async fn is_set(&self, [current, ..]: &[SecretId; 3], pending: &Credentials) -> Result<bool, BoxError> {
        let found = self.accounts.get::<Account>(pending.account.as_str()).await?;
        Ok(found.is_some_and(|found| found.keys.get(&digest(&pending.key)).map(String::as_str) == current.version_id()))
    }

    /// Returns the current, the pending and the previous version; `None` if `token` is the current one: a step is repeated.
    pub async fn versions(&self, secret: &str, token: &str) -> Result<Option<[SecretId; 3]>, BoxError> {
        let client = self.client.as_ref().ok_or("a local run without ACCOUNTS_TABLE rotates no secret")?;
        let found = client.describe_secret().secret_id(secret).send().await?;
        let stages = found.version_ids_to_stages.unwrap_or_default();
        let versions = ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"].map(|stage| {
            let version = stages.iter().find(|(_, stages)| stages.iter().any(|found| found == stage));
            SecretId::from(secret).version(version.map(|(id, _)| id.clone()).unwrap_or_default()).stage(stage)
        });
        match versions.each_ref().map(|version| version.version_id() == Some(token)) {
            _ if found.rotation_enabled != Some(true) => Err("the rotation of the secret is not enabled".into()),
            [true, ..] => Ok(None),
            [_, true, _] => Ok(Some(versions)),
            _ => Err("the version is not pending: a newer rotation has begun".into()),
        }
    }

    /// Returns the value of a version, if it still has its staging label.
    pub async fn value(&self, version: &SecretId) -> Result<Credentials, SecretError> {
        self.secrets.get(version.clone()).force().json().await
    }

    /// Writes a new key as the pending version, unless there is one: of two deliveries at once, the first one counts.
    pub async fn create_key(&self, [current, pending, _]: &[SecretId; 3]) -> Result<(), BoxError> {
        let Err(_) = self.value(pending).await else { return Ok(()) };
        let key = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let mut value: serde_json::Map<_, _> = self.secrets.get(current.clone()).force().json().await?;
        value.insert("key".to_owned(), key.into());
        let set = self.secrets.set(pending.clone(), serde_json::Value::from(value).to_string()).await;
        Ok(self.value(pending).await.map(drop).or(set.map(drop))?)
    }

    /// Makes the pending version the current one. Secrets Manager keeps the previous one as `AWSPREVIOUS`.
    pub async fn finish(&self, versions: &[SecretId; 3]) -> Result<(), BoxError> {
        let [from, to, _] = versions.each_ref().map(|version| version.version_id().map(str::to_owned));
        let client = self.client.as_ref().ok_or("a local run rotates no secret")?;
        let update = client.update_secret_version_stage().secret_id(versions[0].name());
        let update = update.version_stage("AWSCURRENT").set_remove_from_version_id(from).set_move_to_version_id(to);
        Ok(update.send().await.map(drop)?)
    }
}

impl FromClients for Service {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let accounts = Table::from_env(clients, "ACCOUNTS_TABLE").await?;
        let aws = async |_| Ok((clients.get().await?, clients.get().await.map(Some)?));
        let sample = [("pilaster-rotation", r#"{"account":"pilaster-rotation","key":"one"}"#)];
        let (secrets, client) = clients.env_or("ACCOUNTS_TABLE", aws, || (Secrets::fixed(sample), None)).await?;
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
