//! Names that are asked for at the same time share calls.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::source::Source;
use super::{ParameterId, ParameterValue};
use crate::error::BoxError;

type Answer = Result<ParameterValue, BoxError>;
type Waiting = Vec<(ParameterId, oneshot::Sender<Answer>)>;

/// Gathers what is asked for until the runtime has nothing else to do, then asks in groups. Cheap to clone.
#[derive(Clone)]
pub(super) struct Batches {
    source: Arc<dyn Source>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Batches {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, waiting: Arc::default() }
    }

    pub(super) async fn fetch(self, id: ParameterId) -> Answer {
        if self.source.batch() < 2 {
            return self.source.fetch(&id).await;
        }
        let (sender, receiver) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push((id, sender));
            waiting.len() == 1
        };
        if is_first {
            // A task of its own: the flight that came first may be given up, and the others still wait.
            tokio::spawn(self.depart().in_current_span());
        }
        receiver.await.unwrap_or_else(|_| Err("the source panicked".into()))
    }

    async fn depart(self) {
        // Those who ask in the same turn of the runtime get on board.
        tokio::task::yield_now().await;
        let all = mem::take(&mut *self.waiting());
        let (decrypted, plain): (Vec<_>, Vec<_>) = all.into_iter().partition(|(id, _)| id.is_decrypted());
        let mut groups = Vec::new();
        for mut rest in [VecDeque::from(plain), VecDeque::from(decrypted)] {
            while !rest.is_empty() {
                let (ids, senders) = rest.drain(..self.source.batch().min(rest.len())).unzip();
                groups.push(self.ask(ids, senders));
            }
        }
        future::join_all(groups).await;
    }

    async fn ask(&self, ids: Vec<ParameterId>, senders: Vec<oneshot::Sender<Answer>>) {
        let answers = match &ids[..] {
            [id] => vec![self.source.fetch(id).await],
            ids => self.source.fetch_batch(ids).await,
        };
        for (sender, answer) in senders.into_iter().zip(answers) {
            // Who has given up needs no answer.
            let _ = sender.send(answer);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
