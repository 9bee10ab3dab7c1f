//! [`Level`]: the levels of Lambda's logging controls.

use std::fmt;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

/// The level of a line, with the names that
/// [Lambda's log-level filter](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html)
/// reads in a line's `level`.
///
/// As a setting, it is the minimum level that is written.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::Level;
///
/// assert_eq!("warning".parse(), Ok(Level::Warn), "the names of Powertools are accepted, too");
/// assert!(Level::Debug < Level::Error);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every step.
    Trace,
    /// For debugging.
    Debug,
    /// Normal operation.
    Info,
    /// An unexpected condition without a failure.
    Warn,
    /// A failure.
    Error,
    /// The process cannot continue. `tracing` has no such level: only [`emit`](super::emit) writes it.
    Fatal,
}

impl Level {
    /// Returns the name, in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// Returns the level with this number, the inverse of `as u8`.
    pub(super) fn numbered(number: u8) -> Self {
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error]
            .get(usize::from(number))
            .copied()
            .unwrap_or(Self::Fatal)
    }

    /// Returns the filter of `tracing`, which excludes all of its levels at `FATAL`.
    pub(super) const fn filter(self) -> LevelFilter {
        match self {
            Self::Trace => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
            Self::Fatal => LevelFilter::OFF,
        }
    }

    pub(super) fn from_filter(filter: LevelFilter) -> Self {
        filter.into_level().map_or(Self::Fatal, Self::from)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

/// A text that is not the name of a [`Level`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel(String);

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a log level: write TRACE, DEBUG, INFO, WARN, ERROR or FATAL", self.0)
    }
}

impl std::error::Error for UnknownLevel {}

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a name in any letter case; also `WARNING` and `CRITICAL`, the names of Powertools.
    ///
    /// # Errors
    ///
    /// If the text is not one of the names.
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        const NAMES: [(&str, Level); 8] = [
            ("TRACE", Level::Trace),
            ("DEBUG", Level::Debug),
            ("INFO", Level::Info),
            ("WARN", Level::Warn),
            ("WARNING", Level::Warn),
            ("ERROR", Level::Error),
            ("FATAL", Level::Fatal),
            ("CRITICAL", Level::Fatal),
        ];
        let name = text.trim();
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, level)| *level)
            .ok_or_else(|| UnknownLevel(name.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_reads_what_it_writes() {
        for level in [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal] {
            assert_eq!(level.to_string().to_lowercase().parse(), Ok(level));
        }
    }

    #[test]
    fn an_unknown_level_names_the_levels() {
        let message = "LOUD".parse::<Level>().unwrap_err().to_string();
        assert_eq!(message, "\"LOUD\" is not a log level: write TRACE, DEBUG, INFO, WARN, ERROR or FATAL");
    }
}
