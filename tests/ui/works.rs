//! Handlers that `#[lambda_handler]` accepts: they compile, and the functions can still be called.
//!
//! Each function has its own module, since each gets a `main`. The examples show that such a `main` serves.
#![allow(dead_code, missing_docs)]

mod all_options {
    use pilaster::http::{self, Created, HttpError, Json, Path};
    use pilaster::{BoxError, Client, Clients, FromClients, lambda_handler};
    use serde::{Deserialize, Serialize};

    #[derive(Clone)]
    struct Users(u64);

    impl FromClients for Users {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            Ok(Users(0))
        }
    }

    #[derive(Deserialize)]
    struct Rename {
        name: String,
    }

    #[derive(Serialize)]
    struct User {
        id: u64,
        name: String,
    }

    fn api() -> http::Stack {
        http::Stack::new().errors(http::ErrorLayer::new())
    }

    #[lambda_handler(layer = api(), warm(Client<Users>), route = "PUT /users/{id}")]
    async fn rename(
        Client(Users(first)): Client<Users>,
        Path(id): Path<u64>,
        Json(Rename { name }): Json<Rename>,
    ) -> Result<Created<User>, HttpError> {
        if id < first {
            return Err(HttpError::not_found("no such user"));
        }
        Ok(Created::at(format!("/users/{id}"), User { id, name }))
    }

    #[tokio::test]
    async fn the_function_is_called_as_it_was_written() {
        let call = |first, id| rename(Client(Users(first)), Path(id), Json(Rename { name: "Ada".to_owned() }));
        assert!(call(1, 1).await.is_ok());
        assert_eq!(call(2, 1).await.map(|_| ()).unwrap_err().status(), 404);
    }
}

mod aliases {
    mod renamed {
        pub(super) use pilaster::http::Json as Body;
        pub(super) use pilaster::http::Path as Parameters;
    }

    use pilaster::http::HttpError;
    use pilaster::lambda_handler as lambda;

    type Number = renamed::Body<i64>;
    type Answer<T> = Result<renamed::Body<T>, HttpError>;

    #[lambda]
    async fn add(renamed::Parameters(id): renamed::Parameters<i64>, number: Number) -> Answer<i64> {
        Ok(renamed::Body(id + number.0))
    }

    #[tokio::test]
    async fn aliases_and_reexports_are_as_good_as_the_types_themselves() {
        let renamed::Body(sum) = add(renamed::Parameters(1), renamed::Body(2)).await.unwrap();
        assert_eq!(sum, 3);
    }
}

mod attributes_and_visibility {
    #[pilaster::lambda_handler(route = "ANY /{path+}")]
    /// Returns the method and the path.
    #[must_use]
    #[allow(clippy::unused_async)]
    pub(crate) async fn echo(method: pilaster::http::Method, mut uri: pilaster::http::Uri) -> String {
        if uri.path() == "/" {
            uri = pilaster::http::Uri::from_static("/home");
        }
        format!("{method} {uri}")
    }

    #[cfg(any())]
    #[pilaster::lambda_handler]
    async fn not_here(_: NoSuchType) {}

    mod nor_this_one {
        #[pilaster::lambda_handler]
        #[cfg(any())]
        async fn not_here(_: NoSuchType) {}
    }
}

#[tokio::test]
async fn visibility_and_attributes_stay() {
    use pilaster::http::{Method, Uri};
    assert_eq!(attributes_and_visibility::echo(Method::GET, Uri::from_static("/")).await, "GET /home");
}

/// The names in `main` cannot clash with those of the user, and the code that is added has no warnings.
mod names_of_the_macro {
    #![deny(warnings, clippy::pedantic)]
    #![allow(clippy::unused_async)]

    use pilaster::http::{Path, Stack};
    use pilaster::lambda_handler;

    pub(crate) struct Type;
    pub(crate) struct Kind;
    pub(crate) struct Argument;
    pub(crate) struct Response;
    pub(crate) struct Fallback;

    fn kind() -> Stack {
        Stack::new()
    }

    #[lambda_handler(layer = { let handler = kind; handler() }, outer = tower::layer::util::Identity::new())]
    async fn handler(Path(kind): Path<u64>) -> String {
        kind.to_string()
    }

    mod values {
        #![allow(non_upper_case_globals)]

        use pilaster::http::{HttpError, Path};

        pub(crate) const handler: u8 = 0;
        pub(crate) const kind: u8 = 1;
        pub(crate) const arg0: u8 = 2;
        pub(crate) static function: u8 = 3;

        #[pilaster::lambda_handler]
        async fn get(Path(id): Path<u64>) -> Result<String, HttpError> {
            Ok(id.to_string())
        }
    }

