//! Conditions on the time, each in its own time zone: a time range within a day, a range of dates, days of the week.

use std::time::SystemTime;

use jiff::civil::{DateTime, Weekday};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// `{"START": "09:00", "END": "17:30", "TIMEZONE": "Europe/Berlin"}`; to the minute, both included. An end before the
/// start is on the next day, even within one hour: `23:30` to `23:00` excludes only half an hour, as in current
/// releases of Powertools; earlier releases never matched it.
#[derive(Clone, Debug)]
pub(super) struct Times {
    start: u16,
    end: u16,
    zone: TimeZone,
}

/// `{"START": "2026-12-01T00:00:00", "END": "2026-12-24T18:00:00", "TIMEZONE": "…"}`, inclusive.
#[derive(Clone, Debug)]
pub(super) struct DateTimes {
    start: DateTime,
    end: DateTime,
    zone: TimeZone,
}

/// `{"DAYS": ["MONDAY", "FRIDAY"], "TIMEZONE": "…"}`.
#[derive(Clone, Debug)]
pub(super) struct Days {
    days: Vec<Weekday>,
    zone: TimeZone,
}

impl Times {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let time = |name| {
            minute_of_day(text(value, name)?)
                .ok_or_else(|| format!("must have a `{name}` of the form `09:30` in its `value`"))
        };
        Ok(Self { start: time("START")?, end: time("END")?, zone: zone(value)? })
    }

    pub(super) fn contains(&self, now: SystemTime) -> bool {
        let Some(now) = within(&self.zone, now) else { return false };
        let now = now.hour().unsigned_abs() as u16 * 60 + now.minute().unsigned_abs() as u16;
        if self.end < self.start {
            now >= self.start || now <= self.end
        } else {
            (self.start..=self.end).contains(&now)
        }
    }
}

impl DateTimes {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let moment = |name| {
            let text = text(value, name)?;
            let form = || format!("must have a `{name}` of the form `2026-12-24T18:00:00` in its `value`");
            let pieces = Pieces::parse(text).map_err(|_| form())?;
            if pieces.offset().is_some() || pieces.time_zone_annotation().is_some() {
                return Err(format!("must have a `{name}` without a zone in its `value`: set the zone in `TIMEZONE`"));
            }
            text.parse::<DateTime>().map_err(|_| form())
        };
        Ok(Self { start: moment("START")?, end: moment("END")?, zone: zone(value)? })
    }

    /// Compares the local time, as Powertools does: the hour that occurs twice in autumn matches twice.
    pub(super) fn contains(&self, now: SystemTime) -> bool {
        within(&self.zone, now).is_some_and(|now| (self.start..=self.end).contains(&now.datetime()))
    }
}

impl Days {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let days = value.get("DAYS").and_then(Value::as_array).ok_or("must have a list `DAYS` in its `value`")?;
        let day = |day: &Value| {
            let named = match day.as_str() {
                Some("MONDAY") => Weekday::Monday,
                Some("TUESDAY") => Weekday::Tuesday,
                Some("WEDNESDAY") => Weekday::Wednesday,
                Some("THURSDAY") => Weekday::Thursday,
                Some("FRIDAY") => Weekday::Friday,
                Some("SATURDAY") => Weekday::Saturday,
                Some("SUNDAY") => Weekday::Sunday,
                _ => return Err("must have days such as `MONDAY` in its `DAYS`".to_owned()),
            };
            Ok(named)
        };
        Ok(Self { days: days.iter().map(day).collect::<Result<_, _>>()?, zone: zone(value)? })
    }

    pub(super) fn contains(&self, now: SystemTime) -> bool {
        within(&self.zone, now).is_some_and(|now| self.days.contains(&now.weekday()))
    }
}

fn within(zone: &TimeZone, now: SystemTime) -> Option<Zoned> {
    Some(Timestamp::try_from(now).ok()?.to_zoned(zone.clone()))
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, String> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| "must have the texts `START` and `END` in its `value`".to_owned())
}

/// Parses exactly `HH:MM` in 24-hour form.
fn minute_of_day(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    if ![h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |tens: &u8, ones: &u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
    let (hour, minute) = (number(h1, h2), number(m1, m2));
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Returns the zone with an IANA name, from the database in the binary, since a sandbox may lack one. The default is
/// UTC.
fn zone(value: &Value) -> Result<TimeZone, String> {
    match value.get("TIMEZONE") {
        None | Some(Value::Null) => Ok(TimeZone::UTC),
        Some(Value::String(name)) if name.is_empty() => Ok(TimeZone::UTC),
        Some(Value::String(name)) => {
            TimeZone::get(name).map_err(|_| "must have a `TIMEZONE` such as `Europe/Berlin` in its `value`".to_owned())
        }
        Some(_) => Err("must have a `TIMEZONE` that is a string in its `value`".to_owned()),
    }
}
