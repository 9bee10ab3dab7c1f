//! Checks of names and values against the limits of CloudWatch, with their sources.

use super::error::{Kind, MetricsError, shown};

/// The largest number of metrics in a blob, and of values of a metric in a blob
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
pub(super) const METRICS_PER_BLOB: usize = 100;
pub(super) const VALUES_PER_METRIC: usize = 100;

/// The largest number of dimensions of a metric
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>).
pub(super) const DIMENSIONS: usize = 30;

/// The largest log event, 256 KB, less the 26 bytes that CloudWatch Logs counts for each
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>).
pub(super) const BLOB_BYTES: usize = 256 * 1024 - 26;

/// The longest name of a metric and of a namespace, in characters
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
const NAME: usize = 255;

/// The longest name of a dimension, by the schema of the format (CloudWatch allows more), and its longest value.
const DIMENSION_NAME: usize = 250;
const DIMENSION_VALUE: usize = 1024;

/// CloudWatch's range of values, in powers of 2.
const RANGE: i32 = 360;

/// The member of a blob that the format reserves.
const RESERVED: &str = "_aws";

pub(super) fn name(name: &str) -> Result<(), MetricsError> {
    let error = |why: &str| {
        Err(MetricsError::new(Kind::Name, format!("{} is not a valid name of a metric: {why}", shown(name))))
    };
    match name {
        RESERVED => error("it is reserved"),
        _ if name.trim().is_empty() => error("it must not be empty"),
        // The length in bytes is the cheaper upper bound.
        _ if name.len() > NAME && name.chars().count() > NAME => error("it must have at most 255 characters"),
        _ if name.chars().any(char::is_control) => error("it must not have control characters"),
        _ => Ok(()),
    }
}

pub(super) fn value(name: &str, value: f64) -> Result<(), MetricsError> {
    // NaN is not in the range.
    match value.abs() <= 2_f64.powi(RANGE) {
        true => Ok(()),
        false => Err(MetricsError::new(
            Kind::Value,
            format!(
                "the metric {} cannot have the value {value}: a value must be a number from -2^360 to 2^360",
                shown(name)
            ),
        )),
    }
}

pub(super) fn dimension(name: &str, value: &str) -> Result<(), MetricsError> {
    let error = |why: &str| Err(MetricsError::new(Kind::Dimension, format!("the dimension {} {why}", shown(name))));
    let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control());
    if name == RESERVED {
        return error("has a reserved name");
    }
    if name.trim().is_empty() || name.len() > DIMENSION_NAME || !printable(name) || name.starts_with(':') {
        return error("must have a name of 1 to 250 printable ASCII characters, and must not start with a colon");
    }
    // A caller may choose the value, so it is not repeated.
    match value {
        _ if value.trim().is_empty() => error("must not have an empty value"),
        _ if value.len() > DIMENSION_VALUE => error("must have a value of at most 1,024 characters"),
        _ if !printable(value) => error("must have a value of printable ASCII characters"),
        _ => Ok(()),
    }
}

pub(super) fn metadata(key: &str) -> Result<(), MetricsError> {
    match key {
        RESERVED | "" => Err(MetricsError::new(Kind::Metadata, format!("metadata cannot have the key {}", shown(key)))),
        _ => Ok(()),
    }
}

pub(super) fn namespace(namespace: &str) -> Result<(), MetricsError> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || ".-_/#: ".contains(character);
    let is_valid = !namespace.trim().is_empty()
        && namespace.chars().all(is_allowed)
        && namespace.len() <= NAME
        && !namespace.starts_with(':');
    match is_valid {
        true => Ok(()),
        false => Err(MetricsError::new(
            Kind::Namespace,
            format!(
                "{} is not a namespace: it must have 1 to 255 letters, digits, spaces and .-_/#:, and must not start with a colon",
                shown(namespace)
            ),
        )),
    }
}

pub(super) fn too_many(count: usize) -> Result<(), MetricsError> {
    match count <= DIMENSIONS {
        true => Ok(()),
        false => Err(MetricsError::new(
            Kind::TooManyDimensions,
            format!("a metric can have at most {DIMENSIONS} dimensions, and this one would have {count}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_1_to_255_characters_without_control_characters() {
        assert_eq!(name("Orders placed / ünits"), Ok(()));
        assert_eq!(name(&"é".repeat(255)), Ok(()));
        for bad in ["", " ", "a\nb", "_aws", &"x".repeat(256)] {
            assert!(name(bad).is_err_and(|error| error.is_name()), "{bad:?}");
        }
    }

    #[test]
    fn values_are_numbers_in_cloudwatchs_range() {
        assert_eq!(value("m", -(2_f64.powi(360))), Ok(()));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2_f64.powi(361)] {
            assert!(value("m", bad).is_err_and(|error| error.is_value()), "{bad}");
        }
    }

    #[test]
    fn dimensions_are_printable_ascii_and_their_values_are_not_repeated_in_errors() {
        assert_eq!(dimension("env", "prod"), Ok(()));
        for (name, value) in [("", "v"), (":a", "v"), ("ä", "v"), ("a", " "), ("a", "é"), ("a", "b\n"), ("_aws", "v")]
        {
            assert!(dimension(name, value).is_err_and(|error| error.is_dimension()), "{name:?} {value:?}");
        }
        let error = dimension("a", &"secret".repeat(200)).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn namespaces_are_of_the_characters_that_cloudwatch_documents() {
        assert_eq!(namespace("Shop/Orders #1"), Ok(()));
        for bad in ["", " ", ":a", "a\"b", "ä", &"x".repeat(256)] {
            assert!(namespace(bad).is_err(), "{bad:?}");
        }
    }
}
