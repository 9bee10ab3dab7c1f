//! The checks of tools, for `#[tool]`. Not public API: see [`core::check`](crate::core::check).
#![allow(missing_docs)]

use super::registry::Tools;
use crate::core::check::probe::Type;
use crate::core::error::ErrorType;

impl<E: ErrorType> Type<E> {
    /// Returns a tool with an error type that may reach the model from it, and from no other tool.
    pub fn pilaster_tool_error_type(self, tools: Tools) -> Tools {
        tools.error_type_of_each::<E>()
    }
}
