//! [`Routes`]: the router and the document of several handlers.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter, any_service, on_service};
use axum_core::body::Body;
use axum_core::response::Response;
use http::{Method, Request};

use crate::core::descriptions::Descriptions;
use crate::function::builder::Sealed;
use crate::function::{Function, HandlerService};
use crate::http::{HttpError, HttpHandler};
use crate::openapi::{Document, Operation, RouteTable};

/// The handlers of [`http::routes!`](crate::http::routes), which [`http::service`](crate::http::service()) takes.
///
/// A path without a handler is a 404 and a method without one a 405, both with a problem as body.
#[must_use]
pub struct Routes {
    router: Router,
    table: RouteTable,
    pub(crate) descriptions: Descriptions,
    pub(crate) mistake: Option<Cow<'static, str>>,
}

impl Routes {
    #[doc(hidden)]
    pub fn of(package: [&'static str; 4]) -> Self {
        let mut descriptions = Descriptions::default();
        descriptions.add(move |document: &mut Document| document.package(package));
        let router = Router::new().fallback(async || HttpError::not_found("not found"));
        Self { router, table: RouteTable::default(), descriptions, mistake: None }
    }

    /// Changes the router: adds a route that is not in the document, or a layer of axum.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::routing::get;
    /// use pilaster::http::{self, Path};
    ///
    /// /// Greets a caller.
    /// #[http::operation(route = "GET /hello/{name}")]
    /// async fn hello(Path(name): Path<String>) -> String {
    ///     format!("Hello, {name}")
    /// }
    ///
    /// let routes = http::routes![hello].map(|router| router.route("/health", get(async || "well")));
    /// # let _ = routes;
    /// ```
    pub fn map(self, change: impl FnOnce(Router) -> Router) -> Self {
        Self { router: change(self.router), ..self }
    }

    /// Returns the router alone, for a service of your own.
    pub fn into_router(self) -> Router {
        // It applies to the routes that are there, and not to those with a fallback of their own.
        self.router.method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
    }
}

/// Adds a handler. `#[http::operation]` calls it.
#[doc(hidden)]
pub fn add_route<H, Args>(
    mut routes: Routes,
    route: &'static str,
    handler: H,
    describe: impl Fn(&mut Operation<'_>) + Send + Sync + 'static,
) -> Routes
where
    H: HttpHandler<Args>,
    Args: 'static,
{
    routes.mistake = routes.mistake.or(H::mistake(Sealed).map(Cow::Borrowed));
    // The document has the operation all the same: it reports the conflict, too.
    routes.descriptions.add(move |document: &mut Document| document.operation(route, &describe));
    // axum would panic.
    if let Err(conflict) = routes.table.add(route) {
        routes.mistake = routes.mistake.or(Some(conflict.into()));
        return routes;
    }
    let (method, path) = route.split_once(' ').unwrap_or(("ANY", route));
    // axum's syntax for the rest of the path.
    let path = match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
        Some((before, name)) => format!("{before}{{*{name}}}"),
        None => path.to_owned(),
    };
    let service: HandlerService<Request<Body>, Response, Infallible> = HandlerService::new(handler);
    routes.router = routes.router.route(&path, method_router(method, service));
    routes
}

/// Adds the operation of a function. `#[lambda_handler]` calls it.
#[doc(hidden)]
pub fn with_operation<K, L, O>(
    mut function: Function<K, L, O>,
    package: [&'static str; 4],
    route: &'static str,
    describe: impl Fn(&mut Operation<'_>) + Send + Sync + 'static,
) -> Function<K, L, O> {
    function.lifecycle.descriptions.add(move |document: &mut Document| {
        document.package(package);
        document.operation(route, &describe);
    });
    function
}

fn method_router(method: &str, service: HandlerService<Request<Body>, Response, Infallible>) -> MethodRouter {
    match Method::from_bytes(method.as_bytes()).ok().and_then(|method| MethodFilter::try_from(method).ok()) {
        Some(filter) if method != "ANY" => on_service(filter, service),
        _ => any_service(service),
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("router", &self.router).finish_non_exhaustive()
    }
}

/// Makes the router and the document of handlers with [`#[http::operation]`](crate::http::operation).
///
/// A handler of another module is named by its path, or imported: `use users::create_user`.
///
/// # Example
///
/// ```
/// use pilaster::http::{self, Path};
///
/// /// Greets a caller.
/// #[http::operation(route = "GET /hello/{name}")]
/// async fn hello(Path(name): Path<String>) -> String {
///     format!("Hello, {name}")
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
/// # if true { return Ok(()); }
///     pilaster::run(http::service(http::routes![hello]).layer(http::Stack::new()))
/// }
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! routes {
    ($($handler:path),* $(,)?) => {{
        let routes = $crate::http::Routes::of([
            ::core::env!("CARGO_PKG_NAME"),
            ::core::env!("CARGO_PKG_VERSION"),
            ::core::env!("CARGO_PKG_DESCRIPTION"),
            ::core::env!("CARGO_PKG_LICENSE"),
        ]);
        $(let routes = <$handler>::__pilaster_add(routes);)*
        routes
    }};
}
