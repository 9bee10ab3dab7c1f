//! The attribute for generated code that names deprecated items of the user.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta};

/// Returns `#[allow(deprecated)]` if one of these attributes is `#[deprecated]` or allows deprecated items.
pub(crate) fn allowed<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Option<TokenStream> {
    let is_about_it = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) if ["allow", "expect"].iter().any(|lint| list.path.is_ident(lint)) => {
            list.tokens.to_string().contains("deprecated")
        }
        meta => meta.path().is_ident("deprecated"),
    };
    attributes.into_iter().any(is_about_it).then(|| quote!(#[allow(deprecated)]))
}

/// Returns the same attribute for a type and its variants.
pub(crate) fn allowed_of(input: &DeriveInput) -> Option<TokenStream> {
    let variants = match &input.data {
        Data::Enum(data) => data.variants.iter().collect(),
        _ => Vec::new(),
    };
    allowed(variants.into_iter().flat_map(|variant| &variant.attrs).chain(&input.attrs))
}
