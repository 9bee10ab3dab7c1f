//! What the kinds of functions of AWS AppSync have in common: the identity and the headers of a client's request, how an
//! authorizer responds, the calls of one event and their failures. The kinds re-export what is public.

pub(crate) mod authorizer;
pub(crate) mod calls;
pub(crate) mod cognito;
pub(crate) mod failure;
pub(crate) mod headers;
pub(crate) mod iam;
pub(crate) mod identity;
pub(crate) mod lambda;
pub(crate) mod oidc;
pub(crate) mod unauthorized;
