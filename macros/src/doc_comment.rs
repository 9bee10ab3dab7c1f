//! The text of a doc comment.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the text of a doc comment without its indentation. A part that only the compiler knows is left out.
pub(crate) fn text(attrs: &[Attribute]) -> String {
    let lines = expressions(attrs).filter_map(|text| literal(text).map(|text| undecorated(&text)));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Returns the text of a doc comment as one literal, or one that the compiler joins, such as of
/// `#[doc = include_str!("..")]`.
pub(crate) fn joined(attrs: &[Attribute]) -> TokenStream {
    if is_known(attrs) {
        let text = text(attrs);
        return quote!(#text);
    }
    let texts = texts(attrs);
    let (first, others) = texts.split_first().map_or((None, &[][..]), |(first, others)| (Some(first), others));
    quote!(::core::concat!(#first #(, "\n", #others)*))
}

/// Returns `false` if only the compiler knows a part of a doc comment.
pub(crate) fn is_known(attrs: &[Attribute]) -> bool {
    expressions(attrs).all(|text| literal(text).is_some())
}

/// Returns the texts of a doc comment, each of one or more lines. One that only the compiler knows, such as
/// `#[doc = include_str!("..")]`, stays an expression.
pub(crate) fn texts(attrs: &[Attribute]) -> Vec<TokenStream> {
    let texts = expressions(attrs).map(|text| match literal(text) {
        Some(literal) => {
            let text = undecorated(&literal);
            quote!(#text)
        }
        None => quote!(#text),
    });
    texts.collect()
}

fn expressions(attrs: &[Attribute]) -> impl Iterator<Item = &Expr> {
    attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => Some(&doc.value),
        _ => None,
    })
}

fn literal(text: &Expr) -> Option<String> {
    match text {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Returns the text of a comment without the space and the `*` at the start of its lines.
fn undecorated(text: &str) -> String {
    match text.contains('\n') {
        // `/** .. */`, whose lines may begin with `*`.
        true => {
            let lines = text.lines().map(|line| line.trim_start().trim_start_matches('*'));
            lines.map(unindented).collect::<Vec<_>>().join("\n")
        }
        false => unindented(text),
    }
}

fn unindented(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}
