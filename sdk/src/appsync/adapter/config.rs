//! The settings of the adapter, and which resolver a field has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::appsync::call::Innermost;
use crate::appsync::context::FieldContext;
use crate::core::error::{FunctionError, NamedErrors, shown};

/// The number of items that are resolved concurrently, as with records.
pub(in crate::appsync) const CONCURRENCY: usize = 10;

#[derive(Clone, Debug)]
pub(in crate::appsync) struct AdapterConfig {
    pub(in crate::appsync) routes: Routes,
    pub(in crate::appsync) concurrency: usize,
    pub(in crate::appsync) margin: Option<Duration>,
    pub(in crate::appsync) error_types: NamedErrors,
}

/// The fields that a function resolves.
#[derive(Clone, Debug)]
pub(in crate::appsync) enum Routes {
    /// One, under whatever name the API has it.
    OfOneField {
        takes_batches: bool,
    },
    OfTable(Arc<Table>),
}

impl Routes {
    /// Returns whether the resolver of this field takes a batch as a whole.
    ///
    /// # Errors
    ///
    /// The field has no resolver.
    pub(super) fn takes_batches(&self, context: &FieldContext) -> Result<bool, FunctionError> {
        match self {
            Self::OfOneField { takes_batches } => Ok(*takes_batches),
            Self::OfTable(table) => table.get(context).map(|entry| entry.takes_batches),
        }
    }
}

/// The resolvers by their type and field, which are looked up without an allocation.
#[derive(Default)]
pub(in crate::appsync) struct Table(BTreeMap<String, BTreeMap<String, Entry>>);

pub(in crate::appsync) struct Entry {
    takes_batches: bool,
    pub(in crate::appsync) service: Innermost,
}

impl Table {
    /// Adds a resolver; returns the mistake if the field has one already.
    pub(in crate::appsync) fn add(
        &mut self,
        parent: &str,
        field: &str,
        takes_batches: bool,
        service: Innermost,
    ) -> Option<String> {
        let fields = self.0.entry(parent.to_owned()).or_default();
        let before = fields.insert(field.to_owned(), Entry { takes_batches, service });
        before.map(|_| format!("the field {parent}.{field} is registered twice: remove one of its resolvers"))
    }

    /// Returns the resolver of a field.
    ///
    /// # Errors
    ///
    /// `UnknownField`: there is none.
    pub(in crate::appsync) fn get(&self, context: &FieldContext) -> Result<&Entry, FunctionError> {
        let fields = self.0.get(context.parent_type_name());
        fields.and_then(|fields| fields.get(context.field_name())).ok_or_else(|| {
            FunctionError::new("UnknownField", format!("no resolver is registered for {}", shown(&context.path())))
        })
    }

    pub(in crate::appsync) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(parent, fields)| fields.keys().map(|field| (parent.as_str(), field.as_str())))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields()).finish()
    }
}
