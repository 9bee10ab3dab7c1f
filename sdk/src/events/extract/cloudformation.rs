//! Custom resources of CloudFormation: [`CloudFormation`] is the request, [`CustomResource`] the result.
//!
//! A stack waits for a response, for an hour unless its template sets less. It therefore gets one through its presigned
//! URL, however the function ends: even if it fails, panics, times out, or cannot decode the properties. 5 seconds of
//! the invocation's time are reserved for up to five attempts (a third of the time, if that is less). A response that
//! cannot be delivered fails the invocation, which Lambda then retries. A failure that was reported to CloudFormation
//! is logged at `ERROR` and does not fail the invocation. For failures before the function is called, such as a failed
//! start, `ServiceTimeout` in the template bounds the wait.
//!
//! - **Ids**: without [`CustomResource::with_id`] the id of a new resource consists of its name in the template and the
//!   request id, and is kept permanently. Another id in the response to an update means that the resource was replaced:
//!   CloudFormation then requests the deletion of the old one.
//! - **A failed `Create`** is rolled back with a `Delete`. After an error that the function returned, nothing was
//!   created: the `Delete` has a reserved id and succeeds without a call of the function. If something was left behind,
//!   fail with [`LeftBehind`], whose id the `Delete` has. After a time-out, a panic, an error of a layer, or an id that
//!   CloudFormation does not accept, something may have been created: the function is then called for the `Delete`,
//!   with the id that a resource without [`with_id`](CustomResource::with_id) has (the logical id, `-`, and the id of
//!   the create request). A `Delete` of a missing resource must therefore succeed.
//! - **Properties** are always sent as text: `"8"`, `"true"`. Numbers and booleans are parsed from it, except within
//!   `#[serde(untagged)]`, `#[serde(tag = …)]` and `#[serde(flatten)]`. The error about invalid properties does not
//!   repeat their values.
//! - **Retries**: Lambda may resend a request, so derive the name of a resource from the request, or check if the
//!   resource exists.
//!
//! In a local run or a test, the function sends nothing: it returns the response for CloudFormation.
//!
//! # Behind another function
//!
//! The [Provider framework] of the AWS CDK calls the function itself and reports to CloudFormation in its place. It
//! reads the response, so `{"PhysicalResourceId": …, "Data": …, "NoEcho": …}` is the response, nothing is sent, and a
//! failure fails the invocation, with the function's own error. The same function supports both. The caller is another
//! function if `ResponseURL` is not a URL (`"..."`), or if, on Lambda, it is missing or `ServiceToken`, the function
//! that CloudFormation called, is another Lambda function.
//!
//! The framework sends no `Delete` after a failed `Create`, so [`LeftBehind`] has no effect there: clean up
//! before the function fails.
//!
//! [Provider framework]: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html#provider-framework
//!
//! # Example
//!
//! ```
//! use pilaster::events::cloudformation::ResourceRequest;
//! use pilaster::{BoxError, CloudFormation, CustomResource};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Database { name: String, connections: u32 }
//!
//! async fn database(event: CloudFormation<Database>) -> Result<CustomResource, BoxError> {
//!     match event.request {
//!         ResourceRequest::Create { properties } => {
//!             let id = format!("db-{}", properties.name);
//!             Ok(CustomResource::with_id(&id).data("Url", format!("postgres://db.internal/{id}")))
//!         }
//!         ResourceRequest::Update { properties, .. } => {
//!             tracing::info!(connections = properties.connections, "changed");
//!             Ok(CustomResource::new())
//!         }
//!         ResourceRequest::Delete { id, .. } => {
//!             tracing::info!(id, "gone");
//!             Ok(CustomResource::new())
//!         }
//!     }
//! }
//! # let _ = pilaster::handler(database);
//! ```

mod properties;
mod respond;
mod send;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::error::{BoxError, FunctionError, shown, with_sources};
use crate::core::json::or_default;
use crate::core::raw::Incoming;
use crate::events::extract::event::decode_object;
use crate::events::handler::{FromEvent, Wrap};

/// A request for a custom resource with the properties `P`. See the [module docs](self).
///
/// The format is that of <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloudFormation<P> {
    /// The operation.
    pub request: ResourceRequest<P>,
    /// The name of the resource in its template.
    pub logical_id: String,
    /// Its type: `AWS::CloudFormation::CustomResource`, or `Custom::…`.
    pub resource_type: String,
    /// The ARN of the stack.
    pub stack_id: String,
    /// The id of the request.
    pub request_id: String,
}

/// The operation on a custom resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceRequest<P> {
    /// The resource must be created.
    Create {
        /// Its properties in the template.
        properties: P,
    },
    /// The properties have changed.
    Update {
        /// The id that the resource got when it was created.
        id: String,
        /// Its current properties in the template.
        properties: P,
        /// Its previous properties; `None` if they cannot be decoded as a `P`.
        old: Option<P>,
    },
    /// The resource must be deleted. If it no longer exists, return `Ok`.
    Delete {
        /// The id that the resource got when it was created.
        id: String,
        /// Its last properties in the template; `None` if they cannot be decoded as a `P`.
        properties: Option<P>,
    },
}

