//! Record functions, from an event's text to the response's.

mod answers;
mod failures;
mod pipes;

use std::sync::{Arc, Mutex};

use pilaster::records::{EventBridge, Record, SesMessage};
use pilaster::testing::Caller;
use pilaster::{BoxError, FunctionError, Kafka, Sqs};
use serde_json::{Value, json};
use tests::call;
use tests::records::{SOURCES, all_done, answered, batch, failures, of_source, record};
