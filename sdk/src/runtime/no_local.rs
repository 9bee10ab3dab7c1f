//! In place of the local run in a release build without the feature `local`.

use std::ffi::OsString;

use crate::core::raw::RawService;
use crate::function::StartError;

/// Has no value: such a build does not run locally.
pub(super) enum Inputs {}

impl Inputs {
    pub(super) fn parse(_: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, StartError> {
        Err(StartError::new(
            "this is a Lambda function, and AWS_LAMBDA_RUNTIME_API is not set: run it locally with `cargo run` (a debug build), with \
             pilaster's feature `local`, or with `cargo lambda watch`",
        ))
    }

    pub(super) fn prepare(self, _: bool) -> Result<Self, StartError> {
        match self {}
    }

    pub(super) async fn serve<S: RawService>(self, _: S, _: Vec<&'static str>) -> Result<(), StartError> {
        match self {}
    }
}
