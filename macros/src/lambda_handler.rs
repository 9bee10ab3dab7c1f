//! `#[lambda_handler]`: the function stays as it is, and `fn main` is added.

mod expand;
mod parse;
#[cfg(test)]
mod tests;
mod validate;

use proc_macro2::TokenStream;
use syn::Error;

use self::parse::{Function, Options};

/// Returns the function and `main`. With a mistake there is a `main` too, so that the compiler does not report that it is missing.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = syn::parse2::<Options>(options);
    let function = syn::parse2::<Function>(item.clone());
    let problems = match &function {
        Ok(function) => validate::problems(function),
        Err(error) => Some(error.clone()),
    };
    match (options, function, problems) {
        (Ok(options), Ok(function), None) => expand::expand(&options, &function, &item),
        (options, function, problems) => {
            let errors = options.err().into_iter().chain(problems).reduce(both);
            expand::failed(errors, function.ok(), item)
        }
    }
}

fn both(mut first: Error, second: Error) -> Error {
    first.combine(second);
    first
}