    mod prelude {
        #![expect(non_camel_case_types)]

        use ::pilaster::http::{HttpError, Path};

        pub(crate) struct Ok;
        pub(crate) struct Err;
        pub(crate) struct Some;
        pub(crate) struct None;
        pub(crate) struct String;
        pub(crate) struct Box;
        pub(crate) struct Option;
        pub(crate) struct u16;
        pub(crate) mod core {}
        pub(crate) mod std {}
        pub(crate) mod pilaster {}

        type Result<T> = ::core::result::Result<T, HttpError>;

        #[::pilaster::lambda_handler(route = "GET /{id}")]
        async fn get(Path(_): Path<u64>) -> Result<&'static str> {
            Result::Ok("found")
        }
    }

    mod traits {
        use pilaster::http::{Json, Path};

        pub(crate) trait Everything: Sized {
            fn sent(&self) {}
            fn received(&self) {}
            fn named(&self) {}
            fn check(self) {}
            fn layer(self) {}
            fn outer(self) {}
            fn warm(self) {}
            fn route(self) {}
        }

        impl<T> Everything for T {}

        #[pilaster::lambda_handler(layer = pilaster::http::Stack::new(), route = "GET /{id}")]
        async fn get(Path(id): Path<u64>) -> Json<u64> {
            Json(id)
        }
    }

    mod deprecated {
        use pilaster::http::{HttpError, Path};

        #[deprecated = "the users have moved"]
        #[pilaster::lambda_handler]
        async fn run(Path(id): Path<u64>) -> String {
            id.to_string()
        }

        #[deprecated]
        #[derive(Debug, thiserror::Error, pilaster::ErrorType)]
        #[error("moved")]
        pub(crate) struct Moved;

        #[deprecated]
        #[pilaster::idempotent(key = "id")]
        pub(crate) async fn charge(id: u64) -> Result<u64, HttpError> {
            Ok(id)
        }
    }

    mod idempotent {
        #![allow(non_upper_case_globals)]

        pub(crate) const begun: u8 = 0;
        pub(crate) const argument0: u8 = 0;

        #[pilaster::idempotent(key = "id")]
        pub(crate) async fn charge(id: u64) -> Result<u64, pilaster::BoxError> {
            Ok(id)
        }
    }
}

/// The crate by another path than `::pilaster`.
mod path_of_the_crate {
    mod sdk {
        pub(crate) use ::pilaster as lambda;
    }

    mod requests {
        use super::sdk::lambda::http::{HttpError, Json, Path, Stack};

        #[derive(Debug, thiserror::Error, pilaster::ErrorType)]
        #[error_type(crate = super::sdk::lambda)]
        #[error("nothing is left")]
        pub(crate) struct OutOfStock;

        #[pilaster::idempotent(key = "id", crate = super::sdk::lambda)]
        pub(crate) async fn reserve(id: u64) -> Result<u64, HttpError> {
            Ok(id)
        }

        #[pilaster::lambda_handler(crate = super::sdk::lambda, layer = Stack::new(), route = "GET /{id}")]
        async fn get(Path(id): Path<u64>) -> Result<Json<u64>, HttpError> {
            reserve(id).await.map(Json)
        }
    }

    mod events {
        #[pilaster::lambda_handler(crate = crate::path_of_the_crate::sdk::lambda, margin = None)]
        async fn count(event: pilaster::Event<u32>) -> Result<u32, super::requests::OutOfStock> {
            Ok(*event)
        }
    }
}

/// An extractor and a response of another crate, which name what they require.
mod extractors_of_another_crate {
    use pilaster::check::{Argument, Deserializable, Holds, Response, Serializable};
    use pilaster::http::{self, Body, FromRequest, HttpError, IntoResponse, Json, Request};
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    struct List<T>(Vec<T>);

    impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for List<T> {
        type Rejection = HttpError;

        async fn from_request(request: Request<Body>, state: &S) -> Result<Self, HttpError> {
            let Json(list) = Json::<Vec<T>>::from_request(request, state).await?;
            Ok(List(list))
        }
    }

    impl<T: Serialize> IntoResponse for List<T> {
        fn into_response(self) -> http::Response {
            Json(self.0).into_response()
        }
    }

    impl<T> Holds<Argument> for List<T> {
        type Requires = Deserializable<T>;
    }

    impl<T> Holds<Response> for List<T> {
        type Requires = Serializable<T>;
    }

    #[pilaster::lambda_handler]
    async fn reverse(List(mut list): List<u32>) -> List<u32> {
        list.reverse();
        List(list)
    }
}

mod answers {
    mod nothing {
        #[pilaster::lambda_handler]
        async fn nothing(_: pilaster::http::HeaderMap) {}
    }

