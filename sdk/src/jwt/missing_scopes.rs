//! [`MissingScopes`]: the scopes that a token lacks, as an inner service found.

/// In the extensions of a 403: the scopes that the request needs. A layer of tokens adds the header
/// `WWW-Authenticate`, which also names the metadata of the resource.
#[derive(Clone, Debug)]
pub(crate) struct MissingScopes(pub(crate) Vec<String>);
