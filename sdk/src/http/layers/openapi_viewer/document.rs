//! [`Document`]: the parts of an OpenAPI document that its pages need.

use std::borrow::Cow;

use serde::Deserialize;

/// The title, and the origins of the servers.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) title: String,
    /// Such as `https://api.example.com`. A page may call them.
    pub(super) origins: Vec<String>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    openapi: Cow<'a, str>,
    #[serde(borrow)]
    info: Info<'a>,
    #[serde(borrow, default)]
    servers: Vec<Server<'a>>,
}

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    title: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Server<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

impl Document {
    /// Checks that the text is JSON of an OpenAPI document.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| NOT_JSON)?;
        match serde_json::from_str::<Members<'_>>(text) {
            Ok(members) if members.openapi.starts_with("3.") => {
                Ok(Self { title: members.info.title.into_owned(), origins: origins(&members.servers) })
            }
            Err(error) if !error.is_data() => Err(format!("{NOT_JSON} (line {})", error.line())),
            _ => Err(NOT_OPENAPI.to_owned()),
        }
    }
}

const NOT_JSON: &str = "`OpenApiViewerLayer`: the document is not valid JSON; write it with \
                        `cargo run -- openapi > openapi.json`";

const NOT_OPENAPI: &str = "`OpenApiViewerLayer`: the document has no `openapi` of version 3 and `info.title`; write it \
                           with `cargo run -- openapi > openapi.json`";

/// Returns the origins of the servers; those with a variable, such as `https://{region}.example.com`, have none.
fn origins(servers: &[Server<'_>]) -> Vec<String> {
    let mut origins = Vec::new();
    for origin in servers.iter().filter_map(|server| origin(&server.url)) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}

/// Returns the origin of an absolute URL, without anything that could end a source in a policy.
fn origin(url: &str) -> Option<String> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme))?;
    let host = url[scheme.len()..].split(['/', '?', '#']).next()?;
    let is_host = |c: u8| c.is_ascii_alphanumeric() || b".-:[]".contains(&c);
    (!host.is_empty() && host.bytes().all(is_host)).then(|| format!("{scheme}{host}"))
}
