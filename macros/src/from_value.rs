//! What `#[derive(FromSecret)]` and `#[derive(FromParameter)]` share: a type, an attribute that says which secret or parameter it is read
//! from, and as what.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// How the two differ.
pub(crate) struct Words {
    /// The attribute, which is also what people call the thing.
    pub(crate) thing: &'static str,
    /// The trait.
    pub(crate) derived: &'static str,
    /// The option that names the thing.
    pub(crate) name: &'static str,
    /// The further options, beside `env`, `text` and `binary`.
    pub(crate) options: &'static [&'static str],
    /// The types for a field that holds all of a text, or all the bytes.
    pub(crate) fields: [&'static str; 2],
    /// What may be written in the parentheses.
    pub(crate) forms: &'static str,
    /// The module and its names.
    pub(crate) code: Code,
}

/// Names in `pilaster::config`.
pub(crate) struct Code {
    pub(crate) module: &'static str,
    pub(crate) id: &'static str,
    pub(crate) id_method: &'static str,
    pub(crate) value: &'static str,
    pub(crate) error: &'static str,
    pub(crate) read_method: &'static str,
}

/// The impl; where something is wrong, the error, and an impl that keeps the compiler from reporting its lack as well.
pub(crate) fn expand(input: TokenStream, words: &Words) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match parse::Options::of(&input, words).and_then(|options| validate::valid(&input, options, words)) {
        Ok(plan) => expand::expand(&input.ident, &plan, words),
        Err(error) => expand::failed(&input, &error, words),
    }
}
