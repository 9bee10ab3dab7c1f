//! [`Settings`]: the settings of a layer and of the environment.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use percent_encoding::percent_decode_str;

use super::captured::CapturedSpans;
use super::export::{Export, shown};
use super::pipeline::EXPORT_TIMEOUT;
use super::variables::{self, Names};
use crate::core::env::{self, Lookup};

/// A collector's configured address. It may contain a password, so its `Debug` shows only the parts that
/// [`shown`] keeps.
#[derive(Clone)]
pub(super) struct Endpoint(pub(super) String);

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.parse().map_or_else(|_| "(not an address)".to_owned(), |address| shown(&address)))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// A collector's address.
    pub(super) endpoint: Option<Endpoint>,
    headers: HeaderMap,
    daemon: Option<String>,
    pub(super) captured: Option<CapturedSpans>,
    pub(super) service: Option<String>,
    pub(super) export_timeout: Duration,
    pub(super) disabled: bool,
    pub(super) record_errors: bool,
    pub(super) xray: bool,
    pub(super) w3c: bool,
    /// `true` if callers may decide that a trace is sampled.
    pub(super) trusts_callers: bool,
    /// The attributes of the function, from Lambda's variables.
    resource: Vec<KeyValue>,
    function_name: Option<String>,
    /// The first mistake in the configuration.
    mistake: Option<String>,
    /// A sentence for each variable that is ignored.
    warnings: Vec<String>,
}

impl Settings {
    pub(super) fn from_vars(lookup: Lookup<'_>) -> Self {
        let var = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        // A variable of traces overrides the one of all signals.
        let of_traces = |rest: &str| {
            var(&format!("OTEL_EXPORTER_OTLP_TRACES_{rest}")).or_else(|| var(&format!("OTEL_EXPORTER_OTLP_{rest}")))
        };
        let mut mistake = None;
        if of_traces("PROTOCOL").is_some_and(|protocol| protocol != "http/protobuf") {
            mistake = Some("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf".to_owned());
        }
        let headers = of_traces("HEADERS").map(|text| headers(&text)).unwrap_or_else(|| Ok(HeaderMap::new()));
        let headers = headers.unwrap_or_else(|why| {
            mistake.get_or_insert(format!("OTEL_EXPORTER_OTLP_HEADERS: {why}"));
            HeaderMap::new()
        });
        let endpoint = var("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
            var("OTEL_EXPORTER_OTLP_ENDPOINT").map(|base| format!("{}/v1/traces", base.trim_end_matches('/')))
        });
        let Names { disabled, xray, w3c, daemon, warnings } = Names::read(lookup);
        let mut is_off = |name: &str| {
            let is_on = env::boolean(lookup, name).unwrap_or_else(|sentence| {
                mistake.get_or_insert(sentence);
                None
            });
            is_on == Some(false)
        };
        let (is_trace_off, is_capture_off) =
            (is_off("POWERTOOLS_TRACE_ENABLED"), is_off("POWERTOOLS_TRACER_CAPTURE_ERROR"));
        Self {
            endpoint: endpoint.map(Endpoint),
            headers,
            daemon,
            captured: None,
            service: var("OTEL_SERVICE_NAME").or_else(|| var("POWERTOOLS_SERVICE_NAME")),
            export_timeout: EXPORT_TIMEOUT,
            disabled: disabled || is_trace_off,
            record_errors: !is_capture_off,
            xray,
            w3c,
            trusts_callers: false,
            resource: resource(&var),
            function_name: var("AWS_LAMBDA_FUNCTION_NAME"),
            mistake,
            warnings,
        }
    }

    /// Logs a warning for each variable that is ignored.
    pub(super) fn warn(&self) {
        for warning in self.warnings.iter().chain(&variables::sampler(&env::var)) {
            tracing::warn!("{warning}");
        }
    }

    /// Returns the resource of all spans, by <https://opentelemetry.io/docs/specs/semconv/resource/faas/>.
    pub(super) fn resource(&self) -> Resource {
        // The builder adds the attributes of OTEL_RESOURCE_ATTRIBUTES.
        let builder = Resource::builder().with_attributes(self.resource.iter().cloned());
        let named = env::var("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
        let of_function = self.function_name.as_ref().filter(|_| !named);
        match self.service.as_ref().or(of_function) {
            Some(name) => builder.with_service_name(name.clone()).build(),
            None => builder.build(),
        }
    }

    /// Returns the destination of spans, or the mistake in the settings.
    pub(super) fn export(&self, resource: &Resource) -> Result<Export, String> {
        if let Some(captured) = &self.captured {
            return Ok(Export::Captured(captured.clone(), resource.clone()));
        }
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        match (&self.endpoint, &self.daemon) {
            (Some(endpoint), _) => Ok(Export::otlp(address(endpoint)?, self.headers.clone(), resource)),
            (None, Some(daemon)) => Ok(Export::xray(daemon.clone(), resource)),
            (None, None) => Ok(Export::Nowhere),
        }
    }
}

fn address(endpoint: &Endpoint) -> Result<Uri, String> {
    let address = endpoint.0.parse::<Uri>().ok();
    address.filter(|address| address.scheme_str() == Some("http") && address.authority().is_some()).ok_or_else(|| {
        "the endpoint must be the plain HTTP address of a collector beside the function, such as http://localhost:4318, which may \
         forward spans over TLS"
            .to_owned()
    })
}

