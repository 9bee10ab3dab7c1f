//! Tests of documents.

mod aws;
mod faults;
mod handlers;
mod merging;
mod operations;
#[cfg(all(feature = "json-schema", feature = "openapi-viewer"))]
mod own_layers;
mod responses;
mod schemas;
mod webhooks;

use super::of;
use crate::http::{self, Routes};

/// Returns the document of these routes.
fn document(routes: Routes) -> serde_json::Value {
    of(&http::service(routes)).unwrap().as_value().clone()
}

/// Returns the faults of the document of these routes.
fn faults(routes: Routes) -> String {
    of(&http::service(routes)).unwrap_err().to_string()
}
