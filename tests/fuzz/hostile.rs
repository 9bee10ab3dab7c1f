//! Inputs that no source would send, or only an attacker would make it send.

mod every_kind;
mod http;
mod records;
