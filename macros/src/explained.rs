//! Names the page of the guide that explains a mistake, below the message of the mistake.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

/// The page of the messages of a macro.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    Compile,
    Tools,
}

impl Page {
    fn address(self) -> &'static str {
        match self {
            Self::Compile => "https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html",
            Self::Tools => "https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html",
        }
    }
}

/// Adds the page to each `::core::compile_error! { ".." }` of `syn`, which are beside the items of an expansion and not within.
pub(crate) fn explained(page: Page, expanded: TokenStream) -> TokenStream {
    let mut names = [const { String::new() }; 2];
    expanded
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(name) => {
                names.rotate_left(1);
                names[1] = name.to_string();
                TokenTree::Ident(name)
            }
            TokenTree::Group(group) if names == ["core", "compile_error"] && group.delimiter() == Delimiter::Brace => {
                names[1].clear();
                TokenTree::Group(with_page(page, &group))
            }
            token => token,
        })
        .collect()
}

fn with_page(page: Page, message: &Group) -> Group {
    let tokens = message.stream().into_iter().map(|token| {
        let TokenTree::Literal(literal) = &token else { return token };
        let Ok(text) = syn::parse2::<syn::LitStr>(token.clone().into()) else { return token };
        let mut explained = Literal::string(&format!("{}\nsee {}", text.value(), page.address()));
        explained.set_span(literal.span());
        TokenTree::Literal(explained)
    });
    let mut explained = Group::new(message.delimiter(), tokens.collect());
    explained.set_span(message.span());
    explained
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;
    use syn::Error;

    use super::*;

    #[test]
    fn only_messages_of_mistakes_name_the_page() {
        let mut error = Error::new(Span::call_site(), "first");
        error.combine(Error::new(Span::call_site(), "second"));
        let error = error.into_compile_error();
        for (page, name) in [(Page::Compile, "compile"), (Page::Tools, "tools")] {
            let expanded = explained(page, quote! { #error fn main() { "first" } }).to_string();
            let see = format!("see https://pilaster-rs.github.io/pilaster/troubleshooting-{name}.html");
            assert_eq!(expanded.matches(&see).count(), 2, "{expanded}");
            let first = format!("\"first\\n{see}\"");
            assert!(expanded.contains(&first) && expanded.ends_with("{ \"first\" }"), "{expanded}");
        }
        let item = quote! { fn a() -> &'static str { stringify!(core::compile_error! { "a" }) } };
        assert_eq!(explained(Page::Compile, item.clone()).to_string(), item.to_string());
    }
}
