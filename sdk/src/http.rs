//! HTTP functions: the door, its extractors and responses, and the layers of its hall.

#[cfg(feature = "cors")]
pub mod cors;
#[cfg(feature = "security-headers")]
pub mod security_headers;
