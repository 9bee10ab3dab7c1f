//! The requirements of event types that hold a value.

use super::event::Event;
use crate::core::check::Deserializable;
use crate::core::check::probe::check;

check! { Argument => Deserializable: Event<T>; }

#[cfg(feature = "cloudformation")]
check! { Argument => Deserializable: super::cloudformation::CloudFormation<T>; }
