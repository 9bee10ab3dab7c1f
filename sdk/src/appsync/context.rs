//! [`FieldContext`]: the event of one field, decoded once into its parts.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::json::members::each_member;
use crate::core::json::{self, JsonError};
use crate::core::raw::RawEvent;

/// The event of one field, and the invocation that brought it. A clone shares both.
///
/// As an argument of a resolver it gives access to the event as AppSync sent it:
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::FieldContext;
///
/// async fn echo(context: FieldContext) -> Result<serde_json::Value, BoxError> {
///     Ok(serde_json::from_str(context.json())?)
/// }
/// # let _ = pilaster::handler(echo);
/// ```
#[derive(Clone)]
pub struct FieldContext {
    parts: Arc<Parts>,
}

struct Parts {
    invocation: Invocation,
    json: ByteString,
    field: ByteString,
    parent: ByteString,
    members: Members,
}

/// The members of the event as JSON; `None` for one that is missing or null.
#[derive(Default)]
struct Members {
    arguments: Option<ByteString>,
    identity: Option<ByteString>,
    source: Option<ByteString>,
    request: Option<ByteString>,
    prev: Option<ByteString>,
    stash: Option<ByteString>,
    info: Option<ByteString>,
}

impl FieldContext {
    /// Decodes one context; its text is a part of the event.
    ///
    /// # Errors
    ///
    /// `InvalidEvent`: it is not the context of a field.
    pub(super) fn decode(event: &RawEvent, json: &str, invocation: &Invocation) -> Result<Self, FunctionError> {
        let mut members = Members::default();
        let (mut field, mut parent) = (None, None);
        let read = each_member(json, |name, value| {
            if value.get() == "null" {
                return;
            }
            let share = || Some(event.share(value.get()));
            match &*name {
                "arguments" => members.arguments = share(),
                "identity" => members.identity = share(),
                "source" => members.source = share(),
                "request" => members.request = share(),
                "prev" => members.prev = share(),
                "stash" => members.stash = share(),
                "info" => members.info = share(),
                // The mapping template of Amplify has the names at the top, without `info`.
                "fieldName" => field = text(event, value),
                "typeName" => parent = text(event, value),
                _ => {}
            }
        });
        let wrong = |why: &str| {
            FunctionError::new("InvalidEvent", format!("the event is not the context of a field of AppSync: {why}"))
        };
        read.map_err(|_| wrong("it is not an object"))?;
        if let Some(info) = &members.info {
            let read = each_member(info, |name, value| match &*name {
                "fieldName" => field = text(event, value),
                "parentTypeName" => parent = text(event, value),
                _ => {}
            });
            read.map_err(|_| wrong("`info` is not an object"))?;
        }
        let field = field.ok_or_else(|| wrong("missing field `info.fieldName`"))?;
        let parent = parent.ok_or_else(|| wrong("missing field `info.parentTypeName`"))?;
        let json = event.share(json);
        Ok(Self { parts: Arc::new(Parts { invocation: invocation.clone(), json, field, parent, members }) })
    }

    /// Returns the invocation.
    pub fn invocation(&self) -> &Invocation {
        &self.parts.invocation
    }

    /// Returns the event of this field as AppSync sent it; in a batch, that of this item.
    pub fn json(&self) -> &str {
        &self.parts.json
    }

    /// Returns the name of the field.
    pub fn field_name(&self) -> &str {
        &self.parts.field
    }

    /// Returns the name of the type that has the field: `Query`, `Mutation`, or that of an object.
    pub fn parent_type_name(&self) -> &str {
        &self.parts.parent
    }

    pub(super) fn arguments(&self) -> Option<&str> {
        self.parts.members.arguments.as_deref()
    }

    /// Returns the identity as JSON; `null` for a client with an API key.
    pub(super) fn identity(&self) -> &str {
        self.parts.members.identity.as_deref().unwrap_or("null")
    }

    pub(super) fn source(&self) -> Option<&str> {
        self.parts.members.source.as_deref()
    }

    pub(super) fn request(&self) -> Option<&str> {
        self.parts.members.request.as_deref()
    }

    pub(super) fn prev(&self) -> Option<&str> {
        self.parts.members.prev.as_deref()
    }

    pub(super) fn stash(&self) -> Option<&str> {
        self.parts.members.stash.as_deref()
    }

    pub(super) fn info(&self) -> Option<&str> {
        self.parts.members.info.as_deref()
    }

    /// Returns the field as `Type.field`.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.parts.parent, self.parts.field)
    }
}

/// Returns a text of the event; one without escapes is shared, not copied for each item of a batch.
fn text(event: &RawEvent, value: &RawValue) -> Option<ByteString> {
    match serde_json::from_str::<&str>(value.get()) {
        Ok(text) => Some(event.share(text)),
        Err(_) => serde_json::from_str::<String>(value.get()).ok().map(Into::into),
    }
}

/// Decodes a part of the event; the error has this type, and the path in the part.
pub(super) fn decode<T: DeserializeOwned>(json: &str, error_type: &str, member: &str) -> Result<T, FunctionError> {
    json::decode_by_name(json.as_bytes()).map_err(|error| not_as_expected(&error, error_type, member))
}

/// Decodes a part of the event that the client has not sent, and may not see: the path in it, which may have keys of a map,
/// stays in the log.
pub(super) fn decode_hidden<T: DeserializeOwned>(
    json: &str,
    error_type: &str,
    member: &str,
) -> Result<T, FunctionError> {
    json::decode_by_name(json.as_bytes()).map_err(|error| {
        let message = format!("`{member}` does not match the expected type");
        FunctionError::new(error_type, message).with_source(error.for_client())
    })
}

pub(super) fn not_as_expected(error: &JsonError, error_type: &str, member: &str) -> FunctionError {
    FunctionError::new(error_type, format!("`{member}` does not match the expected type: {}", error.for_client()))
}

/// The identity, the source and the arguments are not shown.
impl fmt::Debug for FieldContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldContext").field("field", &self.path()).finish_non_exhaustive()
    }
}
