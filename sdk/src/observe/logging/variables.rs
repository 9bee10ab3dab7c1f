//! [`Variables`]: the log settings of the environment.

use std::fmt;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use super::filter::directives;
use super::format::LogFormat;
use super::level::Level;

/// The settings of the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    pub(super) aws_level: Option<Level>,
    pub(super) level: Option<Level>,
    pub(super) rust_log: Option<LevelFilter>,
    pub(super) directives: Vec<(String, LevelFilter)>,
    pub(super) service: Option<String>,
    pub(super) format: LogFormat,
    pub(super) sample_rate: Option<f64>,
    pub(super) log_event: bool,
    pub(super) warnings: Vec<String>,
}

impl Variables {
    /// Reads the variables by this function.
    pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> Self {
        let mut warnings = Vec::new();
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let aws_level = parsed(&mut warnings, "AWS_LAMBDA_LOG_LEVEL", &var);
        let level =
            parsed(&mut warnings, "POWERTOOLS_LOG_LEVEL", &var).or_else(|| parsed(&mut warnings, "LOG_LEVEL", &var));
        let (rust_log, directives, unread) = directives(&var("RUST_LOG").unwrap_or_default());
        warnings.extend(unread);
        let on_lambda = var("AWS_LAMBDA_RUNTIME_API").is_some();
        let format = match parsed(&mut warnings, "AWS_LAMBDA_LOG_FORMAT", &var) {
            Some(LambdaFormat(format)) => format,
            None if on_lambda => LogFormat::Json,
            None => LogFormat::Text,
        };
        let is_on = |warnings: &mut Vec<String>, name| parsed(warnings, name, &var).is_some_and(|Switch(is_on)| is_on);
        Self {
            format: if is_on(&mut warnings, "POWERTOOLS_DEV") { LogFormat::IndentedJson } else { format },
            log_event: is_on(&mut warnings, "POWERTOOLS_LOGGER_LOG_EVENT"),
            sample_rate: parsed(&mut warnings, "POWERTOOLS_LOGGER_SAMPLE_RATE", &var).map(|Share(rate)| rate),
            service: var("POWERTOOLS_SERVICE_NAME"),
            aws_level,
            level,
            rust_log,
            directives,
            warnings,
        }
    }
}

/// Returns the value of a variable. An invalid value is a warning, and counts as not set.
fn parsed<T: FromStr<Err: fmt::Display>>(
    warnings: &mut Vec<String>,
    name: &str,
    var: &impl Fn(&str) -> Option<String>,
) -> Option<T> {
    var(name)?.parse().map_err(|error| warnings.push(format!("{name}: {error}"))).ok()
}

struct LambdaFormat(LogFormat);

impl FromStr for LambdaFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            name if name.eq_ignore_ascii_case("json") => Ok(Self(LogFormat::Json)),
            name if name.eq_ignore_ascii_case("text") => Ok(Self(LogFormat::Text)),
            other => Err(format!("{other:?} is not a log format: write JSON or Text")),
        }
    }
}

/// A boolean as Powertools reads it.
struct Switch(bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "y" | "yes" | "t" | "true" | "on" => Ok(Self(true)),
            "0" | "n" | "no" | "f" | "false" | "off" => Ok(Self(false)),
            other => Err(format!("{other:?} is not a boolean: write true or false")),
        }
    }
}

struct Share(f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self(rate)),
            _ => Err(format!("{text:?} is not a sample rate: write a number from 0 to 1")),
        }
    }
}
