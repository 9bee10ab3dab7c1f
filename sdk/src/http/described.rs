//! What extractors and responses say in the OpenAPI document, and the routes of documented handlers.

mod holders;
mod request_parts;
mod response_parts;
mod routes;

pub use self::routes::{Routes, add_route, with_operation};
