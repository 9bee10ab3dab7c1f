//! The text of a doc comment.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the text of a doc comment without its indentation.
pub(crate) fn text(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let text = lines.map(|text| match text.contains('\n') {
        // `/** .. */`, whose lines may begin with `*`.
        true => text
            .lines()
            .map(|line| line.trim_start().trim_start_matches('*'))
            .map(unindented)
            .collect::<Vec<_>>()
            .join("\n"),
        false => unindented(&text),
    });
    text.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn unindented(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}
