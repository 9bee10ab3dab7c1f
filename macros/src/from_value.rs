//! The code that `#[derive(FromSecret)]` and `#[derive(FromParameter)]` share: a type, and an attribute that names the
//! secret or parameter.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// The differences between the two.
pub(crate) struct Words {
    /// The attribute, whose name is also used in messages.
    pub(crate) thing: &'static str,
    /// The trait.
    pub(crate) derived: &'static str,
    /// The option that names it.
    pub(crate) name: &'static str,
    /// The options other than `env`, `text` and `binary`.
    pub(crate) options: &'static [&'static str],
    /// The types of a field that holds the whole text, or all bytes.
    pub(crate) fields: [&'static str; 2],
    /// The accepted options.
    pub(crate) forms: &'static str,
    /// The module and its names.
    pub(crate) code: Code,
}

/// The names that the derive uses from `pilaster::config`.
pub(crate) struct Code {
    pub(crate) module: &'static str,
    pub(crate) id: &'static str,
    pub(crate) id_method: &'static str,
    pub(crate) value: &'static str,
    pub(crate) error: &'static str,
    pub(crate) read_method: &'static str,
}

/// Returns the implementation. A mistake returns the error and a stub implementation, so that the compiler does not
/// also report a missing one.
pub(crate) fn expand(input: TokenStream, words: &Words) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match parse::Options::of(&input, words).and_then(|options| validate::validate(&input, options, words)) {
        Ok(valid) => expand::expand(&input, &valid, words),
        Err(error) => expand::failed(&input, &error, words),
    }
}
