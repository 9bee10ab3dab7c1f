//! What the log, the metrics, the spans and `Debug` tell of secrets: nothing.

mod canary;
mod events;
mod find;
mod redaction;
