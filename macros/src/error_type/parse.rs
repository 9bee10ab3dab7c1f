//! The options of `#[error_type(…)]`.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitStr, Path, Result};

use crate::crate_path::CratePath;

/// The accepted options.
pub(super) const FORMS: &str = "the accepted forms are
    #[error_type(\"OutOfStock\")]    above a variant or a struct: its name
    #[error_type(transparent)]     above a variant or a struct: the name of its only field, which implements `ErrorType`
    #[error_type(internal)]        above a variant or a struct: its text stays in the log
    #[error_type(crate = path)]    above the type: the path of the `pilaster` crate if it is renamed or re-exported";

/// An option.
pub(super) enum Choice {
    Name(LitStr),
    /// The name is that of the only field.
    Transparent(Span),
    /// The text is not for callers.
    Internal(Span),
    Crate(Path),
}

impl Parse for Choice {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let choice = if input.peek(LitStr) {
            Self::Name(input.parse()?)
        } else {
            match input.call(Ident::parse_any) {
                Ok(option) if option == "transparent" => Self::Transparent(option.span()),
                Ok(option) if option == "internal" => Self::Internal(option.span()),
                Ok(option) if option == "crate" => Self::Crate(CratePath::assigned(input)?),
                Ok(option) => return Err(Error::new(option.span(), format!("unknown option: {FORMS}"))),
                Err(error) => return Err(Error::new(error.span(), format!("expected a string: {FORMS}"))),
            }
        };
        match input.is_empty() {
            true => Ok(choice),
            false => Err(input.error(format!("expected one option: {FORMS}"))),
        }
    }
}

/// The attributes above a variant or a type.
#[derive(Default)]
pub(super) struct Options {
    /// `Choice::Name` or `Choice::Transparent`.
    pub(super) name: Option<Choice>,
    pub(super) internal: Option<Span>,
    pub(super) crate_path: Option<Path>,
}

impl Options {
    pub(super) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("error_type")) {
            let list = attribute.meta.require_list().ok().filter(|list| !list.tokens.is_empty());
            let Some(list) = list else {
                return Err(Error::new(attribute.path().span(), format!("expected a name: {FORMS}")));
            };
            let is_first = match list.parse_args::<Choice>()? {
                Choice::Crate(path) => options.crate_path.replace(path).is_none(),
                Choice::Internal(span) => options.internal.replace(span).is_none(),
                choice => options.name.replace(choice).is_none(),
            };
            if !is_first {
                return Err(Error::new(attribute.path().span(), "duplicate option: remove one"));
            }
        }
        Ok(options)
    }
}
