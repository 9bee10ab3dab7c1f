//! [`FieldInfo`]: the names of a field.

use std::fmt;

use serde::de::DeserializeOwned;

use super::super::context::{FieldContext, decode};
use super::{FromContext, FromField};
use crate::core::error::{BoxError, FunctionError};
use crate::core::json::members::member;

/// The field that is resolved: its name, its type, and the variables of the request.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::FieldInfo;
///
/// async fn name(field: FieldInfo) -> Result<String, BoxError> {
///     Ok(format!("{}.{}", field.parent_type_name(), field.field_name()))
/// }
/// # let _ = pilaster::handler(name);
/// ```
#[derive(Clone)]
pub struct FieldInfo(FieldContext);

impl FieldInfo {
    /// Returns the name of the field.
    pub fn field_name(&self) -> &str {
        self.0.field_name()
    }

    /// Returns the name of the type that has the field: `Query`, `Mutation`, or that of an object.
    pub fn parent_type_name(&self) -> &str {
        self.0.parent_type_name()
    }

    /// Decodes the variables of the request.
    ///
    /// # Errors
    ///
    /// They are not a `T`.
    pub fn variables<T: DeserializeOwned>(&self) -> Result<T, FunctionError> {
        let variables = self.0.info().and_then(|info| member(info, "variables"));
        let variables = variables.map(|variables| variables.get()).filter(|variables| *variables != "null");
        decode(variables.unwrap_or("{}"), "InvalidVariables", "variables")
    }
}

impl FromContext for FieldInfo {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(context.clone()))
    }
}

impl FromField for FieldInfo {}

/// The variables are the client's, and are not shown.
impl fmt::Debug for FieldInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FieldInfo").field(&self.0.path()).finish()
    }
}
