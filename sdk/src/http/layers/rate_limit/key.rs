//! The key of a request: what its caller is known by.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use jmespath::{Rcvar, Runtime, Variable};
use serde_json::Value;

use crate::core::expression::Expression;
use crate::core::expression::functions::{not_json, runtime};
use crate::http::extract::claims;
use crate::http::extract::context::EventParts;
use crate::http::layers::request_document;

/// The key of all requests whose source reports no address.
const NO_ADDRESS: &str = "no address";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| runtime(|text| serde_json::from_str(text).map_err(|error| not_json(&error))));

type Key<'a> = Pin<Box<dyn Future<Output = Result<Option<String>, Response>> + Send + 'a>>;

/// Where the key comes from.
#[derive(Clone)]
pub(super) enum KeyOf {
    Address,
    ApiKey,
    Claim(Arc<str>),
    Selector(Expression),
    Extractor(Arc<dyn ExtractKey>),
}

impl KeyOf {
    /// Returns the key. Its first character is the kind, so that no value of one kind is the key of another one.
    ///
    /// # Errors
    ///
    /// The rejection of the extractor.
    pub(super) async fn of(&self, parts: &mut Parts) -> Result<String, Response> {
        let key = match self {
            Self::Address => None,
            Self::ApiKey => event(parts).and_then(|event| event.get::<String>("identity.apiKeyId")),
            Self::Claim(name) => claim(parts, name),
            Self::Selector(expression) => selected(expression, request_document::of(parts)),
            Self::Extractor(extractor) => extractor.key(parts).await?,
        };
        let key = key.filter(|key| !key.is_empty()).map(|key| format!("k{key}"));
        Ok(key.unwrap_or_else(|| format!("a{}", address(parts))))
    }
}

impl fmt::Debug for KeyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("Address"),
            Self::ApiKey => f.write_str("ApiKey"),
            Self::Claim(name) => f.debug_tuple("Claim").field(name).finish(),
            Self::Selector(selector) => f.debug_tuple("Selector").field(selector).finish(),
            Self::Extractor(_) => f.write_str("Extractor"),
        }
    }
}

fn event(parts: &Parts) -> Option<&EventParts> {
    parts.extensions.get()
}

/// Returns what an expression selects; `None` also if one of its functions rejects its argument.
fn selected(expression: &Expression, document: Value) -> Option<String> {
    let document = Rcvar::new(Variable::from_serializable(document).ok()?);
    text(expression.interpret(&document, &RUNTIME).ok()?)
}

fn claim(parts: &Parts, name: &str) -> Option<String> {
    text(claims::claims(parts).ok()??.remove(name)?)
}

/// Returns a value as text; `None` for `null`.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Returns the address that AWS reports, of an IPv6 address its network.
fn address(parts: &Parts) -> String {
    match event(parts).and_then(EventParts::source_ip).map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => {
            static WARNED: AtomicBool = AtomicBool::new(false);
            if !WARNED.swap(true, Ordering::Relaxed) {
                tracing::warn!("the source reports no address of the caller: its requests share one rate limit");
            }
            NO_ADDRESS.to_owned()
        }
    }
}

/// Extracts the key.
pub(super) trait ExtractKey: Send + Sync {
    fn key<'a>(&'a self, parts: &'a mut Parts) -> Key<'a>;
}

/// A function of an extractor's value.
pub(super) struct By<E, F> {
    key: F,
    extractor: PhantomData<fn() -> E>,
}

impl<E, F> By<E, F> {
    pub(super) fn new(key: F) -> Self {
        Self { key, extractor: PhantomData }
    }
}

impl<E, F, K> ExtractKey for By<E, F>
where
    E: FromRequestParts<()> + Send,
    F: Fn(E) -> K + Send + Sync,
    K: Into<Option<String>> + Send,
{
    fn key<'a>(&'a self, parts: &'a mut Parts) -> Key<'a> {
        Box::pin(async move {
            let extracted = E::from_request_parts(parts, &()).await.map_err(IntoResponse::into_response)?;
            Ok((self.key)(extracted).into())
        })
    }
}
