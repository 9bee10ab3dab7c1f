//! The log, the metrics, the spans and `Debug` never contain secrets.

mod canary;
mod events;
mod find;
mod redaction;
mod unshown;
