//! [`Prefix`]: the level, the location and the time of a line.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::json::{write_str, write_value};
use super::level::Level;

/// The level and the location of an event.
pub(super) struct Prefix<'a> {
    pub(super) level: Level,
    /// Empty if the line has no location.
    pub(super) file: &'a str,
    pub(super) line: u32,
}

/// Writes `src/store.rs:42`. A dependency's path starts at its crate: `hyper-1.8.1/src/client.rs:7`.
pub(super) fn write_location(to: &mut Vec<u8>, prefix: &Prefix<'_>) {
    write_str(to, shortened(prefix.file));
    to.pop();
    to.push(b':');
    write_value(to, prefix.line);
    to.push(b'"');
}

pub(super) fn shortened(file: &str) -> &str {
    if !file.starts_with('/') {
        return file;
    }
    match file.rfind("/src/") {
        Some(src) => &file[file[..src].rfind('/').map_or(0, |slash| slash + 1)..],
        None => file,
    }
}

/// Writes RFC 3339, in UTC with milliseconds. Lambda gives a line without a valid `timestamp` the level `INFO` and its
/// own time.
pub(super) fn write_timestamp(to: &mut Vec<u8>, now: SystemTime) {
    // What is formatted is from 1970 to 9999; `Display` of another time panics, or fails.
    let now = now.clamp(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(253_402_300_799));
    let _ = write!(to, "{}", humantime::format_rfc3339_millis(now));
}
