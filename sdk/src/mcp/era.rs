//! [`Era`]: the revision of the protocol that a request speaks, by its header and its `_meta`.

use http::{HeaderMap, HeaderName};

use super::error::RpcError;
use super::header::{Malformed, single};
use super::message::Meta;
use super::revision::{LEGACY, MODERN, legacy};

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

    /// Returns `true` if the revision has the block `resource_link`, which came with 2025-06-18
    /// (<https://modelcontextprotocol.io/specification/2025-06-18/changelog>). It has all other blocks.
    pub(super) fn has_links(self) -> bool {
        // Revisions are dates, whose order is that of their texts.
        self.version() >= "2025-06-18"
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