/// Parses `name=value,…`, percent-encoded
/// (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>). Values
/// are secrets, so no message repeats them.
fn headers(text: &str) -> Result<HeaderMap, &'static str> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("write name=value pairs, separated by commas")?;
        let name = name.trim().parse::<HeaderName>().map_err(|_| "a name is not valid for a header")?;
        let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| "a value is not UTF-8")?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| "a value is not valid for a header")?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn resource(var: &impl Fn(&str) -> Option<String>) -> Vec<KeyValue> {
    let mut attributes = Vec::new();
    let Some(name) = var("AWS_LAMBDA_FUNCTION_NAME") else { return attributes };
    attributes.push(KeyValue::new("cloud.provider", "aws"));
    attributes.push(KeyValue::new("cloud.platform", "aws_lambda"));
    attributes.push(KeyValue::new("faas.name", name));
    for (key, name) in [
        ("cloud.region", "AWS_REGION"),
        ("faas.version", "AWS_LAMBDA_FUNCTION_VERSION"),
        ("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME"),
        ("aws.log.group.names", "AWS_LAMBDA_LOG_GROUP_NAME"),
    ] {
        attributes.extend(var(name).map(|value| KeyValue::new(key, value)));
    }
    let bytes = var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|mb| mb.parse::<i64>().ok()).map(|mb| mb << 20);
    attributes.extend(bytes.map(|bytes| KeyValue::new("faas.max_memory", bytes)));
    attributes
}

#[cfg(test)]
mod tests {
    use super::super::TracesLayer;
    use super::*;

    fn settings(vars: &[(&str, &str)]) -> Settings {
        Settings::from_vars(&|name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    fn to(vars: &[(&str, &str)]) -> String {
        let settings = settings(vars);
        settings.export(&settings.resource()).map_or_else(|error| error, |export| export.to_string())
    }

    #[test]
    fn an_endpoint_overrides_the_daemon_and_locally_spans_go_nowhere() {
        let daemon = ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000");
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/");
        let exact = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:9/t");
        assert_eq!(to(&[]), "nowhere");
        assert_eq!(to(&[daemon]), "the X-Ray daemon at 169.254.79.129:2000");
        assert_eq!(to(&[daemon, base]), "http://localhost:4318/v1/traces");
        assert_eq!(to(&[daemon, base, exact]), "http://localhost:9/t");
        let both = ("AWS_XRAY_DAEMON_ADDRESS", "tcp:127.0.0.1:2000 udp:127.0.0.2:2001");
        assert_eq!(to(&[both]), "the X-Ray daemon at 127.0.0.2:2001");
    }

    #[test]
    fn a_mistake_is_a_sentence_without_secrets() {
        assert!(to(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://api.example.com")]).contains("plain HTTP"));
        assert!(to(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")]).contains("plain HTTP"));
        assert!(to(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).contains("http/protobuf"));
        let headers = to(&[("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2\u{7}")]);
        assert!(headers.contains("HEADERS") && !headers.contains("hunter2"), "{headers}");
        let debug = format!("{:?}", settings(&[("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")]));
        assert!(!debug.contains("hunter2"), "{debug}");
    }

    #[test]
    fn neither_debug_nor_a_warning_nor_a_mistake_shows_the_password_of_an_endpoint() {
        for endpoint in [
            "http://user:hunter2@localhost:4318/base?key=hunter2",
            "https://user:hunter2@localhost:4318",
            "user:hunter2@localhost:4318",
            "http://user:hunter2 @localhost",
            "http://user:hun/hunter2@localhost?hunter2",
        ] {
            let vars = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint)];
            let settings = settings(&vars);
            let export = settings.export(&settings.resource()).map_or_else(|error| error, |export| export.to_string());
            let layers = [TracesLayer(settings), TracesLayer::new().endpoint(endpoint)];
            let shown = format!("{export} {layers:?}");
            assert!(!shown.contains("hunter2"), "{endpoint}: {shown}");
        }
        let shown = to(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter2@localhost:4318")]);
        assert_eq!(shown, "http://localhost:4318/v1/traces");
    }

    #[test]
    fn a_variable_that_is_ignored_is_a_warning_at_the_start() {
        use crate::observe::logging::{CapturedLogs, Logs};
        let captured = CapturedLogs::default();
        tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
            let layer = TracesLayer::from_vars(|name| (name == "OTEL_PROPAGATORS").then(|| "hunter2".to_owned()));
            assert_eq!(captured.lines().len(), 0, "before the function starts, there may be no subscriber");
            drop(tower::Layer::layer(&layer, ()));
        });
        let lines = captured.lines();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let message = line["message"].as_str().unwrap_or_default();
        assert!(line["level"] == "WARN" && message.contains("OTEL_PROPAGATORS"), "{line}");
        assert!(!line.to_string().contains("hunter2"), "{line}");
    }

    #[test]
    fn headers_are_decoded() {
        let headers = headers("authorization=Bearer%20a, x-b=c").unwrap();
        assert_eq!((&headers["authorization"], &headers["x-b"]), (&"Bearer a".parse().unwrap(), &"c".parse().unwrap()));
    }

    #[test]
    fn the_resource_is_the_function() {
        let name = ("AWS_LAMBDA_FUNCTION_NAME", "pay");
        let memory = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
        let get = |vars: &[_], key: &'static str| settings(vars).resource().get(&key.into()).map(|v| v.to_string());
        assert_eq!(get(&[name, memory], "faas.max_memory").as_deref(), Some("268435456"));
        assert_eq!(get(&[name], "service.name").as_deref(), Some("pay"));
        let powertools = ("POWERTOOLS_SERVICE_NAME", "payments");
        assert_eq!(get(&[name, powertools], "service.name").as_deref(), Some("payments"));
        assert_eq!(get(&[name, powertools, ("OTEL_SERVICE_NAME", "p")], "service.name").as_deref(), Some("p"));
    }

    #[test]
    fn any_of_the_switches_turns_it_off() {
        for switch in
            [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("POWERTOOLS_TRACE_ENABLED", "false")]
        {
            assert!(settings(&[switch]).disabled, "{switch:?}");
        }
    }
}
