//! How far each job is: [`Jobs`], over memory or DynamoDB.

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;
use uuid::Uuid;

use crate::job::State;

/// Jobs, in the DynamoDB table that `TABLE_NAME` names, or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Jobs(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<HashMap<Uuid, State>>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::Table),
}

/// No job has this id, or it was so long ago that it is forgotten.
#[derive(Clone, Copy, Debug, Error)]
#[error("no job has this id")]
pub struct UnknownJob;

/// The table or the queue does not answer, or not well.
#[derive(Debug, Error)]
#[error("{0} cannot be reached")]
pub struct Unreachable(pub(crate) &'static str, #[source] pub(crate) BoxError);

/// Why there is no state of a job.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum JobsError {
    #[error("{0}")]
    Unknown(#[from] UnknownJob),
    #[error("{0}")]
    Unreachable(#[from] Unreachable),
}

impl Jobs {
    /// Jobs that are forgotten when the process ends.
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Arc::default()))
    }

    /// A new job, queued.
    ///
    /// # Errors
    ///
    /// [`Unreachable`].
    pub async fn create(&self, id: Uuid) -> Result<(), Unreachable> {
        match &self.0 {
            Kind::Memory(jobs) => drop(locked(jobs).insert(id, State::Queued)),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(table) => table.create(id).await.map_err(unreachable)?,
        }
        Ok(())
    }

    /// How far a job is.
    ///
    /// # Errors
    ///
    /// [`JobsError`].
    pub async fn get(&self, id: Uuid) -> Result<State, JobsError> {
        let state = match &self.0 {
            Kind::Memory(jobs) => locked(jobs).get(&id).cloned(),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(table) => table.get(id).await.map_err(unreachable)?,
        };
        state.ok_or_else(|| UnknownJob.into())
    }

    /// Brings a job further, unless it is over or unknown; whether it did.
    ///
    /// # Errors
    ///
    /// [`Unreachable`].
    pub async fn advance(&self, id: Uuid, to: &State) -> Result<bool, Unreachable> {
        match &self.0 {
            Kind::Memory(jobs) => {
                let mut jobs = locked(jobs);
                let goes_on = jobs.get(&id).is_some_and(|state| !state.is_over());
                if goes_on {
                    jobs.insert(id, to.clone());
                }
                Ok(goes_on)
            }
            #[cfg(feature = "aws")]
            Kind::DynamoDb(table) => table.advance(id, to).await.map_err(unreachable),
        }
    }
}

fn locked(jobs: &Mutex<HashMap<Uuid, State>>) -> MutexGuard<'_, HashMap<Uuid, State>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(feature = "aws")]
fn unreachable(error: BoxError) -> Unreachable {
    Unreachable("the table of jobs", error)
}

impl FromClients for Jobs {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb(dynamodb::Table::new(clients.get().await?, table)))),
            // Without a client, jobs would silently be forgotten.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: jobs are kept in memory, and forgotten when this process ends");
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

    /// How long a job is known after it has last changed.
    const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

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
            let until = (SystemTime::now() + KNOWN_FOR).duration_since(UNIX_EPOCH)?.as_secs();
            let put = self.client.put_item().table_name(&self.name).set_item(Some(to_item(state)?));
            Ok(put.item("id", S(id.to_string())).item("expires_at", N(until.to_string())))
        }
    }
}
