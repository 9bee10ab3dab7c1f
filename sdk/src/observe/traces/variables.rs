//! The variables of OpenTelemetry whose values are names. An unknown one is ignored, with a warning
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#type-specific-guidance>).

use crate::core::env::{Lookup, given, unusable};

/// The names of the variables' values, with a sentence for each variable that is ignored as a whole or in part.
#[derive(Debug)]
pub(super) struct Names {
    /// `OTEL_SDK_DISABLED` or `OTEL_TRACES_EXPORTER` turns spans off.
    pub(super) disabled: bool,
    /// The headers that are accepted.
    pub(super) xray: bool,
    pub(super) w3c: bool,
    /// The address of the X-Ray daemon.
    pub(super) daemon: Option<String>,
    pub(super) warnings: Vec<String>,
}

impl Names {
    pub(super) fn read(lookup: Lookup<'_>) -> Self {
        let mut warnings = Vec::new();
        let is_off = is_sdk_disabled(lookup, &mut warnings);
        let exporters = ["otlp", "none"];
        let exporters = known(lookup, "OTEL_TRACES_EXPORTER", &exporters, "`otlp` or `none`", &mut warnings);
        let propagators = ["xray", "xray-lambda", "tracecontext", "baggage", "none"];
        let names = "names of `xray`, `xray-lambda`, `tracecontext`, `baggage` or `none`, separated by commas";
        let propagators = known(lookup, "OTEL_PROPAGATORS", &propagators, names, &mut warnings);
        let accepts = |names: &[&str]| propagators.is_empty() || propagators.iter().any(|name| names.contains(name));
        Self {
            disabled: is_off || exporters.contains(&"none"),
            xray: accepts(&["xray", "xray-lambda"]),
            w3c: accepts(&["tracecontext"]),
            daemon: daemon(lookup, &mut warnings),
            warnings,
        }
    }
}

/// Reads a boolean of OpenTelemetry, which has fewer words than those of Powertools.
fn is_sdk_disabled(lookup: Lookup<'_>, warnings: &mut Vec<String>) -> bool {
    const NAME: &str = "OTEL_SDK_DISABLED";
    let Some(value) = given(lookup, NAME) else { return false };
    let is_true = value.trim().eq_ignore_ascii_case("true");
    if !is_true && !value.trim().eq_ignore_ascii_case("false") {
        warnings.push(ignored(NAME, "`true` or `false`"));
    }
    is_true
}

/// Returns the known names of a list.
fn known<'a>(
    lookup: Lookup<'_>,
    variable: &str,
    names: &[&'a str],
    expected: &str,
    warnings: &mut Vec<String>,
) -> Vec<&'a str> {
    let text = given(lookup, variable).unwrap_or_default();
    let mut known = Vec::new();
    let mut is_warned = false;
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match names.iter().find(|name| part.eq_ignore_ascii_case(name)) {
            Some(name) => known.push(*name),
            None => is_warned = true,
        }
    }
    if is_warned {
        warnings.push(format!("{}; other names are ignored", unusable(variable, expected)));
    }
    known
}

/// Parses `127.0.0.1:2000`, or `tcp:127.0.0.1:2000 udp:127.0.0.2:2001`
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-configuration.html>).
fn daemon(lookup: Lookup<'_>, warnings: &mut Vec<String>) -> Option<String> {
    const NAME: &str = "AWS_XRAY_DAEMON_ADDRESS";
    let text = given(lookup, NAME)?;
    let mut parts = text.split_whitespace();
    let udp = text.split_whitespace().find_map(|part| part.strip_prefix("udp:"));
    let address = udp.or_else(|| parts.next()).filter(|address| is_address(address));
    if address.is_none() {
        warnings.push(ignored(NAME, "the `host:port` of the X-Ray daemon"));
    }
    address.map(str::to_owned)
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).map_or_else(
            || !host.is_empty() && !host.contains([':', '/', '@']),
            |host| host.parse::<std::net::Ipv6Addr>().is_ok(),
        );
        host && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// Returns a sentence about a sampler that OpenTelemetry's crate does not know, or its argument. The crate reads the
/// variables itself, and then uses its default.
pub(super) fn sampler(lookup: Lookup<'_>) -> Option<String> {
    const SAMPLERS: [&str; 6] = [
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];
    let sampler = given(lookup, "OTEL_TRACES_SAMPLER")?;
    if !SAMPLERS.contains(&sampler.as_str()) {
        return Some(ignored(
            "OTEL_TRACES_SAMPLER",
            "one of `always_on`, `always_off`, `traceidratio`, or of them after `parentbased_`",
        ));
    }
    let is_ratio = || lookup("OTEL_TRACES_SAMPLER_ARG").is_some_and(|ratio| ratio.parse::<f64>().is_ok());
    (sampler.ends_with("traceidratio") && !is_ratio())
        .then(|| ignored("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1"))
}

