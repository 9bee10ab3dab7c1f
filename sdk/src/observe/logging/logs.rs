//! [`Logs`]: what the lines look like, which are written, and where to.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use super::errors::ErrorKeys;
use super::fields::Fields;
use super::filter::{Filter, directives};
use super::level::Level;
use super::line::{Clock, Core, Output};
use super::lines::Lines;
use super::own_keys::{LeftOut, Own};
use super::panic;
use crate::core::env;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A JSON object on one line.
    #[default]
    Json,
    /// The same over several lines, indented by 4.
    IndentedJson,
    /// Time, level, place, message and `key=value` pairs, on one line.
    Text,
}

/// What the lines look like, which are written, and where to. See the [module docs](super) for the variables that
/// [`from_env`](Self::from_env) reads.
///
/// # Example
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use pilaster::observe::logging::{Captured, Level, Logs};
///
/// let captured = Captured::default();
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
    format: Option<Format>,
    sample_rate: Option<f64>,
    log_event: Option<bool>,
    errors: ErrorKeys,
    left_out: LeftOut,
    complaints: Vec<String>,
    keys: Fields,
    clock: Clock,
    output: Output,
    coloured: bool,
}

/// What the environment says.
#[derive(Clone, Debug, Default)]
struct Variables {
    aws_level: Option<Level>,
    level: Option<Level>,
    rust_log: Option<LevelFilter>,
    directives: Vec<(String, LevelFilter)>,
    service: Option<String>,
    format: Format,
    sample_rate: Option<f64>,
    log_event: bool,
    complaints: Vec<String>,
}

impl Variables {
    fn read(var: impl Fn(&str) -> Option<String>) -> Self {
        let mut complaints = Vec::new();
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let aws_level = parsed(&mut complaints, "AWS_LAMBDA_LOG_LEVEL", &var);
        let level = parsed(&mut complaints, "POWERTOOLS_LOG_LEVEL", &var)
            .or_else(|| parsed(&mut complaints, "LOG_LEVEL", &var));
        let (rust_log, directives, unread) = directives(&var("RUST_LOG").unwrap_or_default());
        complaints.extend(unread);
        let on_lambda = var("AWS_LAMBDA_RUNTIME_API").is_some();
        let format = match parsed(&mut complaints, "AWS_LAMBDA_LOG_FORMAT", &var) {
            Some(LambdaFormat(format)) => format,
            None if on_lambda => Format::Json,
            None => Format::Text,
        };
        let is_on = |complaints: &mut Vec<String>, name| {
            env::boolean(&var, name).map_err(|sentence| complaints.push(sentence)).is_ok_and(|on| on == Some(true))
        };
        Self {
            format: if is_on(&mut complaints, "POWERTOOLS_DEV") { Format::IndentedJson } else { format },
            log_event: is_on(&mut complaints, "POWERTOOLS_LOGGER_LOG_EVENT"),
            sample_rate: parsed(&mut complaints, "POWERTOOLS_LOGGER_SAMPLE_RATE", &var).map(|Share(rate)| rate),
            service: var("POWERTOOLS_SERVICE_NAME"),
            aws_level,
            level,
            rust_log,
            directives,
            complaints,
        }
    }
}

/// A variable's value; one that cannot be read is a complaint and counts as not set.
fn parsed<T: FromStr<Err: fmt::Display>>(
    complaints: &mut Vec<String>,
    name: &str,
    var: &impl Fn(&str) -> Option<String>,
) -> Option<T> {
    var(name)?.parse().map_err(|error| complaints.push(format!("{name}: {error}"))).ok()
}

struct LambdaFormat(Format);

impl FromStr for LambdaFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            name if name.eq_ignore_ascii_case("json") => Ok(Self(Format::Json)),
            name if name.eq_ignore_ascii_case("text") => Ok(Self(Format::Text)),
            other => Err(format!("{other:?} is no log format: write JSON or Text")),
        }
    }
}

struct Share(f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self(rate)),
            _ => Err(format!("{text:?} is no sample rate: write a number from 0 to 1")),
        }
    }
}

impl Logs {
    /// JSON lines from `INFO` on to standard output; no variable is read.
    pub fn new() -> Self {
        Self {
            level: None,
            variables: Variables::default(),
            service: None,
            format: None,
            sample_rate: None,
            log_event: None,
            errors: ErrorKeys::default(),
            left_out: LeftOut::default(),
            complaints: Vec::new(),
            keys: Fields::default(),
            clock: None,
            output: Output::Stdout,
            coloured: false,
        }
    }

    /// As the process's environment says.
    pub fn from_env() -> Self {
        Self::from_vars(env::var)
    }

