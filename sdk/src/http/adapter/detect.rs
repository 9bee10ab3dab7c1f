//! Detects the HTTP source of an event, and the properties of its domain. The rules are in
//! `core::source::Markers::detect`.
//!
//! An event that cannot be decoded is detected by the names of its members, so that the 400 has the form of its source
//! too.

use crate::core::source::{EventSource, Markers, is_url, is_version_1};
use crate::http::adapter::event::{ContextFields, EventFields};
use crate::http::extract::context::EventKind;

/// The HTTP source of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HttpSource {
    pub(super) kind: EventKind,
    /// `true` for a function URL.
    is_url: bool,
}

impl HttpSource {
    /// Detects the source; `None` for one that does not send requests.
    pub(super) fn of(markers: &Markers) -> Option<Self> {
        let source = markers.detect()?;
        Some(Self { kind: EventKind::of(source)?, is_url: source == EventSource::FunctionUrl })
    }

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

/// Returns the markers of an event that has been parsed.
pub(super) fn markers(event: &EventFields<'_>, context: &ContextFields<'_>) -> Markers {
    Markers {
        authorizer: event.method_arn.is_some() || event.route_arn.is_some(),
        http: context.http.is_some(),
        url: context.http.is_some() && context.domain_name.as_deref().is_some_and(is_url),
        elb: context.elb.is_some(),
        connection: context.connection_id.is_some(),
        network: context.service_network_arn.is_some(),
        multi_value_headers: event.multi_value_headers.is_some(),
        lattice_raw_path: event.lattice_raw_path.is_some(),
        http_method: event.http_method.is_some(),
        method: event.method.is_some(),
        path: event.path.is_some(),
        version_1: event.version.is_some_and(|version| is_version_1(version.get())),
        ..Markers::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::members::Members;

    fn context<'a>(members: &Members<'a>) -> ContextFields<'a> {
        ContextFields::of(members).unwrap()
    }

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
            let context = event.request_context.as_ref().map_or_else(Default::default, context);
            assert_eq!(HttpSource::of(&markers(&event, &context)).map(|source| source.kind), kind, "{text}");
            assert_eq!(HttpSource::of(&Markers::read(text, |_, _| {})).map(|source| source.kind), kind, "{text}");
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
            let context = context(event.request_context.as_ref().unwrap());
            for markers in [markers(&event, &context), Markers::read(&text, |_, _| {})] {
                let source = HttpSource::of(&markers).unwrap();
                assert_eq!((source.can_stream(), source.decodes_path()), (expected, !expected), "{domain}");
            }
        }
    }
}
