//! Which callsites are written: decided once per callsite, so that a disabled one costs a load and a branch.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Level as TracingLevel, Metadata};
use tracing_subscriber::filter::Targets;

use super::level::Level;

/// Spans of an invocation: open at every level, since each line needs their context.
pub(super) const INVOCATION: &str = "pilaster::invocation";
/// Events of [`emit`](super::emit).
pub(super) const EMIT: &str = "pilaster::emit";
/// Its events of level `FATAL`, which `tracing` does not have.
pub(super) const FATAL: &str = "pilaster::fatal";

/// Crates below a function whose own lines are about themselves: from `WARN` on only, unless `RUST_LOG` names them. The SDK's
/// crates (`aws_…`) are scoped in the same way.
const DEPENDENCIES: [&str; 16] = [
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
    "rustls",
    "tokio",
    "tokio_util",
    "tower",
    "want",
];

/// What happens at a callsite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Written,
    /// Only in an invocation that was chosen by the sample rate, or that holds such lines back.
    PerInvocation,
    Dropped,
}

#[derive(Debug)]
pub(super) struct Filter {
    /// A [`Level`]'s number; `set_level` changes it.
    level: AtomicU8,
    /// `AWS_LAMBDA_LOG_LEVEL`, which nothing changes.
    aws_level: Option<Level>,
    /// From `RUST_LOG`: a target's beginning, and its level.
    directives: Vec<(String, LevelFilter)>,
    /// Whether a sample rate is set.
    sampling: bool,
    /// The most serious level that an invocation may hold back, by its number; 0 for none.
    held: AtomicU8,
    /// It was told that nothing can be held back.
    told: AtomicBool,
}

impl Filter {
    pub(super) fn new(
        level: Level,
        aws_level: Option<Level>,
        directives: Vec<(String, LevelFilter)>,
        sampling: bool,
    ) -> Self {
        let (level, held, told) = (AtomicU8::new(level as u8), AtomicU8::new(0), AtomicBool::new(false));
        Self { level, aws_level, directives, sampling, held, told }
    }

    fn level(&self) -> Level {
        Level::numbered(self.level.load(Ordering::Relaxed))
    }

    /// Another level from now on, unless Lambda says one. Whether callsites are to be decided on anew.
    #[must_use]
    pub(super) fn set_level(&self, level: Level) -> bool {
        self.aws_level.is_none() && self.level.swap(level as u8, Ordering::Relaxed) != level as u8
    }

    /// Invocations may hold lines up to this level back. Whether callsites are to be decided on anew.
    #[must_use]
    pub(super) fn hold(&self, level: Level) -> bool {
        self.held.fetch_max(level as u8, Ordering::Relaxed) < level as u8
    }

    /// The `AWS_LAMBDA_LOG_LEVEL` that drops all that is held up to this level, once.
    pub(super) fn drops_all(&self, level: Level) -> Option<Level> {
        self.aws_level.filter(|aws| level < *aws && !self.told.swap(true, Ordering::Relaxed))
    }

    /// Whether a line below the level, of [`Verdict::PerInvocation`], is made in an invocation that is `sampled`, or that holds
    /// lines up to the level `held`.
    pub(super) fn is_made(&self, level: TracingLevel, sampled: bool, held: Option<Level>) -> bool {
        let is_sampled = sampled && self.sampling && level <= TracingLevel::DEBUG;
        is_sampled || held.is_some_and(|held| Level::from(level) <= held && self.may_be_held(level))
    }

    fn may_be_held(&self, level: TracingLevel) -> bool {
        let level = Level::from(level);
        // Lambda would drop it. What is finer than DEBUG is made in loops, and held only where the level admits it.
        level >= Level::Debug
            && level as u8 <= self.held.load(Ordering::Relaxed)
            && self.aws_level.is_none_or(|aws| level >= aws)
    }

