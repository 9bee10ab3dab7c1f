//! Re-exports for the code that the macros write. No public API.

pub use crate::core::check::probe::{Fallback, IsMet, begin, end, kind_of, type_of};
pub use crate::function::built::built;
pub use crate::function::check::{
    HasConcurrency, HasMargin, IsError, IsExtractor, IsHttpFunction, IsLastExtractor, IsLayer, IsOuterLayer,
    IsPartsExtractor, IsRecordFunction, IsResponse, IsReturned, require_send,
};
#[cfg(feature = "openapi")]
pub use crate::http::described::{add_route, with_operation};
#[cfg(feature = "openapi")]
pub use crate::openapi::probe::{Documentable, IsDocumentable, Silent, Unnamed};
pub use crate::runtime::run_made as run;
#[cfg(feature = "tools")]
pub use crate::tools::returned::{ErrorOfTool, Returned, ReturnedByTool, returning};
#[cfg(feature = "tools")]
#[doc(no_inline)]
pub use {schemars, serde};
