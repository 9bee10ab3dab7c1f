//! Detects the source of an event by the fields that only one source has.
//!
//! An event that cannot be decoded is detected by the names of its fields, so that the 400 has the form of its source
//! too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::http::adapter::event::{ContextFields, EventFields};
use crate::http::extract::context::EventKind;

/// The source of an event, and the properties of its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) kind: EventKind,
    /// A function URL, or a local server that uses the same form of event as an HTTP API.
    is_url: bool,
}

impl Source {
    /// Returns `true` for a source that accepts a streamed response: a REST API or a function URL.
    pub(super) fn can_stream(self) -> bool {
        self.kind == EventKind::Rest || self.is_url
    }

    /// Returns whether the path in the event is percent-decoded already, so that each `%` in it is literal. An HTTP API
    /// decodes its `rawPath` (2.0) and `path` (1.0); a function URL uses the same form and keeps the caller's escapes,
    /// and so do REST APIs and load balancers: recorded requests are in
    /// <https://github.com/hotsock/voker/tree/main/vokerhttp/testdata>.
    pub(super) fn decodes_path(self) -> bool {
        match self.kind {
            EventKind::HttpApi => !self.is_url,
            // A route key is not a path.
            kind => matches!(kind, EventKind::HttpApiV1 | EventKind::WebSocket),
        }
    }
}

/// Returns whether a domain is that of a function URL (`{id}.lambda-url.{region}.on.aws`,
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html>), or `localhost`, which `cargo run`, the
/// tests' requests and `cargo lambda watch` use. Whole labels are compared, and the end of the name: an HTTP API may
/// have the domain `localhost.example.com` or `api.lambda-url.example.com`. In China the end is
/// `.on.amazonwebservices.com.cn`.
fn is_url(domain: &str) -> bool {
    let name = domain.split_once(':').map_or(domain, |(name, _)| name);
    let is_of_aws = |end: &&str| name.ends_with(*end);
    name == "localhost"
        || (name.split('.').nth(1) == Some("lambda-url")
            && [".on.aws", ".on.amazonwebservices.com.cn"].iter().any(is_of_aws))
}

fn is_version_1(version: &RawValue) -> bool {
    version.get() == r#""1.0""#
}

/// The presence of the fields that distinguish the sources.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SourceFields {
    authorizer: bool,
    http: bool,
    elb: bool,
    connection: bool,
    network: bool,
    multi_value: bool,
    lattice_raw_path: bool,
    http_method: bool,
    method: bool,
    path: bool,
    version_1: bool,
    url: bool,
}

impl SourceFields {
    pub(super) fn of(event: &EventFields<'_>, context: &ContextFields<'_>) -> Self {
        Self {
            authorizer: event.method_arn.is_some() || event.route_arn.is_some(),
            http: context.http.is_some(),
            elb: context.elb.is_some(),
            connection: context.connection_id.is_some(),
            network: context.service_network_arn.is_some(),
            multi_value: event.multi_value_headers.is_some(),
            lattice_raw_path: event.lattice_raw_path.get().is_some(),
            http_method: event.http_method.get().is_some(),
            method: event.method.get().is_some(),
            path: event.path.get().is_some(),
            version_1: event.version.is_some_and(is_version_1),
            url: context.http.is_some() && context.domain_name.get().is_some_and(is_url),
        }
    }

    /// Reads the fields of a malformed event by their names alone.
    pub(super) fn of_names(text: &str) -> Self {
        type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
        let fields: Fields<'_> = serde_json::from_str(text).unwrap_or_default();
        let context = fields.get("requestContext").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let context: Fields<'_> = context.unwrap_or_default();
        let is_there = |fields: &Fields<'_>, name| fields.get(name).is_some_and(|raw| raw.get() != "null");
        let (has, in_context) = (|name| is_there(&fields, name), |name| is_there(&context, name));
        Self {
            authorizer: has("methodArn") || has("routeArn"),
            http: in_context("http"),
            elb: in_context("elb"),
            connection: in_context("connectionId"),
            network: in_context("serviceNetworkArn"),
            multi_value: has("multiValueHeaders"),
            lattice_raw_path: has("raw_path"),
            http_method: has("httpMethod"),
            method: has("method"),
            path: has("path"),
            version_1: fields.get("version").is_some_and(|raw| is_version_1(raw)),
            url: context.get("domainName").and_then(|raw| serde_json::from_str(raw.get()).ok()).is_some_and(is_url),
        }
    }

