//! The client as an argument: [`Identity`], the kinds of it, and the headers of its request.

use serde::de::DeserializeOwned;

use super::super::context::ChannelContext;
use super::FromChannel;
use crate::appsync_request::cognito::CognitoUser;
use crate::appsync_request::headers::RequestHeaders;
use crate::appsync_request::iam::IamCaller;
use crate::appsync_request::identity::{Identity, IdentityKind, decode, lambda_context, require};
use crate::appsync_request::lambda::LambdaContext;
use crate::core::error::BoxError;

impl FromChannel for Identity {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(Self::parse(context.identity())?)
    }
}

impl FromChannel for CognitoUser {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(decode(require(context.identity(), IdentityKind::Cognito)?)?)
    }
}

impl FromChannel for IamCaller {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(decode(require(context.identity(), IdentityKind::Iam)?)?)
    }
}

impl<T: DeserializeOwned + Send> FromChannel for LambdaContext<T> {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(Self(lambda_context(require(context.identity(), IdentityKind::Lambda)?)?))
    }
}

impl FromChannel for RequestHeaders {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(Self::parse(context.request().unwrap_or("null")))
    }
}
