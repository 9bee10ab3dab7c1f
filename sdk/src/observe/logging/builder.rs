//! [`Logs`]: the builder of the log.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use tracing::Subscriber;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use super::error_keys::ErrorKeys;
use super::fields::Fields;
use super::filter::Filter;
use super::format::LogFormat;
use super::level::Level;
use super::line::{Clock, LineWriter, Output, Settings};
use super::panic_hook;
use super::reserved::{OmittedKeys, ReservedKey};
use super::subscriber_layer::SubscriberLayer;
use super::variables::Variables;
use crate::core::env;

/// Configures the level, the format and the destination of log lines. See the [module docs](super) for the variables
/// that [`from_env`](Self::from_env) reads.
///
/// # Example
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use pilaster::observe::logging::{CapturedLogs, Level, Logs};
///
/// let captured = CapturedLogs::default();
/// let logs = Logs::new()
///     .service("payment")
///     .level(Level::Warn)
///     .key("version", "1.4.0")
///     .clock(|| SystemTime::UNIX_EPOCH + Duration::from_millis(1_704_164_645_750))
///     .writer(captured.clone());
/// tracing::subscriber::with_default(logs.build(), || {
///     tracing::info!("not written");
///     tracing::warn!(order_id = 42, "the card was refused");
/// });
///
/// let line = &captured.lines()[0];
/// assert_eq!(line["timestamp"], "2024-01-02T03:04:05.750Z");
/// assert_eq!(line["service"], "payment");
/// assert_eq!(line["version"], "1.4.0");
/// assert_eq!(line["order_id"], 42);
/// assert_eq!(captured.lines().len(), 1);
/// ```
#[must_use]
pub struct Logs {
    level: Option<Level>,
    variables: Variables,
    service: Option<String>,
    format: Option<LogFormat>,
    sample_rate: Option<f64>,
    log_event: Option<bool>,
    errors: ErrorKeys,
    omitted: OmittedKeys,
    warnings: Vec<String>,
    keys: Fields,
    clock: Clock,
    output: Output,
    coloured: bool,
}

impl Logs {
    /// Creates a log of JSON lines, from `INFO` on, on standard output; outside of Lambda on standard error, since
    /// standard output has the response of a local run. No other variable is read.
    pub fn new() -> Self {
        Self {
            level: None,
            variables: Variables::default(),
            service: None,
            format: None,
            sample_rate: None,
            log_event: None,
            errors: ErrorKeys::default(),
            omitted: OmittedKeys::default(),
            warnings: Vec::new(),
            keys: Fields::default(),
            clock: None,
            output: Output::Stdout,
            coloured: false,
        }
    }

    /// Creates a log configured by the environment. See the [module docs](super).
    pub fn from_env() -> Self {
        Self::from_vars(env::var)
    }

    /// Reads the variables with `var`, which returns the value of a variable.
    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let coloured = var("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { variables: Variables::read(&var), coloured, ..Self::new() }
    }

    /// Sets the minimum level that is written. It overrides `POWERTOOLS_LOG_LEVEL` and the default of `RUST_LOG`, but
    /// not `AWS_LAMBDA_LOG_LEVEL`.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the `service` key: by default `POWERTOOLS_SERVICE_NAME`, otherwise `service_undefined`.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Sets the format of a line. It overrides `AWS_LAMBDA_LOG_FORMAT` and `POWERTOOLS_DEV`.
    pub fn format(mut self, format: LogFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the share of invocations, from 0 to 1, that are logged at `DEBUG`. Each line has the rate, as
    /// `sampling_rate`. A rate outside of this range is clamped.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        self.sample_rate = Some(if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1.0) });
        self
    }

    /// Sets whether [`LoggingLayer`](super::LoggingLayer) logs each event, under `event`. An event can contain values
    /// that must not be logged: see [`LoggingLayer::omit`](super::LoggingLayer::omit).
    pub fn log_event(mut self, log_event: bool) -> Self {
        self.log_event = Some(log_event);
        self
    }

    /// Sets whether each line has the `location` of the code that wrote it: `true` by default.
    pub fn location(mut self, location: bool) -> Self {
        self.omitted.set(ReservedKey::Location, !location);
        self
    }

    /// Omits a reserved key, such as `function_arn`, from each line. `level` and `message` cannot be omitted. Lambda
    /// gives a line without `timestamp` the level `INFO` and the time of its arrival. [`warnings`](Self::warnings)
    /// reports both, and a name that is not a reserved key.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::logging::{CapturedLogs, Logs};
    ///
    /// let captured = CapturedLogs::default();
    /// let logs = Logs::new().without("service").without("location").writer(captured.clone());
    /// assert_eq!(logs.warnings(), [] as [String; 0]);
    /// tracing::subscriber::with_default(logs.build(), || tracing::info!("short"));
    /// assert_eq!(captured.lines()[0].get("service"), None);
    /// assert_eq!(captured.lines()[0]["message"], "short");
    /// ```
    pub fn without(mut self, key: impl AsRef<str>) -> Self {
        self.warnings.extend(self.omitted.add(key.as_ref()));
        self
    }

