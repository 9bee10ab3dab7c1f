//! The path of the `pilaster` crate in the code that a macro generates: `::pilaster` unless `crate = path` names
//! another.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::{Path, Result, Token};

#[derive(Clone, Default)]
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    /// Parses `= path`.
    pub(crate) fn assigned(input: ParseStream<'_>) -> Result<Path> {
        input.parse::<Token![=]>()?;
        input.call(Path::parse_mod_style)
    }

    /// Returns the path with all of its tokens at one span, so that the compiler underlines only this span.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        match &self.0 {
            None => quote_spanned!(span=> ::pilaster),
            Some(path) => path.to_token_stream().into_iter().map(|token| located(token, span)).collect(),
        }
    }
}

impl From<Option<Path>> for CratePath {
    fn from(path: Option<Path>) -> Self {
        Self(path)
    }
}

/// Moves a token to this span. Names keep their hygiene, which `$crate` needs.
fn located(mut token: TokenTree, span: Span) -> TokenTree {
    token.set_span(token.span().located_at(span));
    token
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            None => self.at(Span::call_site()).to_tokens(tokens),
            Some(path) => path.to_tokens(tokens),
        }
    }
}

#[cfg(test)]
mod tests;