    /// Detects the source.
    pub(super) fn source(&self) -> Option<Source> {
        self.kind().map(|kind| Source { kind, is_url: kind == EventKind::HttpApi && self.url })
    }

    fn kind(&self) -> Option<EventKind> {
        if self.authorizer {
            return None;
        }
        if self.http {
            return Some(EventKind::HttpApi);
        }
        if self.elb {
            return Some(EventKind::Alb { multi_value: self.multi_value });
        }
        if self.connection {
            return Some(EventKind::WebSocket);
        }
        if self.lattice_raw_path {
            return Some(EventKind::VpcLatticeV1);
        }
        if self.network || (self.method && self.path) {
            return Some(EventKind::VpcLattice);
        }
        // Bedrock agents send an `httpMethod` too, but no path.
        let rest = if self.version_1 { EventKind::HttpApiV1 } else { EventKind::Rest };
        (self.http_method && self.path).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_and_its_names_say_the_same() {
        for (text, kind) in [
            (r#"{"requestContext":{"http":{}},"rawPath":"/"}"#, Some(EventKind::HttpApi)),
            (r#"{"requestContext":{"elb":{}},"multiValueHeaders":{}}"#, Some(EventKind::Alb { multi_value: true })),
            (r#"{"requestContext":{"elb":{}},"multiValueHeaders":null}"#, Some(EventKind::Alb { multi_value: false })),
            (r#"{"requestContext":{"connectionId":"c"}}"#, Some(EventKind::WebSocket)),
            (r#"{"raw_path":"/"}"#, Some(EventKind::VpcLatticeV1)),
            (r#"{"method":"GET","path":"/"}"#, Some(EventKind::VpcLattice)),
            (r#"{"httpMethod":"GET","path":"/","requestContext":{"elb":null}}"#, Some(EventKind::Rest)),
            (r#"{"httpMethod":"GET","path":"/","version":"1.0"}"#, Some(EventKind::HttpApiV1)),
            (r#"{"httpMethod":"GET","path":"/","version":1.0}"#, Some(EventKind::Rest)),
            (r#"{"httpMethod":"GET","apiPath":"/"}"#, None),
            (r#"{"httpMethod":"GET","path":"/","methodArn":"arn"}"#, None),
            (r#"{"Records":[]}"#, None),
        ] {
            let event: EventFields<'_> = serde_json::from_str(text).unwrap();
            let context: ContextFields<'_> =
                serde_json::from_str(event.request_context.map_or("{}", RawValue::get)).unwrap();
            assert_eq!(SourceFields::of(&event, &context).kind(), kind, "{text}");
            assert_eq!(SourceFields::of_names(text).kind(), kind, "{text}");
        }
    }

    #[test]
    fn a_domain_is_compared_by_whole_labels() {
        for (domain, expected) in [
            ("a1b2.lambda-url.eu-central-1.on.aws", true),
            ("a1b2.lambda-url.cn-north-1.on.amazonwebservices.com.cn", true),
            ("api.lambda-url.example.com", false),
            ("api.lambda-url.eu-central-1.on.aws.example.com", false),
            ("api.lambda-url.eu-central-1.not-on.aws", false),
            ("localhost", true),
            ("localhost:9000", true),
            ("localhost.example.com", false),
            ("localhosts", false),
            ("my.localhost", false),
            ("a1.execute-api.eu-central-1.amazonaws.com", false),
            ("a.lambda-urls.example.com", false),
            ("a.b.lambda-url.example.com", false),
            ("", false),
        ] {
            let text = format!(r#"{{"requestContext":{{"http":{{}},"domainName":"{domain}"}}}}"#);
            let event: EventFields<'_> = serde_json::from_str(&text).unwrap();
            let context: ContextFields<'_> = serde_json::from_str(event.request_context.unwrap().get()).unwrap();
            for fields in [SourceFields::of(&event, &context), SourceFields::of_names(&text)] {
                let source = fields.source().unwrap();
                assert_eq!((source.can_stream(), source.decodes_path()), (expected, !expected), "{domain}");
            }
        }
    }
}
