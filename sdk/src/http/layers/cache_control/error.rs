//! [`CacheControlError`]: a value or a rule that caches would ignore.

use std::error::Error as StdError;
use std::fmt;

use super::directives::DIRECTIVES;

/// A mistake in a [`CacheControlLayer`](super::CacheControlLayer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheControlError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Directive { value: String, name: String },
    Seconds { value: String, name: &'static str },
    Argument { value: String, name: &'static str },
    Twice { value: String, name: &'static str },
    Contradiction { value: String, names: [&'static str; 2] },
    Route(String),
    Status(u16),
}

impl CacheControlError {
    pub(super) fn directive(value: &str, name: &str) -> Self {
        Self { kind: Kind::Directive { value: value.into(), name: name.into() } }
    }

    pub(super) fn seconds(value: &str, name: &'static str) -> Self {
        Self { kind: Kind::Seconds { value: value.into(), name } }
    }

    pub(super) fn argument(value: &str, name: &'static str) -> Self {
        Self { kind: Kind::Argument { value: value.into(), name } }
    }

    pub(super) fn twice(value: &str, name: &'static str) -> Self {
        Self { kind: Kind::Twice { value: value.into(), name } }
    }

    pub(super) fn contradiction(value: &str, names: [&'static str; 2]) -> Self {
        Self { kind: Kind::Contradiction { value: value.into(), names } }
    }

    pub(super) fn route(route: &str) -> Self {
        Self { kind: Kind::Route(route.into()) }
    }

    pub(super) fn status(status: u16) -> Self {
        Self { kind: Kind::Status(status) }
    }
}

impl fmt::Display for CacheControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cache control: ")?;
        match &self.kind {
            Kind::Directive { value, name } => {
                write!(f, "{name:?} in {value:?} is not a directive of a response: use ")?;
                let known: Vec<_> = DIRECTIVES.iter().map(|(name, _)| *name).collect();
                write!(f, "`{}`", known.join("`, `"))
            }
            Kind::Seconds { value, name } => {
                write!(f, "`{name}` in {value:?} needs a number of seconds, such as `{name}=60`")
            }
            Kind::Argument { value, name } => write!(f, "`{name}` in {value:?} takes no value"),
            Kind::Twice { value, name } => write!(f, "`{name}` occurs twice in {value:?}"),
            Kind::Contradiction { value, names: [one, other] } => {
                write!(f, "`{one}` contradicts `{other}` in {value:?}: remove one of them")
            }
            Kind::Route(route) => write!(
                f,
                "{route:?} is not a route: use a path such as `/users/{{id}}` or `/assets/{{path+}}`, without a method"
            ),
            Kind::Status(status) => write!(f, "`.status({status}, ..)` takes a status from 200 to 599"),
        }
    }
}

impl StdError for CacheControlError {}
