//! Batches concurrent requests into shared calls.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::source::AnySource;
use super::{ParameterId, ParameterValue};
use crate::config::cache::LONGEST_FLIGHT;
use crate::core::error::BoxError;

type Fetched = Result<ParameterValue, BoxError>;
type Waiting = Vec<(ParameterId, oneshot::Sender<Fetched>)>;

/// The cache's key: a parameter, and the kind of call that fetches it. The kind depends only on the read, since each
/// one requires its own permission. The value is the same, so the kind is not part of the key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: ParameterId,
    /// `true` if it is fetched by the call for several names, even for a single name.
    pub(super) is_shared: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// Collects requested names until the runtime has no other work, then fetches them in groups. Cheap to clone.
#[derive(Clone)]
pub(super) struct Batches {
    source: Arc<dyn AnySource>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Batches {
    pub(super) fn new(source: Arc<dyn AnySource>) -> Self {
        Self { source, waiting: Arc::default() }
    }

    pub(super) async fn fetch(self, key: Key) -> Fetched {
        if !key.is_shared || self.source.batch() < 2 {
            return self.source.fetch(&key.id).await;
        }
        let (sender, receiver) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push((key.id, sender));
            waiting.len() == 1
        };
        if is_first {
            // A separate task: the first flight may be dropped while others still wait.
            tokio::spawn(self.depart().in_current_span());
        }
        receiver.await.unwrap_or_else(|_| Err("the source panicked or did not respond in time".into()))
    }

    async fn depart(self) {
        // Callers of the same scheduler tick join this batch.
        tokio::task::yield_now().await;
        let all = mem::take(&mut *self.waiting());
        let (decrypted, plain): (Vec<_>, Vec<_>) = all.into_iter().partition(|(id, _)| id.is_decrypted());
        let mut groups = Vec::new();
        for mut rest in [VecDeque::from(plain), VecDeque::from(decrypted)] {
            while !rest.is_empty() {
                let (ids, senders) = rest.drain(..self.source.batch().min(rest.len())).unzip();
                // No flight waits longer; a connection that died in a freeze may never respond.
                groups.push(tokio::time::timeout(LONGEST_FLIGHT, self.fetch_group(ids, senders)));
            }
        }
        future::join_all(groups).await;
    }

    async fn fetch_group(&self, ids: Vec<ParameterId>, senders: Vec<oneshot::Sender<Fetched>>) {
        let results = self.source.fetch_batch(&ids).await;
        for (sender, result) in senders.into_iter().zip(results) {
            // A caller that stopped waiting needs no result.
            let _ = sender.send(result);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