    /// As `var` says, which is asked for one variable's value. For tests, and for settings that are not in the environment.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let coloured = var("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { variables: Variables::read(var), coloured, ..Self::new() }
    }

    /// The least serious level that is written. It beats `POWERTOOLS_LOG_LEVEL` and `RUST_LOG`'s default, never
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// The `service` key. Without it `POWERTOOLS_SERVICE_NAME`, then `service_undefined`.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// How a line looks, whatever `AWS_LAMBDA_LOG_FORMAT` and `POWERTOOLS_DEV` say.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The share of invocations, from 0 to 1, that are logged at `DEBUG`. The rate stands in each line as `sampling_rate`.
    /// A rate outside of 0 to 1 counts as the nearer of the two.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        self.sample_rate = Some(if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1.0) });
        self
    }

    /// Whether [`LoggingLayer`](super::LoggingLayer) logs each event that comes in, under `event`. Events can hold what should
    /// not be in a log.
    pub fn log_event(mut self, log_event: bool) -> Self {
        self.log_event = Some(log_event);
        self
    }

    /// Whether each JSON line says where it was written, as `location`: yes, unless set.
    pub fn location(mut self, location: bool) -> Self {
        self.left_out.set(Own::Location, !location);
        self
    }

    /// Leaves out one of the line's own keys, such as `function_arn`, in each line. `level` and `message` stay. Without `timestamp`
    /// Lambda files a line at `INFO` and at the time of its arrival. [`warnings`](Self::warnings) tells of both, and of a name that
    /// is none of an own key.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::logging::{Captured, Logs};
    ///
    /// let captured = Captured::default();
    /// let logs = Logs::new().without("service").without("location").writer(captured.clone());
    /// assert_eq!(logs.warnings(), [] as [String; 0]);
    /// tracing::subscriber::with_default(logs.build(), || tracing::info!("short"));
    /// assert_eq!(captured.lines()[0].get("service"), None);
    /// assert_eq!(captured.lines()[0]["message"], "short");
    /// ```
    pub fn without(mut self, key: impl AsRef<str>) -> Self {
        self.complaints.extend(self.left_out.add(key.as_ref()));
        self
    }

    /// In which keys an error stands in a line: those of Pilaster, unless set. See [`ErrorKeys`].
    pub fn errors(mut self, keys: ErrorKeys) -> Self {
        self.errors = keys;
        self
    }

    /// A key that stands in every line. `null` is left out.
    pub fn key(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.keys.put_json(key.into().into(), &json);
        self
    }

    /// Where lines go instead of standard output: each comes in one `write_all`.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.output = Output::writer(writer);
        self
    }

    /// What time it is. For tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(now));
        self
    }

    /// What is wrong with the settings, a sentence each: a variable that cannot be read, a level that Lambda will not pass on.
    /// [`init`](Self::init) writes them as `WARN` lines.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.variables.complaints.clone();
        warnings.extend_from_slice(&self.complaints);
        if let (Some(aws), Some(own)) = (self.variables.aws_level, self.own_level())
            && own < aws
        {
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

    /// The layer alone, for a `tracing_subscriber::Registry` with other layers. It filters for all of them.
    pub fn layer(self) -> Lines {
        let variables = &self.variables;
        let level = variables.aws_level.or_else(|| self.own_level()).unwrap_or(Level::Info);
        let mut directives = variables.directives.clone();
        if let Some(aws) = variables.aws_level {
            for (_, level) in &mut directives {
                *level = aws.filter().min(*level);
            }
        }
        let sample_rate = self.sample_rate.or(variables.sample_rate);
        // Lambda's level wins over a sampled line as well.
        let may_sample =
            sample_rate.is_some_and(|rate| rate > 0.0) && variables.aws_level.is_none_or(|aws| aws <= Level::Debug);
        let service = self.service.as_ref().or(variables.service.as_ref()).map_or("service_undefined", String::as_str);
        let format = self.format.unwrap_or(variables.format);
        Lines::new(Core::new(
            Filter::new(level, variables.aws_level, directives, may_sample),
            format,
            self.coloured && matches!(self.output, Output::Stdout) && std::io::stdout().is_terminal(),
            service,
            sample_rate,
            self.log_event.unwrap_or(variables.log_event),
            self.errors,
            self.left_out,
            self.keys,
            self.clock,
            self.output,
        ))
    }

    /// The subscriber, to be used with [`tracing::subscriber::with_default`] or one of its kin.
    pub fn build(self) -> impl Subscriber + Send + Sync + 'static {
        let (subscriber, _) = subscriber(self.layer());
        subscriber
    }

    /// Makes it the process's subscriber, and makes a panic one line of it. `false` if there is a subscriber already: then
    /// nothing is changed.
    pub fn init(self) -> bool {
        let warnings = self.warnings();
        let (subscriber, core) = subscriber(self.layer());
        if tracing::subscriber::set_global_default(subscriber).is_err() {
            return false;
        }
        for warning in warnings {
            core.warn::<Registry>(None, &warning);
        }
        panic::install(core);
        true
    }
}

/// The lines, and a place for spans beside them.
fn subscriber(lines: Lines) -> (impl Subscriber + Send + Sync + 'static, Arc<Core>) {
    let core = lines.core();
    let registry = Registry::default();
    #[cfg(feature = "otel")]
    let (registry, lines) = {
        let (lines, traces) = lines.with_traces();
        (registry.with(traces), lines)
    };
    (registry.with(lines), core)
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
