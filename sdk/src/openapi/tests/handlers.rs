//! What the macro makes of a function: its doc comment, and its type.

use super::document;
use crate::http::{self, Method, NoContent};

#[doc = "Reads the rest of this file:"]
#[doc = ""]
#[doc = include_str!("handlers.rs")]
#[http::operation(crate = crate, route = "GET /included")]
async fn included(_: Method) -> NoContent {
    NoContent
}

#[doc = concat!("Returns ", "what is joined.\n\nIn ", stringify!(two), " parts.")]
#[http::operation(crate = crate, route = "GET /joined")]
async fn joined(_: Method) -> NoContent {
    NoContent
}

#[test]
fn a_doc_comment_may_be_an_expression() {
    let document = document(http::routes![included, joined]);
    let included = &document["paths"]["/included"]["get"];
    assert_eq!(included["summary"], "Reads the rest of this file:");
    let description = included["description"].as_str().unwrap();
    assert!(
        description.starts_with("//! What the macro makes") && description.contains("fn included"),
        "{description}"
    );
    let joined = &document["paths"]["/joined"]["get"];
    assert_eq!(
        (&joined["summary"], &joined["description"]),
        (&"Returns what is joined.".into(), &"In two parts.".into())
    );
}

/// Returns the state of the service.
#[http::operation(crate = crate, route = "GET /state")]
async fn state(_: Method) -> NoContent {
    NoContent
}

mod users {
    use super::*;
    use crate::http;

    /// Returns the state of the users.
    #[http::operation(crate = crate, route = "GET /users/state", id = "users_state")]
    pub(super) async fn state(_: Method) -> NoContent {
        NoContent
    }

    pub(super) fn routes() -> http::Routes {
        http::routes![state, super::state, joined]
    }
}

mod imported {
    use super::users::state;

    pub(super) fn routes() -> super::http::Routes {
        super::http::routes![state]
    }
}

#[test]
fn a_handler_may_have_the_name_of_one_in_the_module_around_it() {
    let summary = |routes: http::Routes, path: &str| document(routes)["paths"][path]["get"]["summary"].clone();
    assert_eq!(summary(users::routes(), "/users/state"), "Returns the state of the users.");
    assert_eq!(summary(users::routes(), "/state"), "Returns the state of the service.");
    assert_eq!(summary(imported::routes(), "/users/state"), "Returns the state of the users.");
    assert_eq!(summary(http::routes![state, users::state], "/state"), "Returns the state of the service.");
}

/// A type may have the name of a handler in another namespace, and a lifetime or a macro too.
#[http::operation(crate = crate, route = "GET /raw")]
async fn r#type(_: Method) -> NoContent {
    NoContent
}

#[test]
fn a_handler_may_have_the_name_of_a_keyword() {
    assert_eq!(document(http::routes![r#type])["paths"]["/raw"]["get"]["operationId"], "type");
}
