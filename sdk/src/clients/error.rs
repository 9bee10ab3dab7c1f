//! [`ClientError`]: the registry could not create a value.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::cycle::TypeName;
use crate::core::error::{BoxError, as_error};

/// The error of a [`Clients`](super::Clients) registry that could not create a value. It names the type; its source is
/// the reason.
#[derive(Clone, Debug)]
pub struct ClientError {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    NotMade { what: TypeName, source: Arc<dyn StdError + Send + Sync> },
    NeedsItself(Vec<TypeName>),
}

impl ClientError {
    pub(super) fn not_made(what: TypeName, source: BoxError) -> Self {
        Self { kind: Kind::NotMade { what, source: Arc::from(source) } }
    }

    pub(super) fn needs_itself(cycle: Vec<TypeName>) -> Self {
        Self { kind: Kind::NeedsItself(cycle) }
    }

    /// Returns `true` if the type depends on itself, directly or indirectly. That is a bug in the program, so do not
    /// retry.
    pub fn is_cycle(&self) -> bool {
        match &self.kind {
            Kind::NeedsItself(_) => true,
            Kind::NotMade { source, .. } => as_error::<Self>(&**source).is_some_and(Self::is_cycle),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NotMade { what, .. } => write!(f, "could not create `{what}`"),
            Kind::NeedsItself(cycle) => {
                f.write_str("these types depend on each other, so none can be created first: ")?;
                for (at, what) in cycle.iter().enumerate() {
                    write!(f, "{}`{what}`", if at == 0 { "" } else { " -> " })?;
                }
                Ok(())
            }
        }
    }
}

impl StdError for ClientError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::NotMade { source, .. } => Some(&**source),
            Kind::NeedsItself(_) => None,
        }
    }
}
