//! The CORS options of both languages' routers, as those of Pilaster's `CorsLayer`.

use std::time::Duration;

use pilaster::http::cors::{CorsLayer, Preflight};
use serde::Deserialize;
use serde_json::Value;

use super::read;
use crate::Stop;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Python {
    #[serde(default = "star")]
    allow_origin: String,
    #[serde(default)]
    extra_origins: Vec<String>,
    #[serde(default)]
    allow_headers: Vec<String>,
    #[serde(default)]
    expose_headers: Vec<String>,
    max_age: Option<u64>,
    #[serde(default)]
    allow_credentials: bool,
}

fn star() -> String {
    "*".to_owned()
}

/// `CORSConfig`; the methods are those of all routes.
pub(super) fn python(config: &Value, methods: &[String]) -> Result<CorsLayer, Stop> {
    let config: Python = read("CORS", config)?;
    let own = config.allow_headers.iter().map(String::as_str);
    let methods = methods.iter().map(String::as_str).chain(["OPTIONS"]);
    let mut layer = CorsLayer::new()
        .allow_methods(methods)
        .allow_headers(CorsLayer::DEFAULT_HEADERS.into_iter().chain(own))
        .expose_headers(&config.expose_headers)
        .allow_credentials(config.allow_credentials)
        .preflight(Preflight::RespondToEveryOptions);
    layer = match (config.extra_origins.is_empty(), config.allow_origin.as_str()) {
        // `*` lets any origin in, whatever else is listed.
        (_, "*") => layer.allow_origin("*"),
        (true, origin) => layer.allow_origin(origin),
        (false, origin) => layer.allow_origins(config.extra_origins.iter().map(String::as_str).chain([origin])),
    };
    Ok(match config.max_age {
        Some(seconds) => layer.max_age(Duration::from_secs(seconds)),
        None => layer,
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct TypeScript {
    origin: Option<OneOrMany>,
    allow_methods: Option<Vec<String>>,
    allow_headers: Option<Vec<String>>,
    expose_headers: Vec<String>,
    credentials: bool,
    max_age: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The options of the `cors` middleware; `true` is its defaults.
pub(super) fn typescript(config: &Value) -> Result<CorsLayer, Stop> {
    let config: TypeScript = if config.is_boolean() { TypeScript::default() } else { read("CORS", config)? };
    let default = || CorsLayer::DEFAULT_METHODS.map(|method| method.to_string()).to_vec();
    let methods = config.allow_methods.unwrap_or_else(default);
    let methods: Vec<_> = methods.iter().map(|method| method.to_uppercase()).collect();
    let default = || CorsLayer::DEFAULT_HEADERS.map(ToOwned::to_owned).to_vec();
    let headers = config.allow_headers.unwrap_or_else(default);
    let mut layer = CorsLayer::new()
        .request_methods(&methods)
        .request_headers(&headers)
        .allow_methods(methods)
        .allow_headers(headers)
        .expose_headers(config.expose_headers)
        .allow_credentials(config.credentials)
        .preflight(Preflight::RespondToEveryOptions);
    layer = match config.origin {
        None => layer.allow_origin("*"),
        Some(OneOrMany::One(origin)) => layer.allow_origin(origin),
        Some(OneOrMany::Many(origins)) => layer.allow_origins(origins),
    };
    Ok(match config.max_age {
        Some(seconds) => layer.max_age(Duration::from_secs(seconds)),
        None => layer,
    })
}
