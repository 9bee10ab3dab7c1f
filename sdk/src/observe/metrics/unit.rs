//! [`Unit`]: the units of CloudWatch.

use std::fmt;
use std::str::FromStr;

use super::error::shown;

/// A unit, by the names of CloudWatch's
/// [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
///
/// CloudWatch does not convert between them: it keeps a separate series for each unit.
///
/// # Example
///
/// ```
/// use pilaster::observe::metrics::Unit;
///
/// assert_eq!(Unit::BytesPerSecond.as_str(), "Bytes/Second");
/// assert_eq!("Bytes/Second".parse(), Ok(Unit::BytesPerSecond));
/// assert_eq!("BytesPerSecond".parse(), Ok(Unit::BytesPerSecond), "the names of Powertools are accepted, too");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names describe the units")]
#[non_exhaustive]
pub enum Unit {
    Seconds,
    Microseconds,
    Milliseconds,
    Bytes,
    Kilobytes,
    Megabytes,
    Gigabytes,
    Terabytes,
    Bits,
    Kilobits,
    Megabits,
    Gigabits,
    Terabits,
    Percent,
    Count,
    BytesPerSecond,
    KilobytesPerSecond,
    MegabytesPerSecond,
    GigabytesPerSecond,
    TerabytesPerSecond,
    BitsPerSecond,
    KilobitsPerSecond,
    MegabitsPerSecond,
    GigabitsPerSecond,
    TerabitsPerSecond,
    CountPerSecond,
    #[default]
    None,
}

impl Unit {
    const ALL: [Self; 27] = [
        Self::Seconds,
        Self::Microseconds,
        Self::Milliseconds,
        Self::Bytes,
        Self::Kilobytes,
        Self::Megabytes,
        Self::Gigabytes,
        Self::Terabytes,
        Self::Bits,
        Self::Kilobits,
        Self::Megabits,
        Self::Gigabits,
        Self::Terabits,
        Self::Percent,
        Self::Count,
        Self::BytesPerSecond,
        Self::KilobytesPerSecond,
        Self::MegabytesPerSecond,
        Self::GigabytesPerSecond,
        Self::TerabytesPerSecond,
        Self::BitsPerSecond,
        Self::KilobitsPerSecond,
        Self::MegabitsPerSecond,
        Self::GigabitsPerSecond,
        Self::TerabitsPerSecond,
        Self::CountPerSecond,
        Self::None,
    ];

    /// Returns the name in a blob.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "Seconds",
            Self::Microseconds => "Microseconds",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
            Self::Kilobytes => "Kilobytes",
            Self::Megabytes => "Megabytes",
            Self::Gigabytes => "Gigabytes",
            Self::Terabytes => "Terabytes",
            Self::Bits => "Bits",
            Self::Kilobits => "Kilobits",
            Self::Megabits => "Megabits",
            Self::Gigabits => "Gigabits",
            Self::Terabits => "Terabits",
            Self::Percent => "Percent",
            Self::Count => "Count",
            Self::BytesPerSecond => "Bytes/Second",
            Self::KilobytesPerSecond => "Kilobytes/Second",
            Self::MegabytesPerSecond => "Megabytes/Second",
            Self::GigabytesPerSecond => "Gigabytes/Second",
            Self::TerabytesPerSecond => "Terabytes/Second",
            Self::BitsPerSecond => "Bits/Second",
            Self::KilobitsPerSecond => "Kilobits/Second",
            Self::MegabitsPerSecond => "Megabits/Second",
            Self::GigabitsPerSecond => "Gigabits/Second",
            Self::TerabitsPerSecond => "Terabits/Second",
            Self::CountPerSecond => "Count/Second",
            Self::None => "None",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(text: &str) -> Result<Self, UnknownUnit> {
        if text == "NoUnit" {
            return Ok(Self::None);
        }
        let rate = text.strip_suffix("PerSecond").map(|amount| format!("{amount}/Second"));
        let name = rate.as_deref().unwrap_or(text);
        Self::ALL.into_iter().find(|unit| unit.as_str() == name).ok_or_else(|| UnknownUnit(shown(text)))
    }
}

/// A text that is not the name of a [`Unit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownUnit(String);

impl fmt::Display for UnknownUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a unit of CloudWatch: write one of", self.0)?;
        Unit::ALL
            .iter()
            .enumerate()
            .try_for_each(|(index, unit)| write!(f, "{}{unit}", if index == 0 { " " } else { ", " }))
    }
}

impl std::error::Error for UnknownUnit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read_by_the_name_that_it_has_in_a_blob_and_by_its_own() {
        for unit in Unit::ALL {
            assert_eq!(unit.as_str().parse(), Ok(unit));
            if unit != Unit::None {
                assert_eq!(format!("{unit:?}").parse(), Ok(unit));
            }
        }
    }

    #[test]
    fn an_unknown_unit_is_reported_with_the_known_ones() {
        let error = "Nanoseconds".parse::<Unit>().unwrap_err().to_string();
        assert!(error.starts_with("\"Nanoseconds\" is not a unit of CloudWatch: write one of Seconds, "), "{error}");
    }
}
