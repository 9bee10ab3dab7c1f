//! The options and the function.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, Ident, LitStr, Path, Result, Signature, Token, Type, Visibility, parenthesized, token,
};

use super::validate::makes_a_runtime;
use crate::crate_path::CratePath;
use crate::operation::Documented;

/// The accepted options.
const FORMS: &str = "`#[lambda_handler]` takes these options, separated by commas:
    layer = expr              the layer around the function, such as `layer = api()`
    outer = expr              a layer around the raw event, such as `outer = MetricsLayer::from_env()`; of several the first is the outermost
    warm(T, ..)               clients, secrets and parameters to create before the first event, such as `warm(Client<Users>)`
    route = \"METHOD /path\"    the route of an HTTP function that runs locally, such as `route = \"GET /users/{id}\"`
    streaming                 streams the response of an HTTP function
    concurrency = n           how many records are processed at the same time, such as `concurrency = 8`
    batch = expr              how a batch of records is processed, such as `batch = Batch::new().fail_if_all_fail()`
    margin = expr             how long before its deadline an event function is cancelled, such as `margin = Duration::ZERO`
    openapi(..)               what the OpenAPI document says beside the types, such as `openapi(tags(\"users\"))`
    crate = path              the path of the `pilaster` crate if it is renamed or re-exported, such as `crate = my_sdk::pilaster`";

/// The methods of a route: those of API Gateway's HTTP APIs.
const METHODS: [&str; 8] = ["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// `#[lambda_handler(layer = api(), warm(Client<Users>), route = "GET /users/{id}")]`
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) layer: Option<Expr>,
    pub(crate) outer: Vec<Expr>,
    pub(crate) warm: Option<Punctuated<Type, Token![,]>>,
    pub(crate) route: Option<LitStr>,
    /// The span of the word.
    pub(crate) streaming: Option<Span>,
    pub(crate) concurrency: Option<Expr>,
    pub(crate) batch: Option<Expr>,
    pub(crate) margin: Option<Expr>,
    /// The span of the word, and the options of the operation.
    pub(crate) openapi: Option<(Span, Documented)>,
    pub(crate) crate_path: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if !input.is_empty() {
                let comma: Result<Token![,]> = input.parse();
                comma.map_err(|error| Error::new(error.span(), format!("expected a comma. {FORMS}")))?;
            }
        }
        options.check()?;
        Ok(options)
    }
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(input.error(format!("expected the name of an option. {FORMS}")));
        };
        match name.to_string().as_str() {
            "layer" => once(&mut self.layer, &name, assigned(input)),
            "outer" => {
                let mut outer = None;
                once(&mut outer, &name, assigned(input))?;
                self.outer.extend(outer);
                Ok(())
            }
            "warm" => once(&mut self.warm, &name, listed(input)),
            "route" => {
                once(&mut self.route, &name, assigned(input))?;
                self.route.as_ref().map_or(Ok(()), check_route)
            }
            "streaming" => once(&mut self.streaming, &name, alone(input).map(|()| name.span())),
            "concurrency" => {
                once(&mut self.concurrency, &name, assigned(input))?;
                self.concurrency.as_ref().map_or(Ok(()), check_concurrency)
            }
            "batch" => once(&mut self.batch, &name, assigned(input)),
            "margin" => once(&mut self.margin, &name, assigned(input)),
            "openapi" => self.parse_openapi(&name, input),
            "crate" => once(&mut self.crate_path, &name, CratePath::assigned(input)),
            unknown => Err(Error::new(name.span(), format!("unknown option `{unknown}`. {FORMS}"))),
        }
    }
}

impl Options {
    fn parse_openapi(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        if !cfg!(feature = "openapi") {
            return Err(Error::new(name.span(), "`openapi` needs pilaster's feature `openapi`"));
        }
        let documented = match input.peek(token::Paren) {
            true => {
                let content;
                parenthesized!(content in input);
                content.parse()?
            }
            false => Documented::default(),
        };
        match self.openapi.replace((name.span(), documented)) {
            None => Ok(()),
            Some(_) => Err(Error::new(name.span(), "duplicate option `openapi`: remove one")),
        }
    }

    /// Checks options that belong together.
    fn check(&self) -> Result<()> {
        match (&self.openapi, &self.route) {
            (None, _) => Ok(()),
            (Some((_, documented)), Some(route)) => documented.check(route),
            (Some((span, _)), None) => {
                Err(Error::new(*span, "`openapi` needs the option `route`, such as `route = \"GET /users/{id}\"`"))
            }
        }
    }
}

