//! [`AdapterConfig`]: the settings of one function.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use super::outcome::panicked;
use crate::core::error::{FunctionError, NamedErrors};
use crate::records::batch::Batch;
use crate::records::error::DecodeError;
use crate::records::extract::Contents;
use crate::records::record::Record;
use crate::records::source::Source;

#[derive(Debug)]
pub(crate) struct AdapterConfig {
    /// The sources that the function handles.
    pub(super) sources: &'static [Source],
    /// [`FromRecord::contents`](crate::records::FromRecord::contents) of the function's record.
    contents: fn(&Record) -> Result<Contents, DecodeError>,
    pub(super) batch: Batch,
    pub(super) error_types: NamedErrors,
    /// `true` once the log has named the setting of the event source mapping.
    pub(super) has_warned_of_mapping: AtomicBool,
}

impl AdapterConfig {
    pub(crate) fn new(
        sources: &'static [Source],
        contents: fn(&Record) -> Result<Contents, DecodeError>,
        batch: Batch,
        error_types: NamedErrors,
    ) -> Self {
        Self { sources, contents, batch, error_types, has_warned_of_mapping: AtomicBool::new(false) }
    }

    /// Returns the contents of a record. A panic of the user's `FromRecord` fails this record alone.
    pub(super) fn contents(&self, record: &Record) -> Result<Contents, FunctionError> {
        let contents = || (self.contents)(record).map_err(FunctionError::from_error);
        catch_unwind(AssertUnwindSafe(contents)).unwrap_or_else(|payload| Err(panicked(payload)))
    }
}
