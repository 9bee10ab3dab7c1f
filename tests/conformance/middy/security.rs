//! `http-security-headers`: its options as those of Pilaster's `SecurityHeadersLayer`.

use std::collections::BTreeMap;
use std::time::Duration;

use pilaster::http::security_headers::{ContentSecurityPolicy, Hsts, SecurityHeadersLayer};
use pilaster::http::{HeaderName, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::options;
use crate::{Stop, unsupported};

/// An option: `true` or absent for the default, `false` for off, or what is different from the default.
#[derive(Default)]
enum Switch<T> {
    #[default]
    Default,
    Off,
    Changed(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form<T> {
            On(bool),
            Undefined(#[allow(dead_code)] Undefined),
            Changed(T),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::On(true) => Self::Default,
            Form::On(false) | Form::Undefined(_) => Self::Off,
            Form::Changed(changed) => Self::Changed(changed),
        })
    }
}

/// An option that is set to `undefined` takes the place of its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Undefined {
    #[serde(rename = "$undefined")]
    _is: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(alias = "policy", alias = "action")]
    text: Option<String>,
}

/// An option without parts of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The value of a directive; `false` leaves it out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Directive {
    Text(String),
    On(bool),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefetch {
    allow: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Transport {
    max_age: Option<f64>,
    include_sub_domains: Option<bool>,
    preload: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    content_security_policy: Switch<BTreeMap<String, Directive>>,
    content_security_policy_report_only: bool,
    content_type_options: Switch<Text>,
    cross_origin_embedder_policy: Switch<Text>,
    cross_origin_opener_policy: Switch<Text>,
    cross_origin_resource_policy: Switch<Text>,
    dns_prefetch_control: Switch<Prefetch>,
    download_options: Switch<Text>,
    frame_options: Switch<Text>,
    origin_agent_cluster: Switch<Nothing>,
    permissions_policy: Switch<BTreeMap<String, String>>,
    permitted_cross_domain_policies: Switch<Text>,
    powered_by: Option<bool>,
    referrer_policy: Switch<Text>,
    reporting_endpoints: Switch<BTreeMap<String, String>>,
    report_to: Switch<Map<String, Value>>,
    strict_transport_security: Switch<Transport>,
    xss_protection: Option<bool>,
}

pub(super) fn layer(config: &Value) -> Result<SecurityHeadersLayer, Stop> {
    let options: Options = options(config)?;
    // middy's defaults: its own policy for content, and every header on every answer.
    let mut layer = SecurityHeadersLayer::new()
        .documents_only(false)
        .report_only(options.content_security_policy_report_only)
        .hide_server(options.powered_by.unwrap_or(true));
    layer = content(layer, options.content_security_policy);
    layer = permissions(layer, options.permissions_policy);
    layer = only(layer, options.content_type_options, header::X_CONTENT_TYPE_OPTIONS, "nosniff")?;
    layer = only(layer, options.download_options, HeaderName::from_static("x-download-options"), "noopen")?;
    type Set = fn(SecurityHeadersLayer, &str) -> SecurityHeadersLayer;
    let texts: [(Switch<Text>, &'static str, Set); 6] = [
        (options.cross_origin_embedder_policy, "cross-origin-embedder-policy", |layer, text| {
            layer.cross_origin_embedder_policy(text)
        }),
        (options.cross_origin_opener_policy, "cross-origin-opener-policy", |layer, text| {
            layer.cross_origin_opener_policy(text)
        }),
        (options.cross_origin_resource_policy, "cross-origin-resource-policy", |layer, text| {
            layer.cross_origin_resource_policy(text)
        }),
        (options.frame_options, "x-frame-options", |layer, text| layer.frame_options(&text.to_uppercase())),
        (options.permitted_cross_domain_policies, "x-permitted-cross-domain-policies", |layer, text| {
            layer.permitted_cross_domain_policies(text)
        }),
        (options.referrer_policy, "referrer-policy", |layer, text| layer.referrer_policy(text)),
    ];
    for (switch, name, set) in texts {
        layer = match switch {
            Switch::Default | Switch::Changed(Text { text: None }) => layer,
            Switch::Off => layer.without(HeaderName::from_static(name)),
            Switch::Changed(Text { text: Some(text) }) => set(layer, &text),
        };
    }
    layer = match options.dns_prefetch_control {
        Switch::Default => layer,
        Switch::Off => layer.without(header::X_DNS_PREFETCH_CONTROL),
        Switch::Changed(prefetch) => layer.dns_prefetch_control(prefetch.allow.unwrap_or(false)),
    };
    if let Switch::Off = options.origin_agent_cluster {
        layer = layer.without(HeaderName::from_static("origin-agent-cluster"));
    }
    if options.xss_protection == Some(true) {
        layer = layer.disable_xss_filter();
    }
    if let Switch::Changed(endpoints) = options.reporting_endpoints {
        for (name, url) in &endpoints {
            layer = layer.reporting_endpoint(name, url);
        }
    }
    if let Switch::Changed(groups) = options.report_to {
        layer = report_to(layer, &groups)?;
    }
    Ok(transport(layer, options.strict_transport_security))
}

fn content(layer: SecurityHeadersLayer, switch: Switch<BTreeMap<String, Directive>>) -> SecurityHeadersLayer {
    let mut policy = ContentSecurityPolicy::strict();
    match switch {
        Switch::Off => return layer.without(header::CONTENT_SECURITY_POLICY),
        Switch::Default => {}
        Switch::Changed(directives) => {
            for (name, value) in directives {
                let flag = matches!(name.as_str(), "sandbox" | "upgrade-insecure-requests");
                policy = match value {
                    Directive::Text(text) if flag || !text.is_empty() => policy.directive(name, text),
                    // `false` and an empty text leave a directive out.
                    Directive::Text(_) | Directive::On(false) => policy.without(&name),
                    // As the default has it.
                    Directive::On(true) => policy,
                };
            }
        }
    }
    layer.content_security_policy(policy)
}

fn permissions(layer: SecurityHeadersLayer, switch: Switch<BTreeMap<String, String>>) -> SecurityHeadersLayer {
    let deny = SecurityHeadersLayer::DENY_FEATURES;
    match switch {
        Switch::Off => layer,
        Switch::Default => layer.permissions_policy(deny),
        Switch::Changed(features) => {
            let mut policy: Vec<String> = deny
                .split(", ")
                .filter(|feature| feature.split('=').next().is_none_or(|name| !features.contains_key(name)))
                .map(ToOwned::to_owned)
                .collect();
            for (name, value) in &features {
                policy.push(match value.as_str() {
                    "*" => format!("{name}=*"),
                    allowed => format!("{name}=({allowed})"),
                });
            }
            layer.permissions_policy(&policy.join(", "))
        }
    }
}

/// A header that has one value only.
fn only(
    layer: SecurityHeadersLayer,
    switch: Switch<Text>,
    name: HeaderName,
    value: &str,
) -> Result<SecurityHeadersLayer, Stop> {
    match switch {
        Switch::Default | Switch::Changed(Text { text: None }) => Ok(layer),
        Switch::Off => Ok(layer.without(name)),
        Switch::Changed(Text { text: Some(text) }) if text == value => Ok(layer),
        Switch::Changed(_) => unsupported(format!("another value of `{name}` than browsers know")),
    }
}

fn report_to(mut layer: SecurityHeadersLayer, groups: &Map<String, Value>) -> Result<SecurityHeadersLayer, Stop> {
    let subdomains = groups.get("includeSubdomains").or(groups.get("includeSubDomains"));
    let subdomains = subdomains.and_then(Value::as_bool).unwrap_or(true);
    for (group, value) in groups {
        match (group.as_str(), value.as_str()) {
            ("includeSubdomains" | "includeSubDomains", _) => {}
            ("maxAge", _) if value.as_u64() == Some(31_536_000) => {}
            ("maxAge", _) => return unsupported("`Report-To` for another time than a year"),
            ("default", Some(url)) => layer = layer.report_to("default", url, subdomains),
            _ => return unsupported("several groups in `Report-To`, which middy writes as one"),
        }
    }
    Ok(layer)
}

fn transport(layer: SecurityHeadersLayer, switch: Switch<Transport>) -> SecurityHeadersLayer {
    let changed = match switch {
        Switch::Off => return layer.without(header::STRICT_TRANSPORT_SECURITY),
        Switch::Default => Transport::default(),
        Switch::Changed(changed) => changed,
    };
    let age = Duration::from_secs_f64(changed.max_age.map_or(15_552_000.0, |age| age.max(0.0).round()));
    let hsts = Hsts::new(age).include_subdomains(changed.include_sub_domains.unwrap_or(true));
    layer.strict_transport_security(hsts.preload(changed.preload.unwrap_or(true)))
}
