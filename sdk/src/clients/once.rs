//! [`Once`]: one value of the registry, created by one caller at a time, and successfully at most once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::ClientError;

pub(super) struct Once<T> {
    value: OnceLock<T>,
    /// The number of failed attempts: a caller that waited while one failed does not repeat it.
    failures: AtomicU64,
    last: Mutex<Option<ClientError>>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { value: OnceLock::new(), failures: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone> Once<T> {
    pub(super) fn with(value: T) -> Self {
        Self { value: OnceLock::from(value), ..Self::default() }
    }

    pub(super) fn ready(&self) -> Option<T> {
        self.value.get().cloned()
    }

    /// Returns the value, and creates it with `make` if there is none yet. If the creating caller is cancelled, the
    /// next one takes over.
    pub(super) async fn get_or_make(
        &self,
        make: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let seen = self.failures.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        if let Some(value) = self.ready() {
            return Ok(value);
        }
        if let Some(error) = last.as_ref()
            && self.failures.load(Ordering::Acquire) != seen
        {
            return Err(error.clone());
        }
        match make.await {
            Ok(value) => {
                *last = None;
                Ok(self.value.get_or_init(|| value).clone())
            }
            Err(error) => {
                *last = Some(error.clone());
                self.failures.fetch_add(1, Ordering::AcqRel);
                Err(error)
            }
        }
    }
}