fn ignored(name: &str, expected: &str) -> String {
    format!("{}; it is ignored", unusable(name, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(vars: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
    }

    fn read(vars: &[(&str, &str)]) -> Names {
        Names::read(&lookup(vars))
    }

    #[test]
    fn a_value_that_is_no_name_is_ignored_and_a_warning_names_its_variable_alone() {
        let unset = read(&[]);
        assert_eq!(
            (unset.disabled, unset.xray, unset.w3c, unset.daemon, unset.warnings.len()),
            (false, true, true, None, 0)
        );
        for (name, value) in [
            ("OTEL_SDK_DISABLED", "yes-hunter2"),
            ("OTEL_TRACES_EXPORTER", "hunter2"),
            ("OTEL_PROPAGATORS", "hunter2"),
            ("AWS_XRAY_DAEMON_ADDRESS", "hunter2"),
            ("AWS_XRAY_DAEMON_ADDRESS", "tcp:hunter2:2000"),
            ("AWS_XRAY_DAEMON_ADDRESS", "http://hunter2:2000"),
            ("AWS_XRAY_DAEMON_ADDRESS", "hunter2:"),
            ("AWS_XRAY_DAEMON_ADDRESS", ":2000"),
            ("AWS_XRAY_DAEMON_ADDRESS", "hunter2:0"),
        ] {
            let names = read(&[(name, value)]);
            assert_eq!(
                (names.disabled, names.xray, names.w3c, names.daemon),
                (false, true, true, None),
                "{name}={value}"
            );
            let [warning] = &names.warnings[..] else { panic!("{name}={value}: {:?}", names.warnings) };
            assert!(warning.contains(name) && !warning.contains("hunter2"), "{warning}");
        }
    }

    #[test]
    fn the_names_of_the_specification_are_read_in_any_letter_case() {
        for value in ["true", "TRUE", " True "] {
            assert!(read(&[("OTEL_SDK_DISABLED", value)]).disabled);
        }
        // The specification forbids more words for true.
        for value in ["1", "on", "yes", "false", " "] {
            assert!(!read(&[("OTEL_SDK_DISABLED", value)]).disabled, "{value}");
        }
        assert!(read(&[("OTEL_TRACES_EXPORTER", "None")]).disabled);
        assert_eq!(read(&[("OTEL_TRACES_EXPORTER", "OTLP"), ("OTEL_SDK_DISABLED", "False")]).warnings, [""; 0]);
        for (value, accepted) in [
            ("baggage, TraceContext", (false, true)),
            ("xray-lambda", (true, false)),
            ("none", (false, false)),
            ("baggage", (false, false)),
        ] {
            let names = read(&[("OTEL_PROPAGATORS", value)]);
            assert_eq!((names.xray, names.w3c), accepted, "{value}");
            assert_eq!(names.warnings, [""; 0], "{value}");
        }
        let partly = read(&[("OTEL_PROPAGATORS", "tracecontext,b3")]);
        assert_eq!((partly.xray, partly.w3c, partly.warnings.len()), (false, true, 1), "what is known is kept");
    }

    #[test]
    fn the_address_of_the_daemon_has_a_host_and_a_port() {
        for (value, address) in [
            ("169.254.79.129:2000", "169.254.79.129:2000"),
            ("tcp:127.0.0.1:2000 udp:127.0.0.2:2001", "127.0.0.2:2001"),
            ("[::1]:2000", "[::1]:2000"),
            ("xray.local:2000", "xray.local:2000"),
        ] {
            assert_eq!(read(&[("AWS_XRAY_DAEMON_ADDRESS", value)]).daemon.as_deref(), Some(address));
        }
    }

    #[test]
    fn a_sampler_that_the_crate_does_not_know_is_reported() {
        let warning_of = |sampler: &str, ratio: Option<&str>| {
            let mut vars = vec![("OTEL_TRACES_SAMPLER", sampler)];
            vars.extend(ratio.map(|ratio| ("OTEL_TRACES_SAMPLER_ARG", ratio)));
            super::sampler(&lookup(&vars))
        };
        for (sampler, ratio) in
            [("always_off", None), ("parentbased_traceidratio", Some("0.25")), ("traceidratio", Some("1")), ("", None)]
        {
            assert_eq!(warning_of(sampler, ratio), None, "{sampler}");
        }
        for (sampler, ratio, name) in [
            ("hunter2", None, "OTEL_TRACES_SAMPLER must"),
            ("xray", None, "OTEL_TRACES_SAMPLER must"),
            ("traceidratio", Some("hunter2"), "OTEL_TRACES_SAMPLER_ARG must"),
            ("parentbased_traceidratio", None, "OTEL_TRACES_SAMPLER_ARG must"),
        ] {
            let warning = warning_of(sampler, ratio).unwrap_or_default();
            assert!(warning.contains(name) && !warning.contains("hunter2"), "{warning}");
        }
    }
}