    pub(super) fn verdict(&self, metadata: &Metadata<'_>) -> Verdict {
        let level = *metadata.level();
        match metadata.target() {
            INVOCATION if metadata.is_span() => return Verdict::Written,
            FATAL => return Verdict::Written,
            _ => {}
        }
        let (limit, is_scoped) = self.limit(metadata.target());
        // A span is context: an ERROR line keeps the fields of the INFO spans around it when the level is raised.
        let limit = match metadata.is_span() && !is_scoped {
            true => limit.max(LevelFilter::INFO),
            false => limit,
        };
        if level <= limit {
            Verdict::Written
        } else if !is_scoped && (self.sampling && level <= TracingLevel::DEBUG || self.may_be_held(level)) {
            Verdict::PerInvocation
        } else {
            Verdict::Dropped
        }
    }

    /// The level of a target, and whether it has a level of its own: named by `RUST_LOG`, or a crate below the function.
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

    /// The most verbose level of any callsite.
    pub(super) fn max_level(&self) -> LevelFilter {
        let may_be_held = self.held.load(Ordering::Relaxed) > 0;
        let below = if self.sampling || may_be_held { LevelFilter::DEBUG } else { LevelFilter::INFO };
        self.directives.iter().map(|(_, level)| *level).fold(self.level().filter().max(below), Ord::max)
    }
}

/// Whether a span is the application's own, and not one of a crate below it or of the logs.
#[cfg(feature = "otel")]
pub(super) fn is_application(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let name = target.split("::").next().unwrap_or(target);
    *metadata.level() <= TracingLevel::INFO && target != INVOCATION && !DEPENDENCIES.contains(&name)
}

/// Reads `RUST_LOG`: the level without a target, the levels with one, and a sentence for each part that is no directive.
pub(super) fn directives(text: &str) -> (Option<LevelFilter>, Vec<(String, LevelFilter)>, Vec<String>) {
    let (mut default, mut directives, mut complaints) = (None, Vec::new(), Vec::new());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<Targets>() {
            Ok(targets) => {
                default = targets.default_level().or(default);
                directives.extend(targets.iter().map(|(target, level)| (target.to_owned(), level)));
            }
            Err(_) => complaints.push(format!(
                "RUST_LOG: {part:?} is left out; write a level, or a module path with one, as in \"my_function::store=debug\""
            )),
        }
    }
    (default, directives, complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(level: Level, rust_log: &str) -> Filter {
        Filter::new(level, None, directives(rust_log).1, false)
    }

    #[test]
    fn dependencies_are_heard_from_warn_on_unless_they_are_named() {
        let limit = |filter: &Filter, target| filter.limit(target).0;
        let plain = filter(Level::Debug, "");
        assert_eq!(limit(&plain, "my_function::store"), LevelFilter::DEBUG);
        assert_eq!(limit(&plain, "hyperspace"), LevelFilter::DEBUG, "a crate whose name only begins like one");
        for target in ["hyper::client", "h2", "rustls::conn", "aws_smithy_runtime::client", "lambda_runtime::layers"] {
            assert_eq!(limit(&plain, target), LevelFilter::WARN, "{target}");
        }
        assert_eq!(limit(&filter(Level::Error, ""), "hyper"), LevelFilter::ERROR);
        let named = filter(Level::Info, "hyper=debug,hyper::client=trace");
        assert_eq!(limit(&named, "hyper::server"), LevelFilter::DEBUG);
        assert_eq!(limit(&named, "hyper::client::pool"), LevelFilter::TRACE);
        assert_eq!(named.max_level(), LevelFilter::TRACE);
    }

    #[test]
    fn a_part_of_rust_log_that_cannot_be_read_leaves_the_others_standing() {
        let (default, directives, complaints) = directives("warn, a=loud,b=trace");
        assert_eq!(default, Some(LevelFilter::WARN));
        assert_eq!(directives, [("b".to_owned(), LevelFilter::TRACE)]);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].contains("a=loud"), "{complaints:?}");
    }
}
