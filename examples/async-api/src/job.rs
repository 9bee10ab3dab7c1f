//! What a job is, what it can be in, and the work itself: counting the words of a text.

use std::collections::HashSet;

use garde::Validate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::{Jobs, Unreachable};

/// What a caller asks for.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// At most 40 kB: a message of SQS holds it even where each byte takes six in JSON.
    #[garde(length(bytes, max = 40_000))]
    pub text: String,
}

/// A job on its way to the worker: the body of a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Job {
    /// Random, so that nobody finds the jobs of others by counting.
    pub id: Uuid,
    /// What to count.
    pub text: String,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum State {
    /// It waits for a worker.
    Queued,
    /// A worker is at it; or was, and another one will be.
    Running,
    /// It is done.
    Done {
        /// What came out.
        result: Count,
    },
    /// It is over, and another try would end the same.
    Failed {
        /// Why, for the caller.
        reason: String,
    },
}

impl State {
    /// Whether nothing comes after it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. })
    }
}

/// The words of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Count {
    /// All of them.
    pub words: usize,
    /// Those that differ, be it in more than letter case.
    pub different: usize,
}

impl Job {
    /// Does the work and keeps what comes of it. Done twice it is as done once, and after a worker that died another one does it.
    ///
    /// # Errors
    ///
    /// The state cannot be kept; a later try may.
    pub async fn run(&self, jobs: &Jobs) -> Result<(), Unreachable> {
        if !jobs.advance(self.id, &State::Running).await? {
            tracing::info!(job = %self.id, "nothing to do: the job is over, or so old that it was forgotten");
            return Ok(());
        }
        jobs.advance(self.id, &self.outcome()).await?;
        tracing::info!(job = %self.id, "did the job");
        Ok(())
    }

    fn outcome(&self) -> State {
        let words = self.text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        if words.is_empty() {
            return State::Failed { reason: "there are no words in the text".to_owned() };
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
    async fn words_are_counted_and_told_apart() {
        let (jobs, job) = run("To be or\nnot  to be").await;
        let result = Count { words: 6, different: 4 };
        assert_eq!(jobs.get(job.id).await.expect("it is there"), State::Done { result });
    }

    #[tokio::test]
    async fn a_text_without_words_fails_for_good() {
        let (jobs, job) = run(" \n").await;
        assert!(matches!(jobs.get(job.id).await.expect("it is there"), State::Failed { .. }));
    }

    #[tokio::test]
    async fn a_job_that_comes_twice_stays_what_it_was() {
        let (jobs, job) = run("tea").await;
        let done = jobs.get(job.id).await.expect("it is there");
        Job { text: "other words".into(), ..job }.run(&jobs).await.expect("memory");
        assert_eq!(jobs.get(job.id).await.expect("it is there"), done);
    }

    #[tokio::test]
    async fn a_job_that_a_worker_left_is_done_by_the_next_one() {
        let (jobs, job) = (Jobs::in_memory(), Job { id: Uuid::new_v4(), text: "tea".to_owned() });
        jobs.create(job.id).await.expect("memory");
        assert!(jobs.advance(job.id, &State::Running).await.expect("memory"));
        job.run(&jobs).await.expect("memory");
        assert!(jobs.get(job.id).await.expect("it is there").is_over());
    }
}
