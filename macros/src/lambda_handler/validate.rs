//! What can be said of a function by its signature alone.

use syn::Error;
use syn::spanned::Spanned;

use super::parse::Function;

/// All that keeps the function from being a handler, whatever its types are.
pub(crate) fn problems(function: &Function) -> Option<Error> {
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        return Some(Error::new(sig.fn_token.span(), "a handler is an `async fn`: write `async` before `fn`"));
    }
    None
}
