//! A service that manages users. `users` and `store` are its core and independent of HTTP; the other modules add HTTP.

pub mod api_key;
pub mod app;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod routes;
pub mod settings;
pub mod store;
pub mod users;

pub use app::{api, app};
