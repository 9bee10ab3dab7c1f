//! `#[tool]`: keeps a function with plain arguments, and adds a type with its name, whose `tool()` is the tool.

mod expand;
#[cfg(test)]
mod tests;
mod validate;

use proc_macro2::TokenStream;

use self::validate::Arguments;
use crate::lambda_handler::Function;
use crate::tool_input::{Options, check};

/// Returns the function and its tool.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = syn::parse2::<Options>(options);
    let Ok(function) = syn::parse2::<Function>(item.clone()) else {
        let text = "`#[tool]` goes on an `async fn`, such as `async fn add(a: i64, b: i64) -> i64 { .. }`";
        let error = syn::Error::new(proc_macro2::Span::call_site(), text).into_compile_error();
        return quote::quote!(#error #item);
    };
    let plain = Arguments::without_attributes(&function);
    let described = options.as_ref().ok().map(|options| check(options, &function.attrs, &function.sig.ident));
    match (options, described, Arguments::of(&function)) {
        (Ok(options), Some(Ok(())), Ok(arguments)) => expand::expand(&options, &function, &arguments, &plain),
        (options, described, arguments) => {
            let errors = options.err().into_iter().chain(described.and_then(Result::err)).chain(arguments.err());
            let errors = errors.map(syn::Error::into_compile_error);
            quote::quote!(#(#errors)* #plain)
        }
    }
}
