//! `http-cors`: its options as those of Pilaster's `CorsLayer`.

use std::time::Duration;

use pilaster::http::cors::{CorsLayer, Preflight};
use serde::Deserialize;
use serde_json::Value;

use super::options;
use crate::{Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    disable_before_preflight_response: bool,
    get_origin: Option<GetOrigin>,
    credentials: Value,
    headers: Option<String>,
    methods: Option<String>,
    origin: Option<String>,
    origins: Vec<String>,
    expose_headers: Option<String>,
    max_age: Value,
    request_headers: Vec<String>,
    request_methods: Vec<String>,
    cache_control: Option<String>,
    vary: Option<String>,
}

/// A callback that returns the origin to allow.
#[derive(Deserialize)]
#[serde(tag = "$custom", deny_unknown_fields)]
enum GetOrigin {
    #[serde(rename = "get_origin.const")]
    Const { value: Option<String> },
    #[serde(rename = "get_origin.echo_incoming")]
    Echo {},
}

impl Default for Options {
    fn default() -> Self {
        Self {
            disable_before_preflight_response: true,
            get_origin: None,
            credentials: Value::Null,
            headers: None,
            methods: None,
            origin: None,
            origins: Vec::new(),
            expose_headers: None,
            max_age: Value::Null,
            request_headers: Vec::new(),
            request_methods: Vec::new(),
            cache_control: None,
            vary: None,
        }
    }
}

pub(super) fn layer(config: &Value) -> Result<CorsLayer, Stop> {
    let options: Options = options(config)?;
    let mut layer = CorsLayer::new()
        .allow_methods(list(options.methods.as_deref()))
        .allow_headers(list(options.headers.as_deref()))
        .expose_headers(list(options.expose_headers.as_deref()))
        .vary(list(options.vary.as_deref()))
        .preflight(match options.disable_before_preflight_response {
            true => Preflight::PassOn,
            false => Preflight::RespondToEveryOptions,
        });
    if !options.disable_before_preflight_response {
        // middy reads these where it answers a preflight itself.
        let methods = options.request_methods.iter().map(|method| method.to_ascii_uppercase());
        layer = layer.request_methods(methods).request_headers(&options.request_headers);
    }
    layer = origins(layer, &options)?;
    layer = match &options.credentials {
        Value::Null | Value::Bool(false) => layer,
        Value::Bool(true) => layer.allow_credentials(true),
        Value::String(text) if text == "true" => layer.allow_credentials(true),
        Value::String(text) if text.is_empty() => layer,
        _ => return unsupported("credentials other than true and false, which no browser knows"),
    };
    if let Some(seconds) = seconds(&options.max_age)? {
        layer = layer.max_age(Duration::from_secs(seconds));
    }
    if let Some(value) = options.cache_control.filter(|value| !value.is_empty()) {
        layer = layer.preflight_cache_control(value);
    }
    Ok(layer)
}

fn origins(layer: CorsLayer, options: &Options) -> Result<CorsLayer, Stop> {
    let origin = options.origin.as_deref().filter(|origin| !origin.is_empty());
    match (&options.get_origin, origin) {
        (Some(GetOrigin::Const { value: Some(origin) }), _) => Ok(layer.allow_origin(origin)),
        (Some(GetOrigin::Const { value: None }), _) => Ok(layer),
        (Some(GetOrigin::Echo {}), _) => Ok(layer.allow_origin_if(|_, _| true)),
        (None, Some(origin)) if options.origins.is_empty() => Ok(layer.allow_origin(origin)),
        (None, origin) => {
            let mut all: Vec<&str> = options.origins.iter().map(String::as_str).chain(origin).collect();
            if all.contains(&"*") {
                // middy lets any origin in once `*` stands in the list; the others change nothing without credentials.
                all.retain(|origin| *origin == "*" || options.credentials == Value::Bool(true));
            }
            Ok(layer.allow_origins(all))
        }
    }
}

/// An item of a comma-separated list each.
fn list(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn seconds(age: &Value) -> Result<Option<u64>, Stop> {
    match age {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => match text.parse() {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => unsupported("a maximum age that is not a number of seconds"),
        },
        // middy leaves the number 0 out.
        Value::Number(number) => match number.as_u64() {
            Some(0) => Ok(None),
            Some(seconds) => Ok(Some(seconds)),
            None => unsupported("a maximum age that is not a number of seconds"),
        },
        _ => unsupported("a maximum age that is not a number of seconds"),
    }
}