    /// Sets the keys under which an error is logged: [`ErrorKeys::Chain`] by default.
    pub fn errors(mut self, keys: ErrorKeys) -> Self {
        self.errors = keys;
        self
    }

    /// Adds a key to every line. `null` is omitted.
    pub fn key(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.keys.put_json(key.into().into(), &json);
        self
    }

    /// Writes lines here instead of to standard output or error, each with one `write_all`.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.output = Output::writer(writer);
        self
    }

    /// Sets the clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(now));
        self
    }

    /// Returns a sentence for each error in the settings: an invalid variable, or a level whose lines Lambda drops.
    /// [`init`](Self::init) writes them as `WARN` lines.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.variables.warnings.clone();
        warnings.extend_from_slice(&self.warnings);
        if let (Some(aws), Some(own)) = (self.variables.aws_level, self.own_level())
            && own < aws
        {
            // The message of Powertools.
            warnings.push(format!(
                "Current log level ({own}) does not match AWS Lambda Advanced Logging Controls minimum log level ({aws}). \
                 This can lead to data loss, consider adjusting them."
            ));
        }
        warnings
    }

    fn own_level(&self) -> Option<Level> {
        self.level.or(self.variables.level).or(self.variables.rust_log.map(Level::from_filter))
    }

    /// Builds only the layer, for a `tracing_subscriber::Registry` with other layers. It filters for all of them.
    pub fn layer(mut self) -> SubscriberLayer {
        if matches!(self.output, Output::Stdout) && !env::is_on_lambda() {
            self.output = Output::Stderr;
        }
        let variables = &self.variables;
        let level = variables.aws_level.or_else(|| self.own_level()).unwrap_or(Level::Info);
        let mut directives = variables.directives.clone();
        if let Some(aws) = variables.aws_level {
            for (_, level) in &mut directives {
                *level = aws.filter().min(*level);
            }
        }
        let sample_rate = self.sample_rate.or(variables.sample_rate);
        // Lambda's level also excludes sampled lines.
        let may_sample =
            sample_rate.is_some_and(|rate| rate > 0.0) && variables.aws_level.is_none_or(|aws| aws <= Level::Debug);
        let service = self.service.as_ref().or(variables.service.as_ref()).map_or("service_undefined", String::as_str);
        let settings = Settings {
            filter: Filter::new(level, variables.aws_level, directives, may_sample),
            format: self.format.unwrap_or(variables.format),
            coloured: self.coloured && self.output.is_terminal(),
            sample_rate,
            log_event: self.log_event.unwrap_or(variables.log_event),
            errors: self.errors,
            omitted: self.omitted,
            keys: self.keys,
            clock: self.clock,
            output: self.output,
        };
        SubscriberLayer::new(LineWriter::new(settings, service))
    }

    /// Builds the subscriber, for [`tracing::subscriber::with_default`] and similar functions.
    pub fn build(self) -> impl Subscriber + Send + Sync + 'static {
        let (subscriber, _) = subscriber(self.layer());
        subscriber
    }

    /// Installs the subscriber of the process, and a panic hook that logs a panic as one line. Returns `false`, and
    /// changes nothing, if the process has a subscriber.
    pub fn init(self) -> bool {
        let warnings = self.warnings();
        let (subscriber, writer) = subscriber(self.layer());
        if tracing::subscriber::set_global_default(subscriber).is_err() {
            return false;
        }
        for warning in warnings {
            writer.warn::<Registry>(None, &warning);
        }
        panic_hook::install(writer);
        true
    }
}

/// Builds the subscriber with its writer, and with a slot for spans.
fn subscriber(layer: SubscriberLayer) -> (impl Subscriber + Send + Sync + 'static, Arc<LineWriter>) {
    let writer = layer.shared_writer();
    let registry = Registry::default();
    #[cfg(feature = "otel")]
    let (registry, layer) = {
        use super::{current::set_trace_id, filter::is_application};
        let bridge = crate::observe::traces::LogBridge { is_application, set_trace_id };
        let (layer, traces) = layer.with_traces(bridge);
        (registry.with(traces), layer)
    };
    (registry.with(layer), writer)
}

impl Default for Logs {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("level", &self.level)
            .field("service", &self.service)
            .field("format", &self.format)
            .field("sample_rate", &self.sample_rate)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}
