//! [`Filter`]: decides which callsites are logged, once per callsite, so that a disabled one costs a load and a branch.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Level as TracingLevel, Metadata};
use tracing_subscriber::filter::Targets;

use super::level::Level;

/// The target of invocation spans, which are active at every level, since each line needs their context.
pub(super) const INVOCATION: &str = "pilaster::invocation";
/// The target of [`emit`](super::emit).
pub(super) const EMIT: &str = "pilaster::emit";
/// The target of its level `FATAL`, which `tracing` does not have.
pub(super) const FATAL: &str = "pilaster::fatal";

/// The panic hook of this process logs panics: other lines about them are then omitted.
pub(super) static PANICS_ARE_LOGGED: AtomicBool = AtomicBool::new(false);

/// The code that logged an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The function, or a crate that it uses.
    Function,
    /// [`emit`](super::emit), on behalf of the function.
    Emit,
    /// Another module of this crate, whose location is useless to the function's author.
    Sdk,
}

impl Origin {
    pub(super) fn of(target: &str) -> Self {
        match target.strip_prefix("pilaster::") {
            None => Self::Function,
            Some("emit" | "fatal") => Self::Emit,
            Some(_) => Self::Sdk,
        }
    }
}

/// Low-level crates that log about themselves: they are logged from `WARN` on, unless `RUST_LOG` names them, and so
/// are the crates of the AWS SDK (`aws_…`).
const DEPENDENCIES: [&str; 17] = [
    "axum",
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "lambda_http",
    "lambda_runtime",
    "lambda_runtime_api_client",
    "mio",
    "multer",
    "reqwest",
    "rmcp",
    "rustls",
    "tokio",
    "tokio_util",
    "tower",
    "want",
];

/// The decision about a callsite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Written,
    /// Written in an invocation that is sampled, or that buffers such lines.
    PerInvocation,
    Dropped,
}

#[derive(Debug)]
pub(super) struct Filter {
    /// A [`Level`]'s number; `set_level` changes it.
    level: AtomicU8,
    /// `AWS_LAMBDA_LOG_LEVEL`, which cannot be changed.
    aws_level: Option<Level>,
    /// The directives of `RUST_LOG`: a target's prefix, and its level.
    directives: Vec<(String, LevelFilter)>,
    /// A sample rate is set.
    sampling: bool,
    /// The number of the highest level that an invocation may buffer; 0 for none.
    buffered: AtomicU8,
    /// A warning was logged that nothing can be buffered.
    warned: AtomicBool,
    /// A failed invocation was logged by [`LoggingLayer`](super::LoggingLayer): the runtime's lines about it are then
    /// omitted.
    failures_are_logged: AtomicBool,
}

impl Filter {
    pub(super) fn new(
        level: Level,
        aws_level: Option<Level>,
        directives: Vec<(String, LevelFilter)>,
        sampling: bool,
    ) -> Self {
        Self {
            level: AtomicU8::new(level as u8),
            aws_level,
            directives,
            sampling,
            buffered: AtomicU8::new(0),
            warned: AtomicBool::new(false),
            failures_are_logged: AtomicBool::new(false),
        }
    }

    fn level(&self) -> Level {
        Level::numbered(self.level.load(Ordering::Relaxed))
    }

    /// Changes the level, unless Lambda sets it. Returns `true` if callsites must be decided again.
    #[must_use]
    pub(super) fn set_level(&self, level: Level) -> bool {
        self.aws_level.is_none() && self.level.swap(level as u8, Ordering::Relaxed) != level as u8
    }

    /// Allows invocations to buffer lines up to this level. Returns `true` if callsites must be decided again.
    #[must_use]
    pub(super) fn buffer(&self, level: Level) -> bool {
        self.buffered.fetch_max(level as u8, Ordering::Relaxed) < level as u8
    }

    /// Returns, once, the `AWS_LAMBDA_LOG_LEVEL` that would drop all lines buffered up to this level.
    pub(super) fn drops_all(&self, level: Level) -> Option<Level> {
        self.aws_level.filter(|aws| level < *aws && !self.warned.swap(true, Ordering::Relaxed))
    }

    /// Returns `true` if a line of [`Decision::PerInvocation`] is written in an invocation that is `sampled`, or that
    /// buffers lines up to the level `buffered`.
    pub(super) fn is_made(&self, level: TracingLevel, sampled: bool, buffered: Option<Level>) -> bool {
        let is_sampled = sampled && self.sampling && level <= TracingLevel::DEBUG;
        is_sampled || buffered.is_some_and(|most| Level::from(level) <= most && self.may_be_buffered(level))
    }

    fn may_be_buffered(&self, level: TracingLevel) -> bool {
        let level = Level::from(level);
        // Lambda would drop it. TRACE lines are buffered only if the level includes them.
        level >= Level::Debug
            && level as u8 <= self.buffered.load(Ordering::Relaxed)
            && self.aws_level.is_none_or(|aws| level >= aws)
    }

