//! What fits together: a name for each variant, that a state machine can catch.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Member, Result};

use super::parse::{Said, said};

/// The names.
pub(super) enum Plan {
    Struct(Name),
    Enum(Vec<(Ident, Name)>),
}

/// Where a name comes from.
pub(super) enum Name {
    Text(String),
    /// Of this field, as is said there.
    Of(Member, Span),
}

pub(super) fn valid(input: &DeriveInput) -> Result<Plan> {
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let why = "an `ErrorType` is looked for among the causes of an error, so it cannot borrow: own what it holds";
        return Err(Error::new(lifetime.span(), why));
    }
    match &input.data {
        Data::Struct(data) => name(&input.attrs, &input.ident, &data.fields).map(Plan::Struct),
        Data::Enum(data) => {
            if let Some(attribute) = input.attrs.iter().find(|attribute| attribute.path().is_ident("error_type")) {
                return Err(Error::new(
                    attribute.path().span(),
                    "each variant has its own name: write this above a variant",
                ));
            }
            let variants = data.variants.iter();
            let named = variants.map(|variant| {
                let name = name(&variant.attrs, &variant.ident, &variant.fields)?;
                Ok((variant.ident.clone(), name))
            });
            named.collect::<Result<_>>().map(Plan::Enum)
        }
        Data::Union(data) => Err(Error::new(data.union_token.span(), "an `ErrorType` is an enum or a struct")),
    }
}

fn name(attributes: &[Attribute], ident: &Ident, fields: &Fields) -> Result<Name> {
    match said(attributes)? {
        None => Ok(Name::Text(ident.unraw().to_string())),
        Some(Said::Name(name)) => text(&name).map(Name::Text),
        Some(Said::Transparent(span)) => match (fields.len(), fields.members().next()) {
            (1, Some(field)) => Ok(Name::Of(field, span)),
            _ => Err(Error::new(span, "`transparent` is for one field, which is an `ErrorType` too")),
        },
    }
}

fn text(name: &LitStr) -> Result<String> {
    let text = name.value();
    let wrong = |why: &str| Err(Error::new(name.span(), why));
    if text.is_empty() {
        return wrong("the name is empty");
    }
    if !text.chars().all(|letter| letter.is_ascii_graphic()) {
        return wrong("a name is one word, of letters, digits and signs of ASCII, such as \"OutOfStock\"");
    }
    // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    if text.starts_with("States.") {
        return wrong("the names that begin with `States.` are those of Step Functions itself");
    }
    Ok(text)
}
