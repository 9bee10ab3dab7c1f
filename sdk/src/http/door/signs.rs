//! Which source sent an event, told by the fields that only one source has.
//!
//! An event that decodes is asked for its fields; one that does not, for its fields' names, so that its 400 has the form of
//! its source too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::wire::{Probe, Wire};
use crate::http::context::EventKind;

/// Which of the fields that tell the sources apart are there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signs {
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
}

impl Signs {
    pub(super) fn of(wire: &Wire<'_>, probe: &Probe<'_>) -> Self {
        Self {
            authorizer: wire.method_arn.is_some() || wire.route_arn.is_some(),
            http: probe.http.is_some(),
            elb: probe.elb.is_some(),
            connection: probe.connection_id.is_some(),
            network: probe.service_network_arn.is_some(),
            multi_value: wire.multi_value_headers.is_some(),
            lattice_raw_path: wire.lattice_raw_path.get().is_some(),
            http_method: wire.http_method.get().is_some(),
            method: wire.method.get().is_some(),
            path: wire.path.get().is_some(),
        }
    }

    /// The signs of an event that is malformed: by the names alone.
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
        }
    }

    /// Says which source it is by what only one source has.
    pub(super) fn kind(&self) -> Option<EventKind> {
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
        (self.http_method && self.path).then_some(EventKind::Rest)
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
            (r#"{"httpMethod":"GET","apiPath":"/"}"#, None),
            (r#"{"httpMethod":"GET","path":"/","methodArn":"arn"}"#, None),
            (r#"{"Records":[]}"#, None),
        ] {
            let wire: Wire<'_> = serde_json::from_str(text).unwrap();
            let probe: Probe<'_> = serde_json::from_str(wire.request_context.map_or("{}", RawValue::get)).unwrap();
            assert_eq!(Signs::of(&wire, &probe).kind(), kind, "{text}");
            assert_eq!(Signs::of_names(text).kind(), kind, "{text}");
        }
    }
}
