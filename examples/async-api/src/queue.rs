//! The way to the worker: [`Queue`], over SQS or in this process.

use std::env;

use pilaster::{BoxError, Clients, FromClients};

use crate::job::Job;
use crate::jobs::{Jobs, Unreachable};

/// The SQS queue that `QUEUE_URL` names; without it the work is done in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue(Kind);

#[derive(Clone, Debug)]
enum Kind {
    InProcess(Jobs),
    #[cfg(feature = "aws")]
    Sqs {
        client: aws_sdk_sqs::Client,
        url: String,
    },
}

impl Queue {
    /// Each job is done by a task of this process. On Lambda it would stand still as soon as the answer is out.
    pub fn in_process(jobs: Jobs) -> Self {
        Self(Kind::InProcess(jobs))
    }

    /// Sends a job on its way.
    ///
    /// # Errors
    ///
    /// [`Unreachable`].
    pub async fn send(&self, job: Job) -> Result<(), Unreachable> {
        match &self.0 {
            Kind::InProcess(jobs) => {
                let jobs = jobs.clone();
                tokio::spawn(async move {
                    if let Err(error) = job.run(&jobs).await {
                        tracing::error!(job = %job.id, error = &error as &dyn std::error::Error, "the job failed");
                    }
                });
                Ok(())
            }
            #[cfg(feature = "aws")]
            Kind::Sqs { client, url } => {
                let unreachable = |error: BoxError| Unreachable("the queue of jobs", error);
                let body = serde_json::to_string(&job).map_err(|error| unreachable(error.into()))?;
                let sent = client.send_message().queue_url(url).message_body(body).send().await;
                sent.map(drop).map_err(|error| unreachable(error.into()))
            }
        }
    }
}

impl FromClients for Queue {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        match (variable("QUEUE_URL"), variable("TABLE_NAME")) {
            #[cfg(feature = "aws")]
            (Some(url), Some(_)) => Ok(Self(Kind::Sqs { client: clients.get().await?, url })),
            (None, None) => Ok(Self::in_process(clients.get().await?)),
            // A worker elsewhere needs a table that both see; and a worker in this process stands still on Lambda.
            _ => Err("QUEUE_URL and TABLE_NAME go together, and need a build with `--features aws`".into()),
        }
    }
}
