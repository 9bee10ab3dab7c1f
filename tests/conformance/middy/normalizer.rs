//! `http-header-normalizer`: names have no letter case in Rust's `HeaderMap`, and defaults are a layer of tower-http's.

use pilaster::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use tower_http::set_header::SetRequestHeaderLayer;

use super::options;
use crate::layers::Own;
use crate::{Stop, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    canonical: bool,
    default_headers: Map<String, Value>,
    normalize_header_key: Value,
}

/// Adds the layers that the options ask for.
pub(super) fn read(config: &Value, own: &mut Own) -> Result<(), Stop> {
    let options: Options = options(config)?;
    if options.canonical || !options.normalize_header_key.is_null() {
        return unsupported("spelling header names in another way, which nothing in Rust would see");
    }
    for (name, value) in &options.default_headers {
        let texts = match value {
            Value::Array(values) => values.iter().map(Value::as_str).collect(),
            value => value.as_str().map(|text| vec![text]),
        };
        let Some(text) = texts.map(|texts| texts.join(",")) else {
            return unsupported("a default header that is not text");
        };
        let Some((name, value)) = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(&text).ok()) else {
            return unsupported("an invalid default header");
        };
        own.push(SetRequestHeaderLayer::if_not_present(name, value));
    }
    Ok(())
}
