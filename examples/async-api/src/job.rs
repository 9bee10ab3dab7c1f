//! A job, its states, and the work itself: counting the words of a text.

use std::collections::HashSet;

use garde::Validate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::{Jobs, Unavailable};

/// A requested job.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// At most 40 kB, so that it fits into an SQS message even if JSON escapes every byte as six.
    #[garde(length(bytes, max = 40_000))]
    pub text: String,
}

/// A job for the worker: the body of a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Job {
    /// The id; random, so that it cannot be guessed.
    pub id: Uuid,
    /// The text to count.
    pub text: String,
}

/// The state of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum State {
    /// The job waits for a worker.
    Queued,
    /// A worker runs the job, or has crashed and another one will.
    Running,
    /// The job succeeded.
    Done {
        /// The result.
        result: Count,
    },
    /// The job failed permanently.
    Failed {
        /// The reason, for the caller.
        reason: String,
    },
}

impl State {
    /// Returns `true` for a final state.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. })
    }
}

/// The word counts of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Count {
    /// The number of words.
    pub words: usize,
    /// The number of distinct words, ignoring case.
    pub different: usize,
}

impl Job {
    /// Runs the job and stores its outcome. This is idempotent, and a job of a crashed worker is run by the next one.
    ///
    /// # Errors
    ///
    /// The state cannot be stored; a retry may succeed.
    pub async fn run(&self, jobs: &Jobs) -> Result<(), Unavailable> {
        if !jobs.advance(self.id, &State::Running).await? {
            tracing::info!(job = %self.id, "nothing to do: the job is finished or expired");
            return Ok(());
        }
        jobs.advance(self.id, &self.outcome()).await?;
        tracing::info!(job = %self.id, "finished the job");
        Ok(())
    }

    fn outcome(&self) -> State {
        let words = self.text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        if words.is_empty() {
            return State::Failed { reason: "the text contains no words".to_owned() };
        }
        State::Done { result: Count { words: words.len(), different: words.iter().collect::<HashSet<_>>().len() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(text: &str) -> (Jobs, Job) {
        let (jobs, job) = (Jobs::in_memory(), Job { id: Uuid::new_v4(), text: text.to_owned() });
        jobs.create(job.id).await.expect("memory");
        job.run(&jobs).await.expect("memory");
        (jobs, job)
    }

    #[tokio::test]
    async fn words_and_distinct_words_are_counted() {
        let (jobs, job) = run("To be or\nnot  to be").await;
        let result = Count { words: 6, different: 4 };
        assert_eq!(jobs.get(job.id).await.expect("a job"), State::Done { result });
    }

    #[tokio::test]
    async fn a_text_without_words_fails_permanently() {
        let (jobs, job) = run(" \n").await;
        assert!(matches!(jobs.get(job.id).await.expect("a job"), State::Failed { .. }));
    }

    #[tokio::test]
    async fn a_duplicate_job_does_not_change_the_result() {
        let (jobs, job) = run("tea").await;
        let done = jobs.get(job.id).await.expect("a job");
        Job { text: "other words".into(), ..job }.run(&jobs).await.expect("memory");
        assert_eq!(jobs.get(job.id).await.expect("a job"), done);
    }

    #[tokio::test]
    async fn a_job_of_a_crashed_worker_is_run_by_the_next_one() {
        let (jobs, job) = (Jobs::in_memory(), Job { id: Uuid::new_v4(), text: "tea".to_owned() });
        jobs.create(job.id).await.expect("memory");
        assert!(jobs.advance(job.id, &State::Running).await.expect("memory"));
        job.run(&jobs).await.expect("memory");
        assert!(jobs.get(job.id).await.expect("a job").is_finished());
    }
}
