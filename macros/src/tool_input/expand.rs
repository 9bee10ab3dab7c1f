//! The implementation of the trait.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, DeriveInput, Error, parse_quote};

use super::parse::Options;
use crate::bounds::bounds_with;
use crate::crate_path::CratePath;
use crate::{deprecation, doc_comment};

pub(super) fn expand(input: &DeriveInput, options: &Options) -> TokenStream {
    let pilaster = CratePath::from(options.crate_path.clone());
    let name = snake_case(&input.ident.unraw().to_string());
    let definition = definition(options, &name, &input.attrs, &pilaster);
    implementation(input, &pilaster, &definition)
}

/// Returns the error and a stub implementation, so that the compiler does not also report a missing one.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let pilaster = CratePath::default();
    let definition = quote!(#pilaster::tools::Definition::new("", ""));
    let implementation = implementation(input, &pilaster, &definition);
    quote! {
        #error

        #implementation
    }
}

fn implementation(input: &DeriveInput, pilaster: &CratePath, definition: &TokenStream) -> TokenStream {
    let ident: &Ident = &input.ident;
    let allow = deprecation::allowed_of(input);
    let (generics, arguments, _) = input.generics.split_for_impl();
    // The bounds of the trait, of which a generic type may lack one.
    let bounds = bounds_with(input, parse_quote!(Self: #pilaster::tools::IsInput));
    quote! {
        #[automatically_derived]
        #allow
        impl #generics #pilaster::tools::Tool for #ident #arguments #bounds {
            const DEFINITION: #pilaster::tools::Definition = #definition;
        }
    }
}

/// Returns the definition with the description of the options, or of the doc comment.
pub(crate) fn definition(
    options: &Options,
    default_name: &str,
    attributes: &[Attribute],
    pilaster: &CratePath,
) -> TokenStream {
    let name = options.name.as_ref().map_or_else(|| quote!(#default_name), |name| quote!(#name));
    let comment = || doc_comment::joined(attributes);
    let description = options.description.as_ref().map_or_else(comment, |text| quote!(#text));
    let title = options.title.as_ref().map(|title| quote!(.with_title(#title)));
    let read_only = options.read_only.then(|| quote!(.read_only()));
    let idempotent = options.idempotent.then(|| quote!(.idempotent()));
    let destructive = options.destructive.as_ref().map(|truth| quote!(.destructive(#truth)));
    let open_world = options.open_world.as_ref().map(|truth| quote!(.open_world(#truth)));
    quote! {
        #pilaster::tools::Definition::new(#name, #description) #title #read_only #idempotent #destructive #open_world
    }
}

/// Returns `get_weather` for `GetWeather`, and `http_get` for `HTTPGet`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let starts_a_word = c.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() && *before != '_' || chars.get(at + 1).is_some_and(|next| next.is_lowercase())
            });
        if starts_a_word && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
