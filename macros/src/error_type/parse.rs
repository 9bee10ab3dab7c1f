//! The option of `#[error_type(…)]`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitStr, Result};

/// What may be written in the parentheses.
pub(super) const FORMS: &str = "above a variant or a struct stands
    #[error_type(\"OutOfStock\")]    another name than its own, or
    #[error_type(transparent)]     the name that its only field says, which is an `ErrorType` too";

/// What is said of a name.
pub(super) enum Said {
    Name(LitStr),
    /// The only field says it.
    Transparent(Span),
}

impl Parse for Said {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let said = if input.peek(LitStr) {
            Self::Name(input.parse()?)
        } else {
            let option = input.parse::<Ident>();
            match option {
                Ok(option) if option == "transparent" => Self::Transparent(option.span()),
                Ok(option) => return Err(Error::new(option.span(), format!("there is no such option: {FORMS}"))),
                Err(error) => return Err(Error::new(error.span(), format!("a name is a string: {FORMS}"))),
            }
        };
        match input.is_empty() {
            true => Ok(said),
            false => Err(input.error(format!("one thing is said here, and no more: {FORMS}"))),
        }
    }
}

/// What the attributes above a variant or a type say.
pub(super) fn said(attributes: &[Attribute]) -> Result<Option<Said>> {
    let mut said = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("error_type")) {
        let Ok(list) = attribute.meta.require_list() else {
            return Err(Error::new(attribute.path().span(), format!("the name is not said here: {FORMS}")));
        };
        if list.tokens.is_empty() {
            return Err(Error::new(attribute.path().span(), format!("the name is not said here: {FORMS}")));
        }
        if said.replace(list.parse_args::<Said>()?).is_some() {
            return Err(Error::new(attribute.path().span(), "the name is said twice; leave one"));
        }
    }
    Ok(said)
}
