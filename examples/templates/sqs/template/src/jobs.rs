//! Jobs and their results, in a DynamoDB table, or in memory in a local run without `TABLE_NAME`.

use pilaster::table::{PutIfAbsent, Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// The body of a message.
#[derive(Deserialize)]
pub struct Job {
    pub id: String,
    pub text: String,
}

/// The result of a job, with the key `job#ID`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    pub text: String,
    pub words: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("the text is empty")]
    Empty,
    #[error("a job with this id and another text was done")]
    OtherText,
    #[error("the table of results failed")]
    Table(#[from] TableError),
}

#[derive(Clone)]
pub struct Jobs(pub Table);

impl FromClients for Jobs {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}

impl Jobs {
    /// Does a job and returns `true`, or `false` if it was done before: a queue may deliver a message more than once. The
    /// only effect is one conditional write, so that a crash or a time-out leaves nothing or the whole result.
    pub async fn run(&self, job: &Job) -> Result<bool, JobError> {
        let result = JobResult { words: count_words(&job.text), text: job.text.clone() };
        if result.words == 0 {
            return Err(JobError::Empty);
        }
        match self.0.put_if_absent(format!("job#{}", job.id), &result).await? {
            PutIfAbsent::Stored => Ok(true),
            PutIfAbsent::Present(found) if found == result => Ok(false),
            PutIfAbsent::Present(_) => Err(JobError::OtherText),
        }
    }
}

pub fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}
