//! [`HttpHandler`]: extracts the arguments of an HTTP function from the request and converts its value into the
//! response.

use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Limited};

use crate::function::builder::Sealed;
use crate::function::handler::{Call, each_arity};
use crate::http::error::HttpError;

/// An async function whose arguments are extractors: up to eight, the last of which may consume the body.
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle HTTP requests",
    label = "not a handler of HTTP requests",
    note = "write an `async fn` of one to eight extractors (`Json<T>` and others that consume the body go last) that returns a response, such as `Result<Json<T>, HttpError>`",
    note = "write `#[pilaster::lambda_handler]` above the function: the compiler then reports the type that does not fit",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait HttpHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Extracts the arguments and calls the function.
    fn handle(self, request: Request<Body>, sealed: Sealed) -> impl Future<Output = Response> + Send;

    /// Returns what is wrong with the return type although it compiles.
    #[doc(hidden)]
    fn mistake(sealed: Sealed) -> Option<&'static str>;
}

/// The name of a type is only a hint; where it differs, an error that is a text stays a 200, as in axum.
fn mistake_of<R>() -> Option<&'static str> {
    let name = std::any::type_name::<R>();
    let is_text = name.ends_with(", alloc::string::String>") || name.ends_with(", &str>");
    (is_text && name.starts_with("core::result::Result<")).then_some(
        "the error of the function is a text, which would be sent with status 200: return `HttpError`, and write \
         `.map_err(HttpError::internal)?` where a text is the error",
    )
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case, unused_mut, unused_variables)]
        impl<F, Fut, Res, M, $($part,)* T> HttpHandler<(M, $($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: IntoResponse,
            $($part: FromRequestParts<()> + Send,)*
            T: FromRequest<(), M> + Send,
        {
            async fn handle(self, request: Request<Body>, _: Sealed) -> Response {
                let (mut parts, body) = request.into_parts();
                $(
                    let $part = match $part::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response) {
                        Ok(value) => value,
                        Err(response) => return rejected(response).await,
                    };
                )*
                let last = match T::from_request(Request::from_parts(parts, body), &()).await.map_err(IntoResponse::into_response) {
                    Ok(value) => value,
                    Err(response) => return rejected(response).await,
                };
                self($($part,)* last).await.into_response()
            }

            fn mistake(_: Sealed) -> Option<&'static str> {
                mistake_of::<Res>()
            }
        }
    )*};
}

each_arity!(handlers);

/// The most of a rejection's text that is logged, in bytes.
const LOGGED: usize = 1024;

/// Returns the response of an extractor that rejects the request. A 5xx of another crate's extractor describes a mistake in
/// the function, such as the type of an `Extension` that no layer adds: its text is logged and not sent.
async fn rejected(response: Response) -> Response {
    if !response.status().is_server_error() || response.extensions().get::<HttpError>().is_some() {
        return response;
    }
    let status = response.status();
    let text = Limited::new(response.into_body(), LOGGED).collect().await.map(|body| body.to_bytes());
    let text = text.unwrap_or_else(|_| Bytes::from_static(b"an extractor failed"));
    HttpError::new(status, String::from_utf8_lossy(&text).into_owned()).into_response()
}

impl<F: HttpHandler<Args>, Args: 'static> Call<Request<Body>, Args> for F {
    type Output = Response;
    type Error = Infallible;

    async fn call(self, request: Request<Body>) -> Result<Response, Infallible> {
        Ok(self.handle(request, Sealed).await)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::http::{HttpError, Json};

    #[test]
    fn a_function_whose_error_is_a_text_does_not_start() {
        let refused = [
            crate::handler(async |_: String| Err::<Json<u8>, _>("failed".to_owned())).into_service().err(),
            crate::handler(async |_: String| Err::<String, _>("failed")).into_service().err(),
            crate::handler(async |_: String| Err::<(), &'static str>("failed")).streaming().into_service().err(),
        ];
        for error in refused {
            assert!(error.unwrap().to_string().contains("would be sent with status 200: return `HttpError`"));
        }
        assert!(crate::handler(async |_: String| Err::<String, _>(HttpError::not_found("no"))).into_service().is_ok());
        let with_status = async |_: String| Err::<String, _>((StatusCode::CONFLICT, "taken".to_owned()));
        assert!(crate::handler(with_status).into_service().is_ok());
        assert!(crate::handler(async |text: String| text).into_service().is_ok());
    }
}
