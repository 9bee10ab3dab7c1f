//! [`Built`]: a function that `#[lambda_handler]` made, or the mistake in its options. Not public API.

use std::any::Any;

use crate::core::descriptions::Describe;
use crate::core::layer_mistakes;
use crate::function::into_service::IntoService;
use crate::function::lifecycle::Lifecycle;
use crate::function::start_error::StartError;

/// A function, or the mistake in its configuration, which [`IntoService::into_service`] returns.
#[derive(Debug)]
pub struct Built<F>(Result<F, StartError>);

/// Makes a function.
pub fn built<F: IntoService>(make: impl FnOnce() -> F) -> Built<F> {
    Built(layer_mistakes::collect(make).map_err(|mistake| StartError::not_built(&mistake)))
}

impl<F: IntoService> IntoService for Built<F> {
    type Service = F::Service;
    const STREAMS: bool = F::STREAMS;

    fn into_service(self) -> Result<F::Service, StartError> {
        self.0?.into_service()
    }

    fn take_lifecycle(&mut self) -> Lifecycle {
        self.0.as_mut().map(F::take_lifecycle).unwrap_or_default()
    }
}

impl<F: Describe> Describe for Built<F> {
    fn describe(&self, document: &mut dyn Any) -> Result<(), String> {
        match &self.0 {
            Ok(function) => function.describe(document),
            Err(mistake) => Err(mistake.to_string()),
        }
    }
}
