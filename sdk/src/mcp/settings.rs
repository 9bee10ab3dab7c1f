//! [`Settings`]: what all clones of a server share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::listing::Listing;

/// What all clones of a server share.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) listing: Listing,
    /// The name and the version, as JSON.
    pub(super) info: Box<str>,
    pub(super) instructions: Option<String>,
    pub(super) page_size: usize,
    pub(super) ttl: Duration,
    pub(super) scope: CacheScope,
    pub(super) origins: Vec<String>,
    pub(super) margin: Option<Duration>,
    /// The capabilities of clients that tools need.
    pub(super) capabilities: HashMap<&'static str, Vec<String>>,
    #[cfg(feature = "jwt")]
    pub(super) scopes: HashMap<&'static str, Vec<String>>,
    /// The first mistake in the tools and the options, with which no request is served.
    pub(super) mistake: Option<Arc<str>>,
}

/// Who may share a cached list of tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheScope {
    /// The user who asked for it.
    #[default]
    Private,
    /// All users, also those of a gateway.
    Public,
}

impl CacheScope {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}
