//! An asynchronous API that accepts jobs and returns the URL of their state. `job`, `jobs` and `queue` are the core and
//! independent of HTTP; `app` adds the routes.

pub mod app;
pub mod job;
pub mod jobs;
pub mod queue;

pub use app::{api, app};
