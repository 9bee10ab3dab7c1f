//! The client as an argument: [`Identity`], the kinds of it, and the headers of its request.

use serde::de::DeserializeOwned;

use super::super::context::FieldContext;
use super::{FromContext, FromField, FromRequestContext};
use crate::appsync_request::cognito::CognitoUser;
use crate::appsync_request::headers::RequestHeaders;
use crate::appsync_request::iam::IamCaller;
use crate::appsync_request::identity::{Identity, IdentityKind, decode, lambda_context, require};
use crate::appsync_request::lambda::LambdaContext;
use crate::core::error::BoxError;

impl FromContext for Identity {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self::parse(context.identity())?)
    }
}

impl FromField for Identity {}
impl FromRequestContext for Identity {}

impl FromContext for CognitoUser {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(decode(require(context.identity(), IdentityKind::Cognito)?)?)
    }
}

impl FromField for CognitoUser {}
impl FromRequestContext for CognitoUser {}

impl FromContext for IamCaller {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(decode(require(context.identity(), IdentityKind::Iam)?)?)
    }
}

impl FromField for IamCaller {}
impl FromRequestContext for IamCaller {}

impl<T: DeserializeOwned + Send> FromContext for LambdaContext<T> {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self(lambda_context(require(context.identity(), IdentityKind::Lambda)?)?))
    }
}

impl<T: DeserializeOwned + Send> FromField for LambdaContext<T> {}
impl<T: DeserializeOwned + Send> FromRequestContext for LambdaContext<T> {}

impl FromContext for RequestHeaders {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self::parse(context.request().unwrap_or("null")))
    }
}

impl FromField for RequestHeaders {}
impl FromRequestContext for RequestHeaders {}
