//! [`Settings`]: the content of a layer's blobs, and their destination.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::built_in::BuiltIn;
use super::dimensions::{Dimension, put};
use super::limits;
use crate::core::env::{self, Lookup};

/// The destination of blobs.
#[derive(Clone)]
pub(super) enum Output {
    Stdout,
    Stderr,
    Writer(Arc<Mutex<Box<dyn Write + Send>>>),
}

impl Output {
    /// Writes blobs in one write. A blob that cannot be written is lost: there is nowhere to report it.
    pub(super) fn write(&self, blobs: &[u8]) {
        let _ = match self {
            Self::Stdout => std::io::stdout().lock().write_all(blobs),
            Self::Stderr => std::io::stderr().lock().write_all(blobs),
            Self::Writer(writer) => writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(blobs),
        };
    }
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) namespace: Option<String>,
    pub(super) service: Option<String>,
    pub(super) function_name: Option<String>,
    pub(super) default_dimensions: Vec<Dimension>,
    pub(super) high_resolution: Vec<Cow<'static, str>>,
    pub(super) built_in: Vec<BuiltIn>,
    pub(super) cold_start: bool,
    pub(super) disabled: bool,
    /// The level of `ApplicationLogLevel`, if Lambda drops lines without a level: those have `INFO`.
    pub(super) log_level: Option<&'static str>,
    pub(super) clock: Option<Clock>,
    pub(super) output: Output,
    /// The first mistake in the configuration.
    pub(super) mistake: Option<String>,
}

impl Settings {
    pub(super) fn from_vars(lookup: Lookup<'_>) -> Self {
        let var = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut mistake = None;
        let mut switch = |name: &str| {
            env::boolean(lookup, name).unwrap_or_else(|sentence| {
                mistake.get_or_insert(sentence);
                None
            })
        };
        // As in Powertools: nothing is written in development, unless the first variable is `false`.
        let dev = switch("POWERTOOLS_DEV").unwrap_or(false);
        let disabled = switch("POWERTOOLS_METRICS_DISABLED").unwrap_or(dev);
        Self {
            namespace: var("POWERTOOLS_METRICS_NAMESPACE"),
            service: var("POWERTOOLS_SERVICE_NAME"),
            function_name: var("POWERTOOLS_METRICS_FUNCTION_NAME"),
            default_dimensions: Vec::new(),
            high_resolution: Vec::new(),
            built_in: Vec::new(),
            cold_start: false,
            disabled,
            log_level: log_level(lookup),
            clock: None,
            output: Output::Stdout,
            mistake,
        }
    }

    /// Returns the settings, or the mistake in them.
    pub(super) fn checked(&self) -> Result<Arc<Self>, String> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        match &self.namespace {
            Some(namespace) => limits::namespace(namespace).map_err(|error| error.to_string())?,
            None if self.disabled => {}
            None => {
                return Err("the namespace is missing: call `MetricsLayer::namespace`, or set POWERTOOLS_METRICS_NAMESPACE and \
                            use `MetricsLayer::from_env`"
                    .to_owned());
            }
        }
        let mut all: Vec<_> = self.default_dimensions.iter().map(|(name, value)| (&**name, &**value)).collect();
        if let Some(service) = &self.service {
            put(&mut all, "service", service);
        }
        if let Some(name) = &self.function_name {
            all.push(("function_name", name));
        }
        let checked = all.iter().try_for_each(|(name, value)| limits::dimension(name, value));
        checked.and_then(|()| limits::too_many(all.len())).map_err(|error| error.to_string())?;
        let mut settings = self.clone();
        if matches!(settings.output, Output::Stdout) && !env::is_on_lambda() {
            // As for log lines: standard output has the response of a local run, and nothing else.
            settings.output = Output::Stderr;
        }
        if matches!(settings.output, Output::Stdout) {
            // Lambda's setting, also of a layer that reads no other variables.
            settings.log_level = log_level(&env::var);
        }
        Ok(Arc::new(settings))
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.as_ref().map_or_else(SystemTime::now, |clock| clock())
    }
}

/// Returns the level below which Lambda drops lines, if it is above `INFO`.
fn log_level(lookup: Lookup<'_>) -> Option<&'static str> {
    let level = lookup("AWS_LAMBDA_LOG_LEVEL")?;
    ["WARN", "ERROR", "FATAL"].into_iter().find(|above_info| level.trim().eq_ignore_ascii_case(above_info))
}

/// Returns the milliseconds since 1970.
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("namespace", &self.namespace)
            .field("service", &self.service)
            .field("default_dimensions", &self.default_dimensions)
            .field("built_in", &self.built_in)
            .field("cold_start", &self.cold_start)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
