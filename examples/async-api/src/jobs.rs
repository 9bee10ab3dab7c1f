//! The jobs, the work (counting the words of a text), and the queue to the worker.

use std::time::{Duration, SystemTime};

use pilaster::table::{Item, PutIfAbsent, Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Job {
    pub text: String,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum State {
    Queued,
    Done { words: usize },
    Failed { reason: String },
}

/// The table of jobs. It does not return a job that has expired.
#[derive(Clone, Debug)]
pub struct Jobs(pub Table);

impl Jobs {
    /// Creates a job, or returns the one that has this key.
    pub async fn create(&self, key: &str, text: &str) -> Result<Job, TableError> {
        let job = Job { text: text.to_owned(), state: State::Queued };
        match self.0.put_item_if_absent(item(key, &job)?).await? {
            PutIfAbsent::Stored => Ok(job),
            PutIfAbsent::Present(job) => Ok(job),
        }
    }

    /// Runs a job. If it runs twice, even at the same time, one result is stored.
    pub async fn run(&self, key: &str) -> Result<(), TableError> {
        let Some(job) = self.0.get::<Job>(key).await?.filter(|job| job.state == State::Queued) else {
            tracing::info!(job = key, "the job is finished or has expired");
            return Ok(());
        };
        let state = match job.text.split_whitespace().count() {
            0 => State::Failed { reason: "the text contains no words".to_owned() },
            words => State::Done { words },
        };
        self.finish(key, &state).await
    }

    /// Stores the final state of a job, unless it has one or has expired.
    pub async fn finish(&self, key: &str, state: &State) -> Result<(), TableError> {
        let finish = async |items: Transaction| match items.get::<Job>(key).await? {
            Some(job) if job.state == State::Queued => items.put_item(item(key, &Job { state: state.clone(), ..job })?),
            _ => Ok(()),
        };
        self.0.atomically(finish).await
    }
}

/// A job expires 30 days after its last change. Its message is in each of the queues for at most 14 days.
fn item(key: &str, job: &Job) -> Result<Item, TableError> {
    Ok(Item::new(key, job)?.expires_at(SystemTime::now() + Duration::from_hours(30 * 24)))
}

impl FromClients for Jobs {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "JOBS_TABLE").await?))
    }
}

/// The SQS queue at `QUEUE_URL`. In a local run without it, each job is a task of this process.
#[derive(Clone, Debug)]
pub enum Queue {
    Sqs { client: aws_sdk_sqs::Client, url: String },
    InProcess(Jobs),
}

impl Queue {
    /// Sends the key of a job to the worker, which receives it after the delay, in seconds.
    pub async fn send(&self, key: &str, delay: i32) -> Result<(), BoxError> {
        match self {
            Self::Sqs { client, url } => {
                client.send_message().queue_url(url).message_body(key).delay_seconds(delay).send().await?;
            }
            Self::InProcess(jobs) => {
                let (jobs, key) = (jobs.clone(), key.to_owned());
                tokio::spawn(async move { jobs.run(&key).await });
            }
        }
        Ok(())
    }
}

impl FromClients for Queue {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let jobs = clients.get().await?;
        let sqs = async |url| Ok(Self::Sqs { client: clients.get().await?, url });
        clients.env_or("QUEUE_URL", sqs, || Self::InProcess(jobs)).await
    }
}
