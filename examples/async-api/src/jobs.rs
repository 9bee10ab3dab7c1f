//! The states of the [`Jobs`], backed by memory or DynamoDB.

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;
use uuid::Uuid;

use crate::job::State;

/// The jobs, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Jobs(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<HashMap<Uuid, State>>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::Table),
}

/// The job does not exist or has expired.
#[derive(Clone, Copy, Debug, Error)]
#[error("job not found")]
pub struct JobNotFound;

/// The table or the queue is unavailable.
#[derive(Debug, Error)]
#[error("{0} is unavailable")]
pub struct Unavailable(pub(crate) &'static str, #[source] pub(crate) BoxError);

/// The reason why the state of a job is not available.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum JobsError {
    #[error("{0}")]
    NotFound(#[from] JobNotFound),
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
}

impl Jobs {
    /// Creates jobs in memory that are lost when the process ends.
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Arc::default()))
    }

    /// Creates a queued job.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    pub async fn create(&self, id: Uuid) -> Result<(), Unavailable> {
        match &self.0 {
            Backend::Memory(jobs) => drop(locked(jobs).insert(id, State::Queued)),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(table) => table.create(id).await.map_err(unavailable)?,
        }
        Ok(())
    }

    /// Returns the state of a job.
    ///
    /// # Errors
    ///
    /// [`JobsError`].
    pub async fn get(&self, id: Uuid) -> Result<State, JobsError> {
        let state = match &self.0 {
            Backend::Memory(jobs) => locked(jobs).get(&id).cloned(),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(table) => table.get(id).await.map_err(unavailable)?,
        };
        state.ok_or_else(|| JobNotFound.into())
    }

    /// Changes the state of a job. Returns `false` if the job is finished or does not exist.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    pub async fn advance(&self, id: Uuid, to: &State) -> Result<bool, Unavailable> {
        match &self.0 {
            Backend::Memory(jobs) => {
                let mut jobs = locked(jobs);
                let is_active = jobs.get(&id).is_some_and(|state| !state.is_finished());
                if is_active {
                    jobs.insert(id, to.clone());
                }
                Ok(is_active)
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb(table) => table.advance(id, to).await.map_err(unavailable),
        }
    }
}

fn locked(jobs: &Mutex<HashMap<Uuid, State>>) -> MutexGuard<'_, HashMap<Uuid, State>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(feature = "aws")]
fn unavailable(error: BoxError) -> Unavailable {
    Unavailable("the jobs table", error)
}

impl FromClients for Jobs {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb(dynamodb::Table::new(clients.get().await?, table)))),
            // Without a client, jobs would silently be lost.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: jobs are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}

#[cfg(feature = "aws")]
mod dynamodb {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    use pilaster::BoxError;
    use serde_dynamo::{from_item, to_item};
    use uuid::Uuid;

    use crate::job::State;

    /// The time to live of a job after its last change.
    const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 60 * 60);

    #[derive(Clone, Debug)]
    pub(super) struct Table {
        client: Client,
        name: String,
    }

    impl Table {
        pub(super) fn new(client: Client, name: String) -> Self {
            Self { client, name }
        }

        pub(super) async fn create(&self, id: Uuid) -> Result<(), BoxError> {
            self.put(id, &State::Queued)?.send().await?;
            Ok(())
        }

        pub(super) async fn get(&self, id: Uuid) -> Result<Option<State>, BoxError> {
            let get = self.client.get_item().table_name(&self.name).key("id", S(id.to_string())).consistent_read(true);
            Ok(get.send().await?.item.map(from_item).transpose()?)
        }

        pub(super) async fn advance(&self, id: Uuid, to: &State) -> Result<bool, BoxError> {
            // `status` is a reserved word.
            let put = self.put(id, to)?.condition_expression("#status IN (:queued, :running)");
            let put = put.expression_attribute_names("#status", "status");
            let put = put.expression_attribute_values(":queued", S("queued".to_owned()));
            match put.expression_attribute_values(":running", S("running".to_owned())).send().await {
                Ok(_) => Ok(true),
                Err(error)
                    if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
                {
                    Ok(false)
                }
                Err(error) => Err(error.into()),
            }
        }

        fn put(&self, id: Uuid, state: &State) -> Result<PutItemFluentBuilder, BoxError> {
            let expires_at = (SystemTime::now() + TIME_TO_LIVE).duration_since(UNIX_EPOCH)?.as_secs();
            let put = self.client.put_item().table_name(&self.name).set_item(Some(to_item(state)?));
            Ok(put.item("id", S(id.to_string())).item("expires_at", N(expires_at.to_string())))
        }
    }
}
