//! `#[http::operation]`: keeps the function, and adds the route and the description of a type with its name.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

pub(crate) use self::expand::described;
pub(crate) use self::parse::Documented;
use self::parse::Options;
use crate::lambda_handler::{Function, problems_of_signature};

/// Returns the function and its description.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = syn::parse2::<Options>(options);
    let function = syn::parse2::<Function>(item.clone());
    let problems = function.as_ref().ok().and_then(|function| problems_of_signature(&function.sig));
    match (options, function, problems) {
        (Ok(options), Ok(function), None) => expand::expand(&options, &function, &item),
        (options, function, problems) => {
            let errors = options.err().into_iter().chain(function.err()).chain(problems);
            let errors = errors.map(syn::Error::into_compile_error);
            quote::quote!(#(#errors)* #item)
        }
    }
}
