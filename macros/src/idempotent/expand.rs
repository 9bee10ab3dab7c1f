//! The function that wraps the user's function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, LitStr, Pat, Result};

use super::parse::{Function, Options};
use crate::crate_path::CratePath;

pub(super) fn expand(options: &Options, function: &Function) -> Result<TokenStream> {
    let pilaster = CratePath::from(options.crate_path.clone());
    let support = quote!(#pilaster::idempotency::macro_support);
    let key = selected(&options.key, function, &pilaster)?;
    let payload = match &options.payload {
        Some(payload) => {
            let payload = selected(payload, function, &pilaster)?;
            quote!(::core::option::Option::Some(#payload))
        }
        None => quote!(::core::option::Option::None::<[_; 0]>),
    };
    let deadline = match &options.invocation {
        Some(name) => {
            let name = argument(name, function)?;
            quote!(#pilaster::Invocation::deadline(&#name))
        }
        None => quote!(::core::option::Option::None),
    };
    let with = match &options.with {
        Some(with) => quote!(&#with),
        None => quote!(#pilaster::idempotency::Idempotency::global()?),
    };
    let prefix = match &options.prefix {
        Some(prefix) => quote!(#support::Name::Prefix(#prefix)),
        None => {
            let name = function.sig.ident.to_string();
            quote!(#support::Name::Function(::core::module_path!(), #name))
        }
    };

    // Arguments are renamed first: a `let` with the name of a constant would be a pattern.
    let Function { attrs, vis, sig, body } = function;
    let begun = Ident::new("pilaster_begun", Span::mixed_site());
    let (mut outer, mut named, mut passed) = (sig.clone(), Vec::new(), Vec::new());
    for (index, input) in outer.inputs.iter_mut().enumerate() {
        let FnArg::Typed(input) = input else { continue };
        let own = Ident::new(&format!("pilaster_argument_{index}"), Span::mixed_site());
        let name = match &*input.pat {
            Pat::Ident(pat) if pat.subpat.is_none() => pat.ident.clone(),
            _ => own.clone(),
        };
        *input.pat = syn::parse_quote!(#name);
        named.push(name);
        passed.push(own);
    }
    let inner = &sig.ident;
    let call = quote_spanned!(inner.span()=> #inner(#(#passed),*));
    Ok(quote! {
        #(#attrs)*
        #vis #outer {
            let #begun = #support::begin(#with, #prefix, #key, #payload, #deadline).await?;
            #(let #passed = #named;)*
            #support::finish(#begun, move || {
                #sig #body

                #call
            })
            .await
        }
    })
}

/// Returns `"customer, order.id"` as a list of the values selected from the arguments.
fn selected(places: &LitStr, function: &Function, pilaster: &CratePath) -> Result<TokenStream> {
    let text = places.value();
    let mut values = Vec::new();
    for place in parts(&text) {
        let name = place.find(|c: char| c != '_' && !c.is_alphanumeric()).map_or(place, |end| &place[..end]);
        let Ok(name) = syn::parse_str::<Ident>(name) else {
            let text =
                "expected an argument and a path into it, such as `order` or `order.id`; separate several with commas";
            return Err(Error::new(places.span(), text));
        };
        let path = &place[name.to_string().len()..];
        let name = argument(&Ident::new(&name.to_string(), places.span()), function)?;
        // The span where the compiler reports a trait that the argument's type lacks.
        let span = function.type_of(&name).map_or_else(|| name.span(), Spanned::span);
        let path = LitStr::new(path, span);
        let pilaster = pilaster.at(span);
        values.push(quote_spanned!(span=> #pilaster::idempotency::macro_support::select(&#name, #path)));
    }
    Ok(quote!([#(#values),*]))
}

/// Splits at commas that are not within brackets, parentheses or quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"' | '`', None) => quote = Some(c),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) => depth -= 1,
            (',', None) if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Returns the argument of this name.
fn argument(name: &Ident, function: &Function) -> Result<Ident> {
    if let Some(found) = function.names().find(|argument| *argument == name) {
        return Ok(found.clone());
    }
    let names = function.names().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let text = match names.as_slice() {
        [] => format!("there is no argument `{name}`: name the argument"),
        names => format!("there is no argument `{name}`; the arguments are {}", names.join(", ")),
    };
    Err(Error::new(name.span(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_brackets_and_quotes_do_not_part() {
        assert_eq!(parts("a, b.c"), ["a", "b.c"]);
        assert_eq!(parts("a.[x, y], b[?c == 'd,e'], f(@, g)"), ["a.[x, y]", "b[?c == 'd,e']", "f(@, g)"]);
        assert_eq!(parts(""), [""]);
    }
}
