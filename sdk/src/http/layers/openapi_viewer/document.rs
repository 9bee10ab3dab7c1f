//! [`Document`]: the parts of an OpenAPI document that its pages need.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::host;
use super::members::{Object, Paths, Server};

/// The title, and the origins of the servers.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) title: String,
    /// Such as `https://api.example.com`. A page may call them.
    pub(super) origins: Vec<String>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    openapi: Cow<'a, str>,
    #[serde(borrow)]
    info: Object<Info<'a>>,
    #[serde(borrow, default)]
    servers: Vec<Object<Server<'a>>>,
    #[serde(borrow, default)]
    paths: Paths<'a>,
}

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    title: Cow<'a, str>,
}

impl Document {
    /// Checks that the text is JSON of an OpenAPI document.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| NOT_JSON)?;
        match serde_json::from_str::<Object<Members<'_>>>(text) {
            Ok(Object(members)) if is_version_3(&members.openapi) => {
                let servers = members.servers.iter().chain(&members.paths.servers);
                Ok(Self { title: members.info.0.title.into_owned(), origins: origins(servers) })
            }
            Ok(_) => Err(NOT_OPENAPI.to_owned()),
            Err(error) => {
                let reason = if error.is_data() { reason(text) } else { NOT_JSON };
                Err(format!("{reason} (line {})", error.line()))
            }
        }
    }
}

const NOT_JSON: &str = "`OpenApiViewerLayer`: the document is not valid JSON; write it with \
                        `cargo run -- openapi > openapi.json`";

const NOT_OPENAPI: &str = "`OpenApiViewerLayer`: the document has no `openapi` of version 3 and `info.title`; write it \
                           with `cargo run -- openapi > openapi.json`";

const NO_SERVERS: &str = "`OpenApiViewerLayer`: `servers` of the document must be a list of objects with a `url`; write \
                          it with `cargo run -- openapi > openapi.json`";

const NO_PATHS: &str = "`OpenApiViewerLayer`: `paths` of the document, each path and each operation must be an object, \
                        and `servers` of them a list of objects with a `url`; write it with \
                        `cargo run -- openapi > openapi.json`";

const REPEATED: &str = "`OpenApiViewerLayer`: the document has a member twice; write it with \
                        `cargo run -- openapi > openapi.json`";

fn is_version_3(openapi: &str) -> bool {
    openapi.starts_with("3.")
}

/// Returns why JSON is not a document. It reads the text a second time, since only a few documents are wrong.
fn reason(text: &str) -> &'static str {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return NOT_JSON };
    let is_openapi = value.get("openapi").and_then(Value::as_str).is_some_and(is_version_3);
    let servers = value.get("servers").unwrap_or(&Value::Array(Vec::new())).clone();
    let paths = value.get("paths").unwrap_or(&Value::Object(serde_json::Map::new())).clone();
    if !is_openapi || value.pointer("/info/title").is_none_or(|title| !title.is_string()) {
        NOT_OPENAPI
    } else if Vec::<Object<Server<'_>>>::deserialize(&servers).is_err() {
        NO_SERVERS
    } else if Paths::deserialize(&paths).is_err() {
        NO_PATHS
    } else {
        // The last of a member is in the value.
        REPEATED
    }
}

/// Returns the origins of the servers; those with a variable, such as `https://{region}.example.com`, have none.
fn origins<'s>(servers: impl Iterator<Item = &'s Object<Server<'s>>>) -> Vec<String> {
    let mut origins = Vec::new();
    for (scheme, host) in servers.filter_map(|server| host::origin(&server.0.url)) {
        let origin = format!("{scheme}{}", host.to_ascii_lowercase());
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}
