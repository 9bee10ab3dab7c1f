//! The environment's variables, and how Pilaster reads their values: as text, booleans, seconds or numbers.
//!
//! Each reader takes a lookup, [`var`] or a test's. A variable that is not set, or blank, is `None`; one that is set
//! and cannot be used is an error whose sentence names the variable and does not repeat its value.

use std::env;
use std::str::FromStr;
#[cfg(feature = "_parameters")]
use std::time::Duration;

/// Looks up the value of one variable.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the value of a variable of the process; `None` if it is not set, blank, or not UTF-8.
pub(crate) fn var(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Returns whether a variable of the process is set, even to an empty value.
pub(crate) fn is_set(name: &str) -> bool {
    env::var_os(name).is_some()
}

/// Returns whether Lambda runs this process: it sets the address of the Runtime API.
pub(crate) fn is_on_lambda() -> bool {
    is_set("AWS_LAMBDA_RUNTIME_API")
}

/// Returns `true` in a local run, also under `cargo lambda watch`, which sets the address of its Runtime API with a
/// scheme. Lambda sets a host and a port.
#[cfg(any(feature = "clients", feature = "idempotency", feature = "rate-limit"))]
pub(crate) fn is_local_run(lookup: Lookup<'_>) -> bool {
    lookup("AWS_LAMBDA_RUNTIME_API").is_none_or(|address| address.starts_with("http://"))
}

/// Returns the table that a variable names; `None` in a local run without it.
///
/// # Errors
///
/// A sentence: the variable is not set on Lambda, or Pilaster was built without a client for the table.
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
pub(crate) fn table(variable: &str, table: Option<String>, is_local_run: bool) -> Result<Option<String>, String> {
    match table {
        Some(_) if !cfg!(feature = "dynamodb") => {
            Err(format!("{variable} names a DynamoDB table, which needs pilaster's feature `dynamodb`"))
        }
        None if !is_local_run => Err(format!("the environment variable {variable} is not set, or blank")),
        table => Ok(table),
    }
}

/// Returns the value of a variable that must be set, or the end of a sentence that begins with its name.
#[cfg(any(feature = "secrets", feature = "_parameters"))]
pub(crate) fn required(name: &str) -> Result<String, &'static str> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Err("is not set"),
        Err(env::VarError::NotUnicode(_)) => Err("is not UTF-8"),
    }
}

/// Reads a boolean by the words of Powertools
/// ([`strtobool`](https://github.com/aws-powertools/powertools-lambda-python/blob/develop/aws_lambda_powertools/shared/functions.py)).
pub(crate) fn boolean(lookup: Lookup<'_>, name: &str) -> Result<Option<bool>, String> {
    let Some(value) = given(lookup, name) else { return Ok(None) };
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "y" | "yes" | "t" | "true" | "on" => Ok(Some(true)),
        "0" | "n" | "no" | "f" | "false" | "off" => Ok(Some(false)),
        _ => Err(unusable(name, "`true` or `false`")),
    }
}

/// Reads a number of seconds, which may have a fraction; a negative one counts as zero.
#[cfg(feature = "_parameters")]
pub(crate) fn seconds(lookup: Lookup<'_>, name: &str) -> Result<Option<Duration>, String> {
    let Some(number) = parsed::<f64>(lookup, name, "a number of seconds")? else { return Ok(None) };
    let duration = (!number.is_nan()).then(|| Duration::try_from_secs_f64(number.max(0.0)).ok()).flatten();
    duration.map(Some).ok_or_else(|| unusable(name, "a number of seconds"))
}

/// Parses a value, without the spaces around it. `expected` ends the sentence of the error: "must be
/// …".
pub(crate) fn parsed<T: FromStr>(lookup: Lookup<'_>, name: &str, expected: &str) -> Result<Option<T>, String> {
    let Some(value) = given(lookup, name) else { return Ok(None) };
    value.trim().parse().map(Some).map_err(|_| unusable(name, expected))
}

/// Returns the value of an optional variable; one that cannot be used is logged and counts as not set.
pub(crate) fn or_warn<T>(value: Result<Option<T>, String>) -> Option<T> {
    value.unwrap_or_else(|sentence| {
        tracing::warn!("{sentence}; it is ignored");
        None
    })
}

/// Returns a value that is set and not blank.
pub(crate) fn given(lookup: Lookup<'_>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.trim().is_empty())
}

/// Returns the sentence about a value that cannot be used, without the value.
pub(crate) fn unusable(name: &str, expected: &str) -> String {
    format!("the environment variable {name} must be {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &'static str) -> impl Fn(&str) -> Option<String> {
        move |_| Some(value.to_owned())
    }

    #[test]
    fn a_boolean_is_read_as_powertools_reads_it() {
        for (value, read) in
            [("True", Some(true)), (" YES ", Some(true)), ("off", Some(false)), ("0", Some(false)), (" ", None)]
        {
            assert_eq!(boolean(&with(value), "V"), Ok(read), "{value:?}");
        }
        assert_eq!(boolean(&|_| None, "V"), Ok(None));
        assert_eq!(boolean(&with("hunter2"), "V"), Err("the environment variable V must be `true` or `false`".into()));
    }

    #[test]
    #[cfg(feature = "_parameters")]
    fn seconds_may_have_a_fraction() {
        for (value, read) in [("1.5", 1500), ("20", 20_000), ("-1", 0)] {
            assert_eq!(seconds(&with(value), "V"), Ok(Some(Duration::from_millis(read))), "{value:?}");
        }
        for value in ["soon", "NaN", "1e300"] {
            let sentence = "the environment variable V must be a number of seconds".to_owned();
            assert_eq!(seconds(&with(value), "V"), Err(sentence), "{value:?}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_parsed_is_a_sentence() {
        assert_eq!(parsed::<u16>(&with("2773 "), "PORT", "a port"), Ok(Some(2773)));
        let sentence = "the environment variable PORT must be a port".to_owned();
        assert_eq!(parsed::<u16>(&with("http"), "PORT", "a port"), Err(sentence));
    }
}
