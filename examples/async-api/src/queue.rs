//! The [`Queue`] to the worker, backed by SQS or by tasks of this process.

use std::env;

use pilaster::{BoxError, Clients, FromClients};

use crate::job::Job;
use crate::jobs::{Jobs, Unavailable};

/// The SQS queue at `QUEUE_URL`. If unset, jobs run in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue(Backend);

#[derive(Clone, Debug)]
enum Backend {
    InProcess(Jobs),
    #[cfg(feature = "aws")]
    Sqs {
        client: aws_sdk_sqs::Client,
        url: String,
    },
}

impl Queue {
    /// Creates a queue that runs each job as a task of this process. Not for Lambda, which freezes tasks after the
    /// response.
    pub fn in_process(jobs: Jobs) -> Self {
        Self(Backend::InProcess(jobs))
    }

    /// Sends a job to the worker.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    pub async fn send(&self, job: Job) -> Result<(), Unavailable> {
        match &self.0 {
            Backend::InProcess(jobs) => {
                let jobs = jobs.clone();
                tokio::spawn(async move {
                    if let Err(error) = job.run(&jobs).await {
                        tracing::error!(job = %job.id, error = &error as &dyn std::error::Error, "the job failed");
                    }
                });
                Ok(())
            }
            #[cfg(feature = "aws")]
            Backend::Sqs { client, url } => {
                let unavailable = |error: BoxError| Unavailable("the jobs queue", error);
                let body = serde_json::to_string(&job).map_err(|error| unavailable(error.into()))?;
                let sent = client.send_message().queue_url(url).message_body(body).send().await;
                sent.map(drop).map_err(|error| unavailable(error.into()))
            }
        }
    }
}

impl FromClients for Queue {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        match (variable("QUEUE_URL"), variable("TABLE_NAME")) {
            #[cfg(feature = "aws")]
            (Some(url), Some(_)) => Ok(Self(Backend::Sqs { client: clients.get().await?, url })),
            (None, None) => Ok(Self::in_process(clients.get().await?)),
            // A separate worker needs a shared table, and a worker in this process would be frozen on Lambda.
            _ => Err("QUEUE_URL and TABLE_NAME must be set together, and require a build with `--features aws`".into()),
        }
    }
}