/// Stores the value of an option, which may occur once.
fn once<T>(place: &mut Option<T>, name: &Ident, value: Result<T>) -> Result<()> {
    let value = value.map_err(|_| Error::new(name.span(), format!("invalid syntax for `{name}`. {FORMS}")))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("duplicate option `{name}`: remove one"))),
    }
}

/// Parses `= value`, up to the next comma.
fn assigned<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    let value = input.parse()?;
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(value),
        false => Err(input.error("expected a comma")),
    }
}

/// Parses nothing, up to the next comma.
fn alone(input: ParseStream<'_>) -> Result<()> {
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(()),
        false => {
            // Reads the rest of the option, or the message would report a missing comma.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            Err(input.error("expected a comma"))
        }
    }
}

/// Parses `(T, ..)`, at least one type.
fn listed<T: Parse>(input: ParseStream<'_>) -> Result<Punctuated<T, Token![,]>> {
    let content;
    parenthesized!(content in input);
    let list = Punctuated::parse_terminated(&content)?;
    match list.is_empty() {
        true => Err(input.error("expected a type")),
        false => Ok(list),
    }
}

/// Rejects a literal 0, which would process no record.
fn check_concurrency(concurrency: &Expr) -> Result<()> {
    match concurrency.to_token_stream().to_string().as_str() {
        "0" => Err(Error::new(concurrency.span(), "`concurrency` must be at least 1")),
        _ => Ok(()),
    }
}

pub(crate) fn check_route(route: &LitStr) -> Result<()> {
    match route_problem(&route.value()) {
        None => Ok(()),
        Some(problem) => {
            let text =
                format!("{problem}; a route is `METHOD /path`, such as `GET /users/{{id}}` or `ANY /files/{{path+}}`");
            Err(Error::new(route.span(), text))
        }
    }
}

/// Returns the reason why a text is not a route of API Gateway's HTTP APIs.
fn route_problem(route: &str) -> Option<String> {
    let Some((method, path)) = route.split_once(' ') else {
        return Some("expected a method and a path, separated by a space".to_owned());
    };
    if !METHODS.contains(&method) {
        return Some(format!("`{method}` is not one of the methods {}", METHODS.join(", ")));
    }
    let Some(path) = path.strip_prefix('/') else {
        return Some("the path of this route must start with `/`".to_owned());
    };
    let segments = path.split('/').collect::<Vec<_>>();
    let mut names = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        if segment.is_empty() && !is_last {
            return Some("the path of this route has an empty segment".to_owned());
        }
        if let Some(name) = segment.strip_prefix([':', '<']) {
            let name = name.trim_end_matches('>');
            // The syntax of other routers; API Gateway treats it as plain text, which no request would match.
            return Some(format!("`{segment}` is the syntax of other routers: write `{{{name}}}`"));
        }
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            match segment.contains(|c: char| c.is_whitespace() || c.is_control() || "{}?#".contains(c)) {
                true => return Some(format!("`{segment}` must be plain text or one parameter in braces")),
                false => continue,
            }
        };
        let plain = name.strip_suffix('+').unwrap_or(name);
        if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c)) {
            return Some(format!(
                "`{segment}` is not a valid parameter: a name has letters, digits, `.`, `_`, `-` and `:`"
            ));
        }
        if plain.len() < name.len() && !is_last {
            return Some(format!("`{segment}` matches the rest of the path, so it must be the last segment"));
        }
        if names.contains(&plain) {
            return Some(format!("the parameter `{plain}` occurs twice"));
        }
        names.push(plain);
    }
    None
}

/// A function, whose body is not parsed.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function = Self::function(input);
        let rest = input.parse::<TokenStream>()?;
        function.map(|(attrs, vis, sig)| Self { attrs, vis, sig, body: rest }).ok_or_else(|| {
            let text = "`#[lambda_handler]` goes on an `async fn`, such as `async fn get_user(Path(id): Path<u64>) -> \
                        Result<Json<User>, HttpError> { .. }`";
            Error::new(Span::call_site(), text)
        })
    }
}

impl Function {
    /// Parses everything before the body.
    fn function(input: ParseStream<'_>) -> Option<(Vec<Attribute>, Visibility, Signature)> {
        let head = (input.call(Attribute::parse_outer).ok()?, input.parse().ok()?, input.parse().ok()?);
        input.peek(token::Brace).then_some(head)
    }

    /// Returns the `#[cfg]` conditions of the function, which also apply to what is added.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// Removes mistakes that the compiler would report again.
    pub(crate) fn without_mistakes(mut self) -> Self {
        self.attrs.retain(|attr| !makes_a_runtime(attr));
        self.sig.constness = None;
        if self.sig.ident == "main" {
            self.sig.ident = Ident::new("handler", self.sig.ident.span());
        }
        self
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attr in &self.attrs {
            attr.to_tokens(tokens);
        }
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}
