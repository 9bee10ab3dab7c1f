//! Where a line was written, and when.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

use super::fields::{write_json_of, write_str};
use super::level::Level;

/// An event, but for its message and fields.
pub(super) struct Head<'a> {
    pub(super) level: Level,
    pub(super) file: &'a str,
    pub(super) line: u32,
}

/// `src/store.rs:42`. A dependency's path starts at its crate: `hyper-1.8.1/src/client.rs:7`.
pub(super) fn write_place(to: &mut Vec<u8>, head: &Head<'_>) {
    write_str(to, shortened(head.file));
    to.pop();
    to.push(b':');
    write_json_of(to, head.line);
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

/// RFC 3339 in UTC with milliseconds. Lambda files a line without a valid `timestamp` as an `INFO` of its own time.
pub(super) fn write_timestamp(to: &mut Vec<u8>, now: SystemTime) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, (hour, minute, second)) = (now.date(), now.to_hms());
    let year = u32::try_from(date.year()).unwrap_or_default();
    // Digit by digit: half of a line's time went into formatting these by width.
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
