//! HTTP functions, from an event's text to a response's.

mod cases;
pub(crate) mod events;
mod extractors;
mod failures;
mod gateways;
mod layers;
mod mapped;
mod negotiation;
mod openapi_viewer;
mod own_layers;
mod panics;
mod responses;
mod router;

use std::path::PathBuf;

use pilaster::http::{self, Bytes, EventKind, HeaderMap, Json, Method, Rejection, Uri};
use pilaster::testing::Caller;
use pilaster::{FunctionError, RawService};
use serde_json::{Map, Value, json};
use tests::call;
use tests::http::{SOURCES, body, echo, echoed, event, events_folder, header_of, smallest};
