//! MCP servers: tools for the clients of the [Model Context Protocol](https://modelcontextprotocol.io), over HTTP.
//!
//! [`Server`] is a tower service of HTTP requests: a function of its own by
//! [`http::service`](crate::http::service), or a route of an `axum::Router`. It keeps nothing between two requests, so any
//! sandbox answers any of them. One endpoint serves the revision 2026-07-28, which has no handshake, and clients of
//! 2025-11-25, 2025-06-18 and 2025-03-26, which begin with `initialize`.
//!
//! | the request | HTTP | JSON-RPC |
//! |---|---|---|
//! | `server/discover`, `tools/list`, `tools/call`; of older clients also `initialize` and `ping` | 200 | a result |
//! | a tool that fails, panics or is late; arguments that do not fit; an answer that Lambda cannot deliver | 200 | a result with `isError: true` |
//! | an unknown tool or cursor, a parameter that is missing | 200 | -32602 |
//! | the list of tools is too large for Lambda or the load balancer | 200 | -32603 |
//! | an unknown method | 404, of older clients 200 | -32601 |
//! | the body is not JSON · not one JSON-RPC message | 400 | -32700 · -32600 |
//! | `_meta` lacks the version or the capabilities of the client | 400 | -32602 |
//! | `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` or an `Mcp-Param-*` is missing, which only clients of 2026-07-28 must send, or unlike the body | 400 | -32020 |
//! | an unknown version | 400 | -32022 |
//! | the client lacks a capability that a tool needs | 400 | -32021 |
//! | a notification, a response | 202 | no body |
//! | another method than POST · `Accept` without JSON and event streams · another `Content-Type` · too large · an `Origin` that is not allowed | 405 · 406 · 415 · 413 · 403 | -32600, with the id `null` |
//!
//! The requests of the last row are refused before their body, which has the id, is read to its end. For a client of 2025-03-26, whose
//! revision has no block `resource_link`, a link of [`Content`](crate::tools::Content) is a block of text.
//!
//! Answers are JSON, never event streams. So there is no progress, and a request is cancelled by closing the connection,
//! which only a local run and a plain server of axum see: on Lambda the tool runs to its end or the deadline.

mod adapter;
mod encode;
mod era;
mod error;
mod header;
mod limited;
mod listing;
mod message;
mod methods;
mod mirrored;
mod response;
mod revision;
#[cfg(feature = "jwt")]
mod scopes;
mod server;
mod settings;
#[cfg(test)]
mod tests;

pub use self::server::Server;
pub use self::settings::CacheScope;
