//! `#[lambda_handler]`: keeps the function, and adds `function()` of a type with its name and `fn main`.

mod expand;
mod parse;
#[cfg(test)]
mod tests;
mod validate;

use proc_macro2::TokenStream;
use syn::Error;

pub(crate) use self::expand::{checks, local, met, returned};
use self::parse::Options;
pub(crate) use self::parse::{Function, check_route};
pub(crate) use self::validate::{impl_trait, problems_of_signature};

/// Returns the function, its `function()` and `main`. A mistake returns a stub `main`, so that the compiler does not also report a
/// missing one.
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
