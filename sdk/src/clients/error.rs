//! [`ClientError`]: a value that the registry could not make.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::graph::Named;
use crate::core::error::BoxError;

/// A value that a [`Clients`](super::Clients) registry could not make. It names the type; its source is the reason.
#[derive(Clone, Debug)]
pub struct ClientError {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    NotMade { what: Named, source: Arc<dyn StdError + Send + Sync> },
    NeedsItself(Vec<Named>),
}

impl ClientError {
    pub(super) fn not_made(what: Named, source: BoxError) -> Self {
        Self { kind: Kind::NotMade { what, source: Arc::from(source) } }
    }

    pub(super) fn needs_itself(circle: Vec<Named>) -> Self {
        Self { kind: Kind::NeedsItself(circle) }
    }

    /// Whether the type needs itself, over others or directly: a mistake in the program, which no retry helps.
    pub fn is_cycle(&self) -> bool {
        match &self.kind {
            Kind::NeedsItself(_) => true,
            Kind::NotMade { source, .. } => source.downcast_ref::<Self>().is_some_and(Self::is_cycle),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NotMade { what, .. } => write!(f, "could not make `{what}`"),
            Kind::NeedsItself(circle) => {
                f.write_str("these types need one another, so none can be made first: ")?;
                for (at, what) in circle.iter().enumerate() {
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
