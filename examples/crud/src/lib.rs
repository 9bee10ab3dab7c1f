//! A service that manages users. `users` and `store` are independent of HTTP; the other modules add it.

#[cfg(feature = "aws")]
pub mod api_key;
pub mod app;
pub mod routes;
pub mod store;
pub mod users;

pub use app::{api, service};
