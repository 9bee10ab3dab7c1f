//! Checks that each variant has a name that a state machine can catch.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Member, Result};

use super::parse::{Choice, Options};
use crate::crate_path::CratePath;

const SHOWN: &str = "the text of the error inside would reach callers: add `#[error_type(transparent)]`, by which its type \
    decides, `#[error_type(internal)]` to keep the text in the log, or a name such as `#[error_type(\"Unavailable\")]`";

/// The names, and the path of `pilaster`.
pub(super) struct Input {
    pub(super) names: Names,
    pub(super) crate_path: CratePath,
}

pub(super) enum Names {
    Struct(Named),
    Enum(Vec<(Ident, Named)>),
}

/// A variant or a struct.
pub(super) struct Named {
    pub(super) name: Name,
    /// The text is not for callers.
    pub(super) is_internal: bool,
}

/// The source of a name.
pub(super) enum Name {
    Text(String),
    /// The name of this field, and the span of `transparent`.
    Of(Member, Span),
}

pub(super) fn validate(input: &DeriveInput) -> Result<Input> {
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let why = "an `ErrorType` cannot borrow, since it is looked up among the causes of an error: own the value";
        return Err(Error::new(lifetime.span(), why));
    }
    let mut options = Options::of(&input.attrs)?;
    let crate_path = CratePath::from(options.crate_path.take());
    let names = match &input.data {
        Data::Struct(data) => Names::Struct(named(options, &input.ident, &input.attrs, &data.fields)?),
        Data::Enum(data) => {
            if options.name.is_some() || options.internal.is_some() {
                let attribute = input.attrs.iter().find(|attribute| attribute.path().is_ident("error_type"));
                let span = attribute.map_or_else(Span::call_site, |attribute| attribute.path().span());
                return Err(Error::new(span, "each variant has options of its own: move this above a variant"));
            }
            let variants = data.variants.iter();
            let named = variants.map(|variant| {
                let options = Options::of(&variant.attrs)?;
                if let Some(path) = options.crate_path {
                    return Err(Error::new(path.span(), "`crate` belongs above the type"));
                }
                let named = named(options, &variant.ident, &variant.attrs, &variant.fields)?;
                Ok((variant.ident.clone(), named))
            });
            Names::Enum(named.collect::<Result<_>>()?)
        }
        Data::Union(data) => {
            return Err(Error::new(data.union_token.span(), "an `ErrorType` must be an enum or a struct"));
        }
    };
    Ok(Input { names, crate_path })
}

fn named(options: Options, ident: &Ident, attributes: &[Attribute], fields: &Fields) -> Result<Named> {
    let is_decided = options.name.is_some() || options.internal.is_some();
    if let Some(transparent) = attributes.iter().find(|attribute| !is_decided && is_transparent(attribute)) {
        return Err(Error::new(transparent.span(), SHOWN));
    }
    Ok(Named { name: name(options.name, ident, fields)?, is_internal: options.internal.is_some() })
}

/// Returns `true` for `#[error(transparent)]` of thiserror.
fn is_transparent(attribute: &Attribute) -> bool {
    attribute.path().is_ident("error") && attribute.parse_args::<Ident>().is_ok_and(|option| option == "transparent")
}

fn name(choice: Option<Choice>, ident: &Ident, fields: &Fields) -> Result<Name> {
    match choice {
        None | Some(Choice::Crate(_) | Choice::Internal(_)) => Ok(Name::Text(ident.unraw().to_string())),
        Some(Choice::Name(name)) => text(&name).map(Name::Text),
        Some(Choice::Transparent(span)) => match (fields.len(), fields.members().next()) {
            (1, Some(field)) => Ok(Name::Of(field, span)),
            _ => Err(Error::new(span, "`transparent` requires exactly one field, which implements `ErrorType`")),
        },
    }
}

fn text(name: &LitStr) -> Result<String> {
    let text = name.value();
    let wrong = |why: &str| Err(Error::new(name.span(), why));
    if text.is_empty() {
        return wrong("the name must not be empty");
    }
    if !text.chars().all(|letter| letter.is_ascii_graphic()) {
        return wrong("a name must consist of visible ASCII characters without spaces, such as \"OutOfStock\"");
    }
    // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    if text.starts_with("States.") {
        return wrong("names that begin with `States.` are reserved by Step Functions");
    }
    Ok(text)
}
