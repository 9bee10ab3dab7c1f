//! The requirements of arguments that hold a value.

use super::arguments::Arguments;
use super::pipeline::{Prev, Stash};
use super::source::Source;
use crate::appsync_request::lambda::LambdaContext;
use crate::core::check::Deserializable;
use crate::core::check::probe::check;

check! { Argument => Deserializable: Arguments<T>, Source<T>, Prev<T>, Stash<T>, LambdaContext<T>; }
