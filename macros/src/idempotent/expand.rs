//! The function around the function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, LitStr, Pat, Result};

use super::parse::{Function, Options};

pub(super) fn expand(options: &Options, function: &Function) -> Result<TokenStream> {
    let key = selected(&options.key, function)?;
    let payload = match &options.payload {
        Some(payload) => {
            let payload = selected(payload, function)?;
            quote!(::core::option::Option::Some(#payload))
        }
        None => quote!(::core::option::Option::None::<[_; 0]>),
    };
    let deadline = match &options.invocation {
        Some(name) => {
            let name = argument(name, function)?;
            quote!(::pilaster::Invocation::deadline(&#name))
        }
        None => quote!(::core::option::Option::None),
    };
    let with = match &options.with {
        Some(with) => quote!(&#with),
        None => quote!(::pilaster::idempotency::Idempotency::global()?),
    };
    let prefix = match &options.prefix {
        Some(prefix) => quote!(::pilaster::idempotency::macro_support::Name::Prefix(#prefix)),
        None => {
            let name = function.sig.ident.to_string();
            quote!(::pilaster::idempotency::macro_support::Name::Function(::core::module_path!(), #name))
        }
    };

    // The function as it was written, within; outside, each argument has a name by which it is passed on. Where the inner function is in
    // scope, an argument of its name is not, so by then the arguments have names of the macro's own.
    let Function { attrs, vis, sig, body } = function;
    let begun = Ident::new("begun", Span::mixed_site());
    let (mut outer, mut named, mut passed) = (sig.clone(), Vec::new(), Vec::new());
    for (index, input) in outer.inputs.iter_mut().enumerate() {
        let FnArg::Typed(input) = input else { continue };
        let own = Ident::new(&format!("argument{index}"), Span::mixed_site());
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
            let #begun = ::pilaster::idempotency::macro_support::begin(#with, #prefix, #key, #payload, #deadline).await?;
            #(let #passed = #named;)*
            ::pilaster::idempotency::macro_support::finish(#begun, move || {
                #sig #body

                #call
            })
            .await
        }
    })
}

/// `"customer, order.id"` as a list of the arguments' values and what is selected of each.
fn selected(places: &LitStr, function: &Function) -> Result<TokenStream> {
    let text = places.value();
    let mut values = Vec::new();
    for place in parts(&text) {
        let name = place.find(|c: char| c != '_' && !c.is_alphanumeric()).map_or(place, |end| &place[..end]);
        let Ok(name) = syn::parse_str::<Ident>(name) else {
            let text =
                "name an argument and what is taken of it, such as `order` or `order.id`; several with commas between";
            return Err(Error::new(places.span(), text));
        };
        let path = &place[name.to_string().len()..];
        let name = argument(&Ident::new(&name.to_string(), places.span()), function)?;
        // Where rustc says what the argument's type lacks.
        let span = function.type_of(&name).map_or_else(|| name.span(), Spanned::span);
        let path = LitStr::new(path, span);
        values.push(quote_spanned!(span=> ::pilaster::idempotency::macro_support::select(&#name, #path)));
    }
    Ok(quote!([#(#values),*]))
}

/// What stands between commas that are not within brackets, parentheses or quotes.
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

/// The argument of this name.
fn argument(name: &Ident, function: &Function) -> Result<Ident> {
    if let Some(found) = function.names().find(|argument| *argument == name) {
        return Ok(found.clone());
    }
    let names = function.names().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let text = match names.as_slice() {
        [] => format!("there is no argument `{name}`: give the argument a name"),
        names => format!("there is no argument `{name}`: there is {}", names.join(", ")),
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
