//! The options and the function.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, LitStr, Result, Signature, Token, Type, Visibility, parenthesized, token};

use super::validate::makes_a_runtime;

/// What may be written in the parentheses.
const FORMS: &str = "`#[lambda_handler]` takes, separated by commas:
    layer = expr              a tower layer around the function, such as `layer = api()`
    outer = expr              a tower layer around the raw event, such as `outer = MetricsLayer::from_env()`
    warm(T, ..)               what is made before the first event, such as `warm(Client<Users>)`
    route = \"METHOD /path\"    the route that leads here, such as `route = \"GET /users/{id}\"`
    streaming                 the response is sent while it is made
    concurrency = n           how many records run at once, such as `concurrency = 8`
    batch = expr              how the records of a batch run, such as `batch = Batch::new().fail_if_all_fail()`
    margin = expr             how long before the deadline a whole event's work is cancelled, such as `margin = Duration::ZERO`";

/// The methods of a route: those of API Gateway's HTTP APIs.
const METHODS: [&str; 8] = ["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// `#[lambda_handler(layer = api(), warm(Client<Users>), route = "GET /users/{id}")]`
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) layer: Option<Expr>,
    pub(crate) outer: Option<Expr>,
    pub(crate) warm: Option<Punctuated<Type, Token![,]>>,
    pub(crate) route: Option<LitStr>,
    /// Where it stands.
    pub(crate) streaming: Option<Span>,
    pub(crate) concurrency: Option<Expr>,
    pub(crate) batch: Option<Expr>,
    pub(crate) margin: Option<Expr>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if !input.is_empty() {
                let comma: Result<Token![,]> = input.parse();
                comma.map_err(|error| Error::new(error.span(), format!("a comma is missing here. {FORMS}")))?;
            }
        }
        Ok(options)
    }
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(input.error(format!("no option starts like this. {FORMS}")));
        };
        match name.to_string().as_str() {
            "layer" => once(&mut self.layer, &name, assigned(input)),
            "outer" => once(&mut self.outer, &name, assigned(input)),
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
            unknown => Err(Error::new(name.span(), format!("there is no option `{unknown}`. {FORMS}"))),
        }
    }
}

/// Keeps the value of an option that is given once.
fn once<T>(place: &mut Option<T>, name: &Ident, value: Result<T>) -> Result<()> {
    let value = value.map_err(|_| Error::new(name.span(), format!("`{name}` is not written like this. {FORMS}")))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("`{name}` is given twice; leave one"))),
    }
}

/// `= value`, up to the next comma.
fn assigned<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    let value = input.parse()?;
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(value),
        false => Err(input.error("expected a comma")),
    }
}

/// Nothing, up to the next comma.
fn alone(input: ParseStream<'_>) -> Result<()> {
    match input.is_empty() || input.peek(Token![,]) {
        true => Ok(()),
        false => {
            // What does not belong here is read, or the comma would be missed.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            Err(input.error("expected a comma"))
        }
    }
}

/// `(T, ..)`, at least one.
fn listed<T: Parse>(input: ParseStream<'_>) -> Result<Punctuated<T, Token![,]>> {
    let content;
    parenthesized!(content in input);
    let list = Punctuated::parse_terminated(&content)?;
    match list.is_empty() {
        true => Err(input.error("expected a type")),
        false => Ok(list),
    }
}

/// A literal 0 would run no record.
fn check_concurrency(concurrency: &Expr) -> Result<()> {
    match concurrency.to_token_stream().to_string().as_str() {
        "0" => Err(Error::new(concurrency.span(), "with `concurrency = 0` no record would ever run: write 1 or more")),
        _ => Ok(()),
    }
}

fn check_route(route: &LitStr) -> Result<()> {
    match route_problem(&route.value()) {
        None => Ok(()),
        Some(problem) => {
            let text =
                format!("{problem}; a route is `METHOD /path`, such as `GET /users/{{id}}` or `ANY /files/{{path+}}`");
            Err(Error::new(route.span(), text))
        }
    }
}

/// Why a text is no route. The form is that of API Gateway's HTTP APIs.
fn route_problem(route: &str) -> Option<String> {
    let Some((method, path)) = route.split_once(' ') else {
        return Some("this route is no method and path with a space between them".to_owned());
    };
    if !METHODS.contains(&method) {
        return Some(format!("`{method}` is no method of a route: {}", METHODS.join(", ")));
    }
    let Some(path) = path.strip_prefix('/') else {
        return Some("the path of this route does not start with `/`".to_owned());
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
            // Other routers write their parameters so; to API Gateway it is plain text, which no request would fit.
            return Some(format!("`{segment}` is how other routers write a parameter: write `{{{name}}}`"));
        }
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            match segment.contains(|c: char| c.is_whitespace() || c.is_control() || "{}?#".contains(c)) {
                true => return Some(format!("`{segment}` is neither plain text nor one parameter in braces")),
                false => continue,
            }
        };
        let plain = name.strip_suffix('+').unwrap_or(name);
        if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c)) {
            return Some(format!("`{segment}` does not name a parameter"));
        }
        if plain.len() < name.len() && !is_last {
            return Some(format!("`{segment}` takes the rest of the path and so comes last"));
        }
        if names.contains(&plain) {
            return Some(format!("the parameter `{plain}` is there twice"));
        }
        names.push(plain);
    }
    None
}

/// A function, of whose body nothing needs to be known.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
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
    /// All up to the body.
    fn function(input: ParseStream<'_>) -> Option<(Vec<Attribute>, Visibility, Signature)> {
        let head = (input.call(Attribute::parse_outer).ok()?, input.parse().ok()?, input.parse().ok()?);
        input.peek(token::Brace).then_some(head)
    }

    /// Under which conditions the function is there: `main` is under the same.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The function, less what rustc would complain about a second time.
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