impl<P: DeserializeOwned + Send> FromEvent for CloudFormation<P> {
    const WRAP: Option<Wrap> = Some(respond::around);

    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct CustomResourceEvent {
            request_type: String,
            #[serde(default, deserialize_with = "or_default")]
            logical_resource_id: String,
            #[serde(default)]
            physical_resource_id: Option<String>,
            #[serde(default, deserialize_with = "or_default")]
            resource_type: String,
            #[serde(default, deserialize_with = "or_default")]
            stack_id: String,
            #[serde(default, deserialize_with = "or_default")]
            request_id: String,
            #[serde(default)]
            resource_properties: Option<Value>,
            #[serde(default)]
            old_resource_properties: Option<Value>,
        }
        let event: CustomResourceEvent = decode_object(incoming)?;
        let id = event.physical_resource_id.unwrap_or_default();
        let read = |properties: Option<Value>| {
            properties::decode::<P>(properties.unwrap_or_else(|| Value::Object(Map::new())))
        };
        let wrong = |why| {
            FunctionError::new(
                "InvalidProperties",
                format!("the properties of the resource could not be decoded: {why}"),
            )
        };
        let request = match event.request_type.as_str() {
            "Create" => ResourceRequest::Create { properties: read(event.resource_properties).map_err(wrong)? },
            "Update" => ResourceRequest::Update {
                id,
                properties: read(event.resource_properties).map_err(wrong)?,
                old: read(event.old_resource_properties).ok(),
            },
            "Delete" => ResourceRequest::Delete { id, properties: read(event.resource_properties).ok() },
            other => {
                let why = format!("`RequestType` must be `Create`, `Update` or `Delete`, not {}", shown(other));
                return Err(FunctionError::new("InvalidEvent", why));
            }
        };
        Ok(Self {
            request,
            logical_id: event.logical_resource_id,
            resource_type: event.resource_type,
            stack_id: event.stack_id,
            request_id: event.request_id,
        })
    }
}

/// The result of a request: the id of the resource, and the data that the template may read.
///
/// CloudFormation accepts a response of at most 4,096 bytes and an id of at most 1,024; beyond that, the resource
/// fails with a reason.
///
/// # Example
///
/// ```
/// use pilaster::CustomResource;
///
/// let made = CustomResource::with_id("db-7").data("Url", "postgres://db.internal/7").data("Port", 5432).no_echo();
/// assert_eq!(
///     serde_json::to_string(&made)?,
///     r#"{"PhysicalResourceId":"db-7","Data":{"Port":5432,"Url":"postgres://db.internal/7"},"NoEcho":true}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[must_use = "the function must return it"]
pub struct CustomResource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    physical_resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    data: Map<String, Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    no_echo: bool,
}

impl CustomResource {
    /// Keeps the id of the resource; a new resource gets a default one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the id of the resource, which CloudFormation sends with later requests. A changed id in the response to an
    /// update means that the resource was replaced.
    pub fn with_id(id: impl Into<String>) -> Self {
        Self { physical_resource_id: Some(id.into()), ..Self::default() }
    }

    /// Adds data that the template reads with `!GetAtt Resource.Name`, and `!GetAtt Resource.Name.Field` for a field of
    /// an object.
    pub fn data(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data.insert(name.into(), value.into());
        self
    }

    /// Masks the data with asterisks where CloudFormation shows values of the template.
    pub fn no_echo(mut self) -> Self {
        self.no_echo = true;
        self
    }
}

/// The data may contain secrets.
impl fmt::Debug for CustomResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomResource").field("id", &self.physical_resource_id).finish_non_exhaustive()
    }
}

/// The error of a `Create` that failed after it had created something: the following `Delete` has this id. It takes
/// effect anywhere in the chain of causes.
///
/// # Example
///
/// ```
/// use pilaster::events::cloudformation::LeftBehind;
/// use pilaster::{BoxError, CustomResource};
///
/// async fn create(id: &str) -> Result<CustomResource, BoxError> {
///     grant(id).await.map_err(|error| LeftBehind::new(id, error))?;
///     Ok(CustomResource::with_id(id))
/// }
///
/// async fn grant(_: &str) -> Result<(), BoxError> {
///     Err("there is no such role".into())
/// }
/// # let _ = create("db-7");
/// ```
pub struct LeftBehind(Left);

/// The part of a `LeftBehind` that is found in the chain of causes even behind `#[error(transparent)]` and `anyhow`,
/// which skip an error itself.
#[derive(Debug)]
struct Left {
    id: String,
    source: BoxError,
}

impl LeftBehind {
    /// Creates the error of a function that failed with `error` after it had created the resource with this id.
    pub fn new(id: impl Into<String>, error: impl Into<BoxError>) -> Self {
        Self(Left { id: id.into(), source: error.into() })
    }

    fn find(error: &FunctionError) -> Option<&str> {
        with_sources(error).find_map(|error| error.downcast_ref::<Left>()).map(|found| &*found.id)
    }
}

impl fmt::Debug for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Left { id, source } = &self.0;
        f.debug_struct("LeftBehind").field("id", id).field("source", source).finish()
    }
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for LeftBehind {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl StdError for Left {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
