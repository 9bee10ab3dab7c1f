//! [`Variables`]: the log settings of the environment.

use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use super::filter::directives;
use super::format::LogFormat;
use super::level::Level;
use crate::core::env::{self, Lookup};

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
    /// A sentence for each invalid variable, which is ignored.
    pub(super) warnings: Vec<String>,
}

impl Variables {
    pub(super) fn read(lookup: Lookup<'_>) -> Self {
        const LEVELS: &str = "TRACE, DEBUG, INFO, WARN, ERROR or FATAL";
        let given = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let (rust_log, directives, mut warnings) = directives(&given("RUST_LOG").unwrap_or_default());
        let aws_level = valid(&mut warnings, env::parsed(lookup, "AWS_LAMBDA_LOG_LEVEL", LEVELS));
        let level = valid(&mut warnings, env::parsed(lookup, "POWERTOOLS_LOG_LEVEL", LEVELS))
            .or_else(|| valid(&mut warnings, env::parsed(lookup, "LOG_LEVEL", LEVELS)));
        let format = match valid(&mut warnings, env::parsed(lookup, "AWS_LAMBDA_LOG_FORMAT", "JSON or Text")) {
            Some(LambdaFormat(format)) => format,
            None if given("AWS_LAMBDA_RUNTIME_API").is_some() => LogFormat::Json,
            None => LogFormat::Text,
        };
        let mut is_on = |name| valid(&mut warnings, env::boolean(lookup, name)) == Some(true);
        let format = if is_on("POWERTOOLS_DEV") { LogFormat::IndentedJson } else { format };
        let log_event = is_on("POWERTOOLS_LOGGER_LOG_EVENT");
        let sample_rate = env::parsed(lookup, "POWERTOOLS_LOGGER_SAMPLE_RATE", "a number from 0 to 1");
        Self {
            aws_level,
            level,
            rust_log,
            directives,
            service: given("POWERTOOLS_SERVICE_NAME"),
            format,
            sample_rate: valid(&mut warnings, sample_rate).map(|Share(rate)| rate),
            log_event,
            warnings,
        }
    }
}

fn valid<T>(warnings: &mut Vec<String>, value: Result<Option<T>, String>) -> Option<T> {
    value.unwrap_or_else(|warning| {
        warnings.push(warning);
        None
    })
}

struct LambdaFormat(LogFormat);

impl FromStr for LambdaFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            name if name.eq_ignore_ascii_case("json") => Ok(Self(LogFormat::Json)),
            name if name.eq_ignore_ascii_case("text") => Ok(Self(LogFormat::Text)),
            _ => Err(()),
        }
    }
}

struct Share(f64);

impl FromStr for Share {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).map(Self).ok_or(())
    }
}
