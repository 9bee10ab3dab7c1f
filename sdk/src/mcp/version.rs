//! [`Era`]: the revision of the protocol that a request speaks, by its header and its `_meta`.

use http::{HeaderMap, HeaderName};
use serde_json::json;

use super::error::RpcError;
use super::message::Meta;

/// The revision without a handshake.
pub(super) const MODERN: &str = "2026-07-28";

/// The revisions that begin with `initialize`, the newest first.
pub(super) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// The revision of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    Modern,
    /// One of [`LEGACY`].
    Legacy(&'static str),
}

impl Era {
    pub(super) fn is_legacy(self) -> bool {
        self != Self::Modern
    }

    /// Returns the version.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Modern => MODERN,
            Self::Legacy(version) => version,
        }
    }

    /// Returns the revision of a request.
    ///
    /// # Errors
    ///
    /// The header and `_meta` differ, the version is unknown, or `_meta` is incomplete.
    pub(super) fn of(headers: &HeaderMap, meta: &Meta<'_>) -> Result<Self, RpcError> {
        let header = match single(headers, &PROTOCOL_VERSION) {
            Some(Ok(header)) => Some(header),
            Some(Err(Malformed)) => {
                return Err(RpcError::header_mismatch("the header MCP-Protocol-Version is not valid"));
            }
            None => None,
        };
        let stated = meta.protocol_version()?;
        let version = match (header, stated.as_deref()) {
            // The revision 2025-03-26 has no header.
            (None, None) => return Ok(Self::Legacy(LEGACY[2])),
            (None, Some(_)) => return Err(RpcError::header_mismatch("the header MCP-Protocol-Version is missing")),
            (Some(header), Some(stated)) if header != stated => {
                let message = "the header MCP-Protocol-Version differs from `_meta`";
                return Err(RpcError::header_mismatch(message));
            }
            (Some(header), _) => header,
        };
        if let Some(legacy) = legacy(version) {
            return Ok(Self::Legacy(legacy));
        }
        if version != MODERN {
            return Err(RpcError::unsupported_version(version));
        }
        if stated.is_none() {
            let message = "`_meta` needs `io.modelcontextprotocol/protocolVersion`";
            return Err(RpcError::invalid_meta(message));
        }
        meta.check_capabilities()?;
        Ok(Self::Modern)
    }
}

/// Returns all versions, as JSON.
pub(super) fn versions() -> String {
    json!([MODERN, LEGACY[0], LEGACY[1], LEGACY[2]]).to_string()
}

/// Returns a version of [`LEGACY`].
pub(super) fn legacy(version: &str) -> Option<&'static str> {
    LEGACY.into_iter().find(|legacy| *legacy == version)
}

/// A header that stands twice, or is not text.
#[derive(Debug)]
pub(super) struct Malformed;

/// Returns the value of a header without the spaces around it; `None` if there is none.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Result<&'h str, Malformed>> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(Malformed));
    }
    Some(value.to_str().map(|value| value.trim_matches([' ', '\t'])).map_err(|_| Malformed))
}
