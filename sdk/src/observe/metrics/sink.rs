//! [`Sink`]: the destination of recorded values: of an invocation, a layer, or the process.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::buffer::Buffer;
use super::emf;
use super::error::shown;
use super::settings::Settings;

/// Calls `with` on the values that are recorded outside of invocations.
#[cfg(not(test))]
fn with_process<R>(with: impl FnOnce(&Arc<Sink>) -> R) -> R {
    static PROCESS: std::sync::LazyLock<Arc<Sink>> = std::sync::LazyLock::new(|| Arc::new(Sink::new(None, None)));
    with(&PROCESS)
}

/// The same for the test of this thread: the layers of other tests must not write its values.
#[cfg(test)]
fn with_process<R>(with: impl FnOnce(&Arc<Sink>) -> R) -> R {
    thread_local! {
        static PROCESS: Arc<Sink> = Arc::new(Sink::new(None, None));
    }
    PROCESS.with(with)
}

/// The settings of the process's first layer.
static FIRST: OnceLock<Arc<Settings>> = OnceLock::new();

/// The late values of all layers.
static LATE: Mutex<Vec<Weak<Sink>>> = Mutex::new(Vec::new());

pub(super) struct Sink {
    /// None for the process, whose values each layer writes with its settings.
    settings: Option<Arc<Settings>>,
    buffer: Mutex<Buffer>,
    /// The layer's sink for values that are recorded after the end of the invocation; none for the process and for a
    /// layer.
    late: Option<Arc<Sink>>,
}

/// The values recorded by handles of finished invocations. They are written with the settings of their layer.
#[derive(Clone)]
pub(super) struct Late(Arc<Sink>);

impl Late {
    /// Returns the sink of one layer of the process.
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self(Arc::new(Sink::new(Some(Arc::clone(settings)), None)))
    }

    /// Lets [`flush`] find these values.
    pub(super) fn register(&self) {
        let mut all = LATE.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|late| late.strong_count() > 0);
        all.push(Arc::downgrade(&self.0));
    }
}

/// Writes the values that were recorded outside of invocations, if there is a [`MetricsLayer`](super::MetricsLayer).
/// The next invocation does the same; this is for the end of the process.
pub fn flush() {
    let late: Vec<_> = LATE.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
    late.iter().for_each(|late| late.end(false));
    flush_process();
}

fn flush_process() {
    if let Some(settings) = FIRST.get() {
        with_process(|process| process.end_with(settings));
    }
}

/// Sets how the process's values are written outside of invocations: with the settings of the first layer.
pub(super) fn set_first(settings: &Arc<Settings>) {
    let _ = FIRST.set(Arc::clone(settings));
}

/// Writes the values that were recorded outside of invocations, and after those of the layer.
pub(super) fn write_before(settings: &Settings, late: &Late) {
    late.0.end_with(settings);
    with_process(|process| process.end_with(settings));
}

impl Sink {
    pub(super) fn new(settings: Option<Arc<Settings>>, late: Option<&Late>) -> Self {
        Self { settings, buffer: Mutex::default(), late: late.map(|Late(late)| Arc::clone(late)) }
    }

    pub(super) fn of_process() -> Arc<Self> {
        with_process(Arc::clone)
    }

    pub(super) fn is_of_process(&self) -> bool {
        self.settings.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        // Changes of a buffer do not panic halfway.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        self.settings.as_deref().or_else(|| FIRST.get().map(|settings| &**settings))
    }

    /// Changes the buffer; after the end of the invocation, that of its layer. A full buffer is written.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Buffer, Option<&Settings>) -> R) -> R {
        let mut buffer = self.lock();
        if buffer.closed {
            drop(buffer);
            return match &self.late {
                Some(late) => late.change(change),
                None => with_process(|process| process.change(change)),
            };
        }
        let result = change(&mut buffer, self.settings());
        let full = buffer.is_full().then(|| buffer.take_metrics());
        drop(buffer);
        if let Some(full) = full {
            write(self.settings(), &full);
        }
        if self.is_of_process() && crate::core::invocation::has_begun() {
            warn_without_layer();
        }
        result
    }

    /// Writes the recorded values. Later ones are written at the end, with the same dimensions and metadata.
    pub(super) fn write_early(&self) {
        let metrics = self.lock().take_metrics();
        write(self.settings(), &metrics);
    }

    /// Writes the recorded values and discards dimensions, metadata and time. With `close`, the invocation has ended.
    pub(super) fn end(&self, close: bool) {
        let mut buffer = self.lock();
        if buffer.closed {
            drop(buffer);
            if let Some(late) = &self.late {
                late.end(false);
            }
            return flush_process();
        }
        let after = if close { Buffer::closed() } else { Buffer::default() };
        let ended = std::mem::replace(&mut *buffer, after);
        drop(buffer);
        write(self.settings(), &ended);
    }

    fn end_with(&self, settings: &Settings) {
        let mut buffer = self.lock();
        if buffer.is_empty() {
            return;
        }
        let ended = std::mem::take(&mut *buffer);
        drop(buffer);
        write(Some(settings), &ended);
    }
}

/// Writes the metrics of a buffer, in one write, and warns about lost metrics. No buffer may be locked in the meantime:
/// the user's clock or writer, and the writer of the warning, may record metrics.
fn write(settings: Option<&Settings>, buffer: &Buffer) {
    if buffer.is_empty() {
        return;
    }
    let lost = match settings {
        Some(settings) if settings.disabled => None,
        Some(settings) => {
            let mut blobs = Vec::with_capacity(1024);
            let left_out = emf::write(settings, buffer, &mut blobs);
            settings.output.write(&blobs);
            let names = || left_out.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
            (!left_out.is_empty()).then(|| format!("a dimension of the layer has the same name: {}", names()))
        }
        None => Some("the function has no MetricsLayer to write them".to_owned()),
    };
    if let Some(why) = lost {
        tracing::warn!(why, "metrics are lost");
    }
}

/// Warns, once in a process, that metrics are recorded in invocations and never written. Any layer of the process writes them.
pub(super) fn warn_without_layer() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if FIRST.get().is_none() && !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "metrics are recorded but never written: the function has no MetricsLayer. Add one, as in \
             #[lambda_handler(outer = MetricsLayer::from_env())]"
        );
    }
}

/// Writes the values of a handle that was not flushed: in a test, or in a task that outlives the layer.
impl Drop for Sink {
    fn drop(&mut self) {
        if self.settings.is_some() {
            self.end(true);
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}
