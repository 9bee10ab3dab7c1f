//! Where the name of the handler is the name of something else, or is not visible everywhere.

use super::*;

mod raw {
    #[pilaster::lambda_handler]
    pub(super) async fn r#type(_: pilaster::http::Method) -> &'static str {
        "raw"
    }
}

/// The module and the type take precedence over the type of the macro.
mod taken {
    pub(super) mod pay {
        pub(crate) fn fee() -> u32 {
            7
        }
    }

    #[pilaster::lambda_handler]
    async fn pay(_: pilaster::http::Method) -> String {
        pay::fee().to_string()
    }

    mod by_a_type {
        #![allow(non_camel_case_types)]

        #[derive(serde::Deserialize)]
        pub(crate) struct order {
            id: u64,
        }

        #[pilaster::lambda_handler]
        async fn order(order: pilaster::Sqs<order>) {
            let _ = order.id;
        }
    }
}

mod hidden {
    #[cfg(any())]
    #[pilaster::lambda_handler(layer = nothing())]
    pub(crate) async fn get(_: NoSuchType) {}

    #[pilaster::lambda_handler]
    #[cfg(test)]
    pub(crate) async fn get(_: pilaster::http::Method) -> &'static str {
        "the other"
    }
}

mod within {
    pub(crate) mod deep {
        #[pilaster::lambda_handler]
        pub(in crate::names) async fn get(_: pilaster::http::Method) -> &'static str {
            "deep"
        }
    }
}

mod deprecated {
    use pilaster::http::{Method, Stack};

    #[deprecated]
    fn api() -> Stack {
        Stack::new()
    }

    #[deny(deprecated)]
    pub(super) mod inner {
        #[pilaster::lambda_handler(layer = super::api())]
        #[deprecated = "the users have moved"]
        pub(in crate::names) async fn get(_: super::Method) -> &'static str {
            "old"
        }
    }
}

async fn text<R: RawService>(function: impl IntoService<Service = R>) -> String {
    let request = pilaster::testing::http::get("/");
    Caller::new(function).send(request).await.unwrap().text().into_owned()
}

#[tokio::test]
async fn raw_conditional_and_restricted_names_work() {
    assert_eq!(text(raw::r#type::function()).await, "raw");
    assert_eq!(text(hidden::get::function()).await, "the other");
    assert_eq!(text(within::deep::get::function()).await, "deep");
    assert_eq!(text(deprecated::inner::get::function()).await, "old");
    assert_eq!(taken::pay::fee(), 7);
}

#[tokio::test]
async fn a_handler_within_a_function_sees_the_names_there() {
    fn api() -> pilaster::http::Stack {
        let errors = pilaster::http::ErrorLayer::new().on::<std::io::Error>(504);
        pilaster::http::Stack::new().errors(errors)
    }

    #[pilaster::lambda_handler(layer = api())]
    async fn get(_: pilaster::http::Method) -> Result<(), pilaster::http::HttpError> {
        Err(std::io::Error::other("gone").into())
    }

    let response = Caller::new(get::function()).send(pilaster::testing::http::get("/")).await.unwrap();
    assert_eq!(response.status(), 504);
}