    pub(super) fn decide(&self, metadata: &Metadata<'_>) -> Decision {
        let level = *metadata.level();
        match metadata.target() {
            INVOCATION if metadata.is_span() => return Decision::Written,
            FATAL => return Decision::Written,
            _ => {}
        }
        let (limit, is_scoped) = self.limit(metadata.target());
        // A span is context: an ERROR line keeps the fields of the INFO spans around it at any level.
        let limit = match metadata.is_span() && !is_scoped {
            true => limit.max(LevelFilter::INFO),
            false => limit,
        };
        if level <= limit {
            Decision::Written
        } else if !is_scoped && (self.sampling && level <= TracingLevel::DEBUG || self.may_be_buffered(level)) {
            Decision::PerInvocation
        } else {
            Decision::Dropped
        }
    }

    /// Returns the level of a target, and `true` if the target has a separate level: from `RUST_LOG`, or as a low-level
    /// crate.
    fn limit(&self, target: &str) -> (LevelFilter, bool) {
        let directive = self
            .directives
            .iter()
            .filter(|(beginning, _)| target.starts_with(beginning.as_str()))
            .max_by_key(|(beginning, _)| beginning.len());
        if let Some((_, level)) = directive {
            return (*level, true);
        }
        let name = target.split("::").next().unwrap_or(target);
        match name.starts_with("aws_") || DEPENDENCIES.contains(&name) {
            true => (self.level().filter().min(LevelFilter::WARN), true),
            false => (self.level().filter(), false),
        }
    }

    /// Returns the most verbose level of all callsites.
    pub(super) fn max_level(&self) -> LevelFilter {
        let buffers = self.buffered.load(Ordering::Relaxed) > 0;
        let below = if self.sampling || buffers { LevelFilter::DEBUG } else { LevelFilter::INFO };
        self.directives.iter().map(|(_, level)| *level).fold(self.level().filter().max(below), Ord::max)
    }

    /// Records that [`LoggingLayer`](super::LoggingLayer) logs failed invocations.
    pub(super) fn failure_is_logged(&self) {
        self.failures_are_logged.store(true, Ordering::Relaxed);
    }

    /// Returns `true` for a line of the runtime about a failure or a panic that [`LoggingLayer`](super::LoggingLayer)
    /// or the panic hook has logged.
    pub(super) fn is_repetition(&self, metadata: &Metadata<'_>) -> bool {
        if *metadata.level() != TracingLevel::ERROR || metadata.target() != "lambda_runtime::layers::panic" {
            return false;
        }
        match metadata.fields().field("error") {
            Some(_) => PANICS_ARE_LOGGED.load(Ordering::Relaxed),
            None => self.failures_are_logged.load(Ordering::Relaxed),
        }
    }
}

/// Returns `true` for a span of the application, but not for one of a low-level crate or of the logs.
#[cfg(feature = "otel")]
pub(super) fn is_application(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let name = target.split("::").next().unwrap_or(target);
    *metadata.level() <= TracingLevel::INFO && target != INVOCATION && !DEPENDENCIES.contains(&name)
}

/// Reads `RUST_LOG`: the level without a target, the levels of targets, and a warning for each part that is not a
/// directive.
pub(super) fn directives(text: &str) -> (Option<LevelFilter>, Vec<(String, LevelFilter)>, Vec<String>) {
    let (mut default, mut directives, mut warnings) = (None, Vec::new(), Vec::new());
    for (number, part) in (1..).zip(text.split(',').map(str::trim)).filter(|(_, part)| !part.is_empty()) {
        match part.parse::<Targets>() {
            Ok(targets) => {
                default = targets.default_level().or(default);
                directives.extend(targets.iter().map(|(target, level)| (target.to_owned(), level)));
            }
            Err(_) => warnings.push(format!(
                "part {number} of the environment variable RUST_LOG is ignored: write a level, or a module path and a level, as in \"my_function::store=debug\""
            )),
        }
    }
    (default, directives, warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(level: Level, rust_log: &str) -> Filter {
        Filter::new(level, None, directives(rust_log).1, false)
    }

    #[test]
    fn dependencies_are_logged_from_warn_on_unless_they_are_named() {
        let limit = |filter: &Filter, target| filter.limit(target).0;
        let plain = filter(Level::Debug, "");
        assert_eq!(limit(&plain, "my_function::store"), LevelFilter::DEBUG);
        assert_eq!(limit(&plain, "hyperspace"), LevelFilter::DEBUG, "a crate whose name only begins like one");
        for target in [
            "hyper::client",
            "h2",
            "rmcp::service",
            "rustls::conn",
            "aws_smithy_runtime::client",
            "lambda_runtime::layers",
        ] {
            assert_eq!(limit(&plain, target), LevelFilter::WARN, "{target}");
        }
        assert_eq!(limit(&filter(Level::Error, ""), "hyper"), LevelFilter::ERROR);
        let named = filter(Level::Info, "hyper=debug,hyper::client=trace");
        assert_eq!(limit(&named, "hyper::server"), LevelFilter::DEBUG);
        assert_eq!(limit(&named, "hyper::client::pool"), LevelFilter::TRACE);
        assert_eq!(named.max_level(), LevelFilter::TRACE);
    }

    #[test]
    fn an_invalid_part_of_rust_log_leaves_the_others_in_place() {
        let (default, directives, warnings) = directives("warn, a=loud,b=trace");
        assert_eq!(default, Some(LevelFilter::WARN));
        assert_eq!(directives, [("b".to_owned(), LevelFilter::TRACE)]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("part 2 of") && !warnings[0].contains("loud"), "{warnings:?}");
    }
}
