//! An API that takes work on and says where its state is. `job`, `jobs` and `queue` are the core and know no HTTP; `app` is
//! the HTTP around it.

pub mod app;
pub mod job;
pub mod jobs;
pub mod queue;

pub use app::{api, app};
