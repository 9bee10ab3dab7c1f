//! A built function behind a Runtime API of the test's own: for long, and under faults.

mod api;
mod faults;
mod soak;
