//! What `#[idempotent]` calls. No public API.
