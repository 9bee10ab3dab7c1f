//! A service that keeps users: the core, which knows no HTTP, and the HTTP around it.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod store;
pub mod users;
