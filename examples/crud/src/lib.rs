//! A service that keeps users. `users` and `store` are its core and know no HTTP; the other modules are the HTTP around it.

pub mod api_key;
pub mod app;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod routes;
pub mod settings;
pub mod store;
pub mod users;

pub use app::{api, app};