    mod without_a_name {
        use pilaster::http::{HttpError, IntoResponse, Method, StatusCode};

        #[pilaster::lambda_handler]
        async fn teapot(method: Method) -> Result<impl IntoResponse, HttpError> {
            match method {
                Method::GET => Ok((StatusCode::IM_A_TEAPOT, "short and stout")),
                _ => Err(HttpError::from_status(StatusCode::METHOD_NOT_ALLOWED)),
            }
        }
    }

    mod of_axum {
        use pilaster::http::Uri;

        #[pilaster::lambda_handler]
        async fn get(_: Uri) -> axum_core::response::Result<String> {
            Err("an error of axum".into())
        }
    }
}

mod arguments {
    mod eight {
        use pilaster::Invocation;
        use pilaster::http::{Bytes, HeaderMap, HttpError, Method, Path, Query, Rejection, RequestContext, Uri};

        #[pilaster::lambda_handler]
        #[expect(clippy::too_many_arguments)]
        async fn much(
            _: Method,
            _: Uri,
            _: HeaderMap,
            invocation: Invocation,
            _: RequestContext,
            path: Option<Path<u64>>,
            query: Result<Query<Vec<(String, String)>>, Rejection>,
            body: Bytes,
        ) -> Result<String, HttpError> {
            let Query(query) = query?;
            Ok(format!("{} {} {} {}", invocation.request_id(), path.is_some(), query.len(), body.len()))
        }
    }

    mod of_your_own {
        use pilaster::http::{Body, FromRequest, FromRequestParts, HttpError, Json, Request};

        struct Name(String);

        impl<S: Sync> FromRequestParts<S> for Name {
            type Rejection = HttpError;

            async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, HttpError> {
                Ok(Name(parts.uri.path().trim_start_matches('/').to_owned()))
            }
        }

        struct Empty;

        impl<S: Sync> FromRequest<S> for Empty {
            type Rejection = HttpError;

            async fn from_request(_: Request<Body>, _: &S) -> Result<Self, HttpError> {
                Ok(Empty)
            }
        }

        #[pilaster::lambda_handler]
        async fn greet(Name(name): Name, _: Empty) -> Json<String> {
            Json(name)
        }
    }
}

mod records {
    use pilaster::records::{Batch, SqsMessage};
    use pilaster::{BoxError, Invocation, Sqs, lambda_handler};
    use tower::layer::util::Identity;

    #[lambda_handler(concurrency = 4, batch = Batch::new().fail_if_all_fail(), layer = Identity::new(), outer = Identity::new())]
    async fn ship(_: Invocation, message: SqsMessage, order: Sqs<u32>) -> Result<(), BoxError> {
        tracing::info!(id = message.id(), order = *order);
        Ok(())
    }
}

mod events {
    use pilaster::{Event, lambda_handler};

    #[derive(Debug, thiserror::Error, pilaster::ErrorType)]
    enum ReserveError {
        #[error("there are no more of it")]
        OutOfStock,
    }

    #[lambda_handler(margin = std::time::Duration::from_secs(1))]
    async fn reserve(Event(count): Event<u32>) -> Result<u32, ReserveError> {
        if count > 7 { Err(ReserveError::OutOfStock) } else { Ok(count) }
    }
}

mod of_each_source {
    mod topic {
        #[pilaster::lambda_handler]
        async fn thank(_: pilaster::records::SnsNotification, paid: pilaster::Sns<u32>) -> Result<(), std::io::Error> {
            if *paid == 0 { Err(std::io::ErrorKind::InvalidData.into()) } else { Ok(()) }
        }
    }

    mod broker {
        #[pilaster::lambda_handler]
        async fn ship(_: pilaster::records::MqRecord, _: pilaster::MqMessage<Vec<u8>>) {}
    }

    mod mail {
        #[pilaster::lambda_handler]
        async fn receive(_: pilaster::SesMessage) {}
    }

    mod bus {
        #[pilaster::lambda_handler]
        async fn thank(_: pilaster::EventBridge<String>) {}
    }

    mod clock {
        #[pilaster::lambda_handler]
        async fn report(_: pilaster::Invocation, _: pilaster::Schedule) -> Result<(), pilaster::BoxError> {
            Ok(())
        }
    }

    mod gateway {
        use pilaster::events::authorizer::{AuthorizerError, Simple};

        #[pilaster::lambda_handler]
        async fn authorize(request: pilaster::Authorizer) -> Result<Simple, AuthorizerError> {
            let token = request.bearer_token().ok_or(AuthorizerError::Unauthorized)?;
            Ok(if token == "ada's" { Simple::allow() } else { Simple::deny() })
        }
    }
}
