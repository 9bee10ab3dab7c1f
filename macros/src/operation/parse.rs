//! The options.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitInt, LitStr, Path, Result, Token, Type, parenthesized};

use crate::crate_path::CratePath;
use crate::lambda_handler::check_route;

const FORMS: &str = "`#[http::operation]` takes these options, separated by commas:
    route = \"METHOD /path\"                  the route, such as `route = \"GET /users/{id}\"`
    tags(\"name\", ..)                        the tags, by which viewers group operations
    id = \"name\"                             the `operationId`, by default the name of the function
    responses(409 = \"text\", 200 = Type, ..) more responses: errors by a text, others by their type
    security(\"scheme\", \"scope\", ..)         the security scheme of this operation; `security()` for none
    hidden                                  leaves the operation out of the document
    crate = path                            the path of the `pilaster` crate if it is renamed or re-exported";

const OWN_FORMS: &str =
    "`openapi(..)` takes the options `tags(..)`, `id = \"..\"`, `responses(..)`, `security(..)` and `hidden`";

/// `#[http::operation(route = "POST /users", tags("users"), responses(409 = "The name is taken"))]`
pub(super) struct Options {
    pub(super) route: LitStr,
    pub(super) documented: Documented,
    pub(super) crate_path: Option<Path>,
}

/// What the types of a handler do not say.
#[derive(Default)]
pub(crate) struct Documented {
    pub(super) tags: Vec<LitStr>,
    pub(super) id: Option<LitStr>,
    pub(super) responses: Vec<Response>,
    /// `Some` of nothing for `security()`.
    pub(super) security: Option<Vec<LitStr>>,
    pub(super) is_hidden: bool,
}

pub(super) struct Response {
    pub(super) status: LitInt,
    pub(super) content: Content,
}

pub(super) enum Content {
    Text(LitStr),
    Type(Box<Type>),
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut route, mut crate_path, mut documented) = (None, None, Documented::default());
        each(input, FORMS, |name| {
            match name {
                "route" => {
                    let text = assigned(input)?;
                    check_route(&text)?;
                    route = Some(text);
                }
                "crate" => crate_path = Some(CratePath::assigned(input)?),
                _ => return documented.parse_one(name, input),
            }
            Ok(true)
        })?;
        let Some(route) = route else {
            return Err(Error::new(Span::call_site(), format!("`route` is missing. {FORMS}")));
        };
        documented.check(&route)?;
        Ok(Self { route, documented, crate_path })
    }
}

/// Parses options that are separated by commas. The function returns `false` for an unknown one.
fn each(input: ParseStream<'_>, forms: &str, mut parse: impl FnMut(&str) -> Result<bool>) -> Result<()> {
    let mut seen = Vec::new();
    while !input.is_empty() {
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(input.error(format!("expected the name of an option. {forms}")));
        };
        if seen.contains(&name) {
            return Err(Error::new(name.span(), format!("duplicate option `{name}`: remove one")));
        }
        if !parse(&name.to_string())? {
            return Err(Error::new(name.span(), format!("unknown option `{name}`. {forms}")));
        }
        seen.push(name);
        if !input.is_empty() {
            let comma: Result<Token![,]> = input.parse();
            comma.map_err(|error| Error::new(error.span(), format!("expected a comma. {forms}")))?;
        }
    }
    Ok(())
}

impl Parse for Documented {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut documented = Self::default();
        each(input, OWN_FORMS, |name| documented.parse_one(name, input))?;
        Ok(documented)
    }
}

impl Documented {
    fn parse_one(&mut self, name: &str, input: ParseStream<'_>) -> Result<bool> {
        match name {
            "tags" => self.tags = texts(input)?,
            "id" => self.id = Some(assigned(input)?),
            "responses" => self.responses = responses(input)?,
            "security" => self.security = Some(texts(input)?),
            "hidden" => self.is_hidden = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn check(&self, route: &LitStr) -> Result<()> {
        if route.value().starts_with("ANY ") && !self.is_hidden {
            let text =
                "an operation has one method: name it, or write `hidden` to leave the operation out of the document";
            return Err(Error::new(route.span(), text));
        }
        for response in &self.responses {
            let status: Result<u16> = response.status.base10_parse();
            if !status.is_ok_and(|status| (200..=599).contains(&status)) {
                return Err(Error::new(response.status.span(), "a status is a number from 200 to 599"));
            }
        }
        Ok(())
    }
}

/// Parses `= "text"`.
fn assigned(input: ParseStream<'_>) -> Result<LitStr> {
    let text = input.parse::<Token![=]>().and_then(|_| input.parse());
    text.map_err(|error| Error::new(error.span(), "expected `= \"text\"`"))
}

/// Parses `("text", ..)`.
fn texts(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    listed(input).map_err(|error| Error::new(error.span(), "expected texts in parentheses, such as `(\"users\")`"))
}

fn responses(input: ParseStream<'_>) -> Result<Vec<Response>> {
    let expected = "expected responses, such as `(409 = \"The name is taken\", 200 = Json<User>)`";
    listed(input).map_err(|error| Error::new(error.span(), expected))
}

/// Parses `(T, ..)`.
fn listed<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

impl Parse for Response {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let status = input.parse()?;
        input.parse::<Token![=]>()?;
        let content = match input.peek(LitStr) {
            true => Content::Text(input.parse()?),
            false => Content::Type(Box::new(input.parse()?)),
        };
        Ok(Self { status, content })
    }
}
