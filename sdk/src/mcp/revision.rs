//! The revisions of the protocol that the server speaks.

use serde_json::json;

/// The revision without a handshake.
pub(super) const MODERN: &str = "2026-07-28";

/// The revisions that begin with `initialize`, the newest first.
pub(super) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// Returns all revisions, as JSON.
pub(super) fn all() -> String {
    json!([MODERN, LEGACY[0], LEGACY[1], LEGACY[2]]).to_string()
}

/// Returns a revision of [`LEGACY`].
pub(super) fn legacy(version: &str) -> Option<&'static str> {
    LEGACY.into_iter().find(|legacy| *legacy == version)
}
