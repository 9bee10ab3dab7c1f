//! What the parts of AWS AppSync have in common: the identity and the headers of a client's request, and how an
//! authorizer responds. The kinds of functions of AppSync re-export it.

pub(crate) mod authorizer;
pub(crate) mod cognito;
pub(crate) mod headers;
pub(crate) mod iam;
pub(crate) mod identity;
pub(crate) mod lambda;
pub(crate) mod oidc;
pub(crate) mod unauthorized;
