//! The events of all HTTP sources as one struct, so that one parse both detects the source and reads the data.
//!
//! Formats: [REST API and HTTP API
//! 1.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format),
//! [HTTP API
//! 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html),
//! [function URL](https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html),
//! [ALB](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html), [VPC
//! Lattice](https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html), [WebSocket
//! API](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::core::json::members::Members;
use crate::core::json::text::{OptionalText, Text};

/// The fields of every HTTP event; which of them are present depends on the source.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventFields<'a> {
    // REST API, HTTP API 1.0, ALB; `method` in VPC Lattice.
    #[serde(borrow)]
    pub(super) http_method: OptionalText<'a>,
    #[serde(borrow)]
    pub(super) method: OptionalText<'a>,
    #[serde(borrow)]
    pub(super) path: OptionalText<'a>,
    // HTTP API 2.0; `raw_path` (with the query) in VPC Lattice 1.0.
    #[serde(borrow)]
    pub(super) raw_path: OptionalText<'a>,
    #[serde(borrow, rename = "raw_path")]
    pub(super) lattice_raw_path: OptionalText<'a>,
    #[serde(borrow)]
    pub(super) raw_query_string: OptionalText<'a>,
    #[serde(borrow)]
    pub(super) headers: Pairs<'a>,
    #[serde(borrow)]
    pub(super) multi_value_headers: Option<Pairs<'a>>,
    #[serde(borrow)]
    pub(super) query_string_parameters: Pairs<'a>,
    // VPC Lattice 1.0 writes its names in snake case.
    #[serde(borrow, rename = "query_string_parameters")]
    pub(super) lattice_query: Pairs<'a>,
    #[serde(borrow)]
    pub(super) multi_value_query_string_parameters: Pairs<'a>,
    #[serde(borrow)]
    pub(super) path_parameters: Pairs<'a>,
    #[serde(borrow)]
    pub(super) stage_variables: Pairs<'a>,
    #[serde(borrow)]
    pub(super) cookies: Option<Vec<OptionalText<'a>>>,
    #[serde(borrow)]
    pub(super) body: OptionalText<'a>,
    #[serde(alias = "is_base64_encoded")]
    pub(super) is_base64_encoded: Option<bool>,
    #[serde(borrow)]
    pub(super) request_context: Option<Members<'a>>,
    // `"1.0"` in an HTTP API 1.0, absent in a REST API. As text: another type is not an error.
    #[serde(borrow)]
    pub(super) version: Option<&'a RawValue>,
    // The route of a REST API and of an HTTP API 1.0, such as `/users/{id}`.
    #[serde(borrow)]
    pub(super) resource: Option<&'a RawValue>,
    // Only authorizer events, which look like requests, have these.
    pub(super) method_arn: Option<IgnoredAny>,
    pub(super) route_arn: Option<IgnoredAny>,
}

/// The parts of `requestContext` that the adapter reads; the rest is decoded on first use.
#[derive(Debug, Default)]
pub(super) struct ContextFields<'a> {
    pub(super) http: Option<ContextHttp<'a>>,
    pub(super) elb: Option<&'a RawValue>,
    pub(super) service_network_arn: Option<&'a RawValue>,
    pub(super) connection_id: Option<&'a RawValue>,
    pub(super) route_key: Option<Text<'a>>,
    pub(super) event_type: Option<Text<'a>>,
    pub(super) stage: Option<Text<'a>>,
    pub(super) domain_name: Option<Text<'a>>,
    // REST API and HTTP API 1.0: the route, and the path as the client sent it.
    pub(super) resource_path: Option<&'a RawValue>,
    pub(super) path: Option<&'a RawValue>,
}

impl<'a> ContextFields<'a> {
    /// Reads the members that it has.
    ///
    /// # Errors
    ///
    /// One of them has the wrong type, or occurs twice.
    pub(super) fn of(members: &Members<'a>) -> serde_json::Result<Self> {
        let mut fields = Self::default();
        for (name, value) in &members.0 {
            match &**name {
                "http" => once(&mut fields.http, value, |value| serde_json::from_str(value.get())),
                "elb" => once(&mut fields.elb, value, Ok),
                "serviceNetworkArn" => once(&mut fields.service_network_arn, value, Ok),
                "connectionId" => once(&mut fields.connection_id, value, Ok),
                "routeKey" => once(&mut fields.route_key, value, Text::of),
                "eventType" => once(&mut fields.event_type, value, Text::of),
                "stage" => once(&mut fields.stage, value, Text::of),
                "domainName" => once(&mut fields.domain_name, value, Text::of),
                "resourcePath" => once(&mut fields.resource_path, value, Ok),
                "path" => once(&mut fields.path, value, Ok),
                _ => Ok(()),
            }?;
        }
        Ok(fields)
    }
}

/// Sets a field, which stays `None` for `null`.
fn once<'a, T>(
    field: &mut Option<T>,
    value: &'a RawValue,
    read: impl FnOnce(&'a RawValue) -> serde_json::Result<T>,
) -> serde_json::Result<()> {
    match value.get() {
        "null" => {}
        _ if field.is_some() => return Err(serde_json::Error::custom("duplicate field")),
        _ => *field = Some(read(value)?),
    }
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextHttp<'a> {
    #[serde(borrow)]
    pub(super) method: OptionalText<'a>,
    #[serde(borrow)]
    pub(super) path: OptionalText<'a>,
}

/// Names with their values, in order: `{"a": "1"}`, `{"a": ["1", "2"]}` or `null`. A value that is `null` is left out;
/// a number or a boolean is taken as its text.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings or of arrays of strings")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
        while let Some(OptionalText(name)) = map.next_key()? {
            let name = name.unwrap_or_default();
            map.next_value_seed(Values { name, pairs: &mut pairs })?;
        }
        Ok(Pairs(pairs))
    }
}

/// A visitor that adds each value under `name` to `pairs`.
struct Values<'p, 'de> {
    name: Cow<'de, str>,
    pairs: &'p mut Vec<(Cow<'de, str>, Cow<'de, str>)>,
}

impl<'de> DeserializeSeed<'de> for Values<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Borrowed(if value { "true" } else { "false" })));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Owned(value.to_string())));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Owned(value.to_string())));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.pairs.push((self.name, Cow::Owned(value.to_string())));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(OptionalText(value)) = seq.next_element()? {
            if let Some(value) = value {
                self.pairs.push((self.name.clone(), value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_and_multiple_values_are_read_alike() {
        let pairs: Pairs<'_> = serde_json::from_str(r#"{"a":"1","b":["2","3"],"c":null,"d":4,"e\n":true}"#).unwrap();
        let expected = [("a", "1"), ("b", "2"), ("b", "3"), ("d", "4"), ("e\n", "true")];
        assert_eq!(pairs.0.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_missing_or_null_map_has_no_pairs() {
        let wire: EventFields<'_> = serde_json::from_str(r#"{"headers":null}"#).unwrap();
        assert!(wire.headers.0.is_empty() && wire.path_parameters.0.is_empty());
    }
}
