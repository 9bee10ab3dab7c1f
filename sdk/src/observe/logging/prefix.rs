//! [`Prefix`]: the level, the location and the time of a line.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

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
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, (hour, minute, second)) = (now.date(), now.to_hms());
    let year = u32::try_from(date.year()).unwrap_or_default();
    // Formatting these by width took half of a line's time.
    for (number, digits, end) in [
        (year, 4, b'-'),
        (u32::from(u8::from(date.month())), 2, b'-'),
        (u32::from(date.day()), 2, b'T'),
        (u32::from(hour), 2, b':'),
        (u32::from(minute), 2, b':'),
        (u32::from(second), 2, b'.'),
        (since.subsec_millis(), 3, b'Z'),
    ] {
        for place in (0..digits).rev() {
            to.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
        }
        to.push(end);
    }
}
