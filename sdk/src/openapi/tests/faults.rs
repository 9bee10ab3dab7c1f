//! Documents that would be wrong.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::faults;
use crate::http::{self, Json, NoContent, Path, Query, RequestContext};
use crate::openapi::of;

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct ById {
    user_id: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind")]
#[allow(dead_code)]
enum Tagged {
    A { a: u8 },
    B { b: u8 },
}

macro_rules! operations {
    ($($name:ident: $route:literal, $argument:ty $(, $option:ident $value:tt)*;)*) => {$(
        #[http::operation(crate = crate, route = $route $(, $option $value)*)]
        async fn $name(_: $argument) -> NoContent {
            NoContent
        }
    )*};
}

operations! {
    by_id: "GET /users/{id}", Path<ById>;
    two: "GET /pairs/{id}", Path<(u64, u64)>;
    one: "GET /singles", Path<u64>;
    map: "GET /maps", Query<HashMap<String, String>>;
    tagged: "GET /tagged", Query<Tagged>;
    list: "GET /lists", Query<Vec<(String, String)>>;
    first: "GET /same/{id}", RequestContext;
    secured: "GET /secured", RequestContext, security("nosuch");
}

mod other {
    use super::{NoContent, RequestContext, http};

    #[http::operation(crate = crate, route = "PUT /same/{id}")]
    pub(super) async fn first(_: RequestContext) -> NoContent {
        NoContent
    }
}

#[test]
fn a_parameter_that_the_route_lacks_is_named_with_the_route() {
    let text = faults(http::routes![by_id]);
    assert_eq!(text, "`GET /users/{id}`: `Path` needs the parameter `user_id`, and the route has `id`");
    assert!(faults(http::routes![two]).contains("`Path` takes 2 parameters, and the route has 1"));
    assert!(faults(http::routes![one]).contains("`Path` takes 1 parameters, and the route has 0"));
}

#[test]
fn a_query_without_fixed_parameters_is_named() {
    for (routes, name) in
        [(http::routes![map], "HashMap"), (http::routes![tagged], "Tagged"), (http::routes![list], "Vec<")]
    {
        let text = faults(routes);
        assert!(text.contains("has no fixed parameters") && text.contains(name), "{text}");
    }
}

#[test]
fn operations_that_cannot_be_told_apart_are_named() {
    let text = faults(http::routes![first, other::first]);
    assert_eq!(
        text,
        "the operations of `GET /same/{id}` and `PUT /same/{id}` have the id `first`: set `id = \"..\"` for one"
    );
    let hidden_from_axum = |document: &mut crate::openapi::Document| {
        document.operation("GET /same/{id}", |_| ());
        document.operation("GET /same/{name}", |_| ());
        document.operation("GET /same/{id}", |_| ());
    };
    let text = crate::openapi::build::build(&hidden_from_axum).unwrap_err().to_string();
    assert!(text.contains("`/same/{id}` and `/same/{name}` are one path"), "{text}");
    assert!(text.contains("`GET /same/{id}` is the route of two operations"), "{text}");
    let text = faults(http::routes![secured]);
    assert!(text.starts_with("`GET /secured`: the security scheme `nosuch` is not defined"), "{text}");
    let text = faults(http::routes![]);
    assert!(text.starts_with("the function has no operation"), "{text}");
}

mod a {
    #[derive(super::Deserialize, super::JsonSchema)]
    #[allow(dead_code)]
    pub(super) struct Line {
        amount: u8,
    }
}

mod b {
    #[derive(super::Deserialize, super::JsonSchema)]
    #[allow(dead_code)]
    pub(super) struct Line {
        points: Vec<(f32, f32)>,
    }
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Invoice {
    lines: Vec<a::Line>,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Drawing {
    line: b::Line,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "{T}Sheet")]
#[allow(dead_code)]
struct Sheet<T> {
    items: Vec<T>,
}

/// These three are called so, and are not numbered.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct User(u8);

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct User2 {
    user: User,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct User3 {
    user: User2,
}

operations! {
    invoice: "POST /invoices", Json<Invoice>;
    drawing: "POST /drawings", Json<Drawing>;
    invoices: "POST /pages/invoices", Json<Page<Invoice>>;
    users: "POST /pages/users", Json<Page<User3>>;
    invoice_sheets: "POST /sheets/invoices", Json<Sheet<Invoice>>;
    user_sheets: "POST /sheets/users", Json<Sheet<User3>>;
}

#[test]
fn two_types_of_one_name_are_named_by_their_uses_and_never_numbered() {
    for routes in [http::routes![invoice, drawing], http::routes![drawing, invoice]] {
        let text = faults(routes);
        assert!(text.contains("two types have the name `Line`") && text.contains("`Invoice.lines`"), "{text}");
        assert!(text.contains("`Drawing.line`") && text.lines().count() == 1, "{text}");
    }
    let text = faults(http::routes![invoices, users]);
    assert!(text.contains("two types have the name `Page`") && text.contains("rename = \"{T}Page\""), "{text}");
}

#[test]
fn a_type_whose_name_ends_with_a_number_keeps_it() {
    let document = super::document(http::routes![invoice_sheets, user_sheets]);
    let names = document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["Invoice", "InvoiceSheet", "Line", "Problem", "User", "User2", "User3", "User3Sheet"]
    );
}

mod names {
    #[derive(super::Deserialize, super::JsonSchema)]
    #[allow(dead_code)]
    pub(super) struct Problem {
        mine: u8,
    }

    #[derive(super::Deserialize, super::JsonSchema)]
    #[schemars(rename = "Über/User")]
    #[allow(dead_code)]
    pub(super) struct Odd {
        a: u8,
    }
}

operations! {
    problem: "POST /problems", Json<names::Problem>;
    odd: "POST /odd", Json<names::Odd>;
    same_again: "GET /same/{name}", RequestContext;
    rest: "GET /same/{path+}", RequestContext;
    pair: "GET /same/{id}/pair", RequestContext;
}

#[test]
fn a_name_that_a_document_cannot_have_is_a_fault() {
    let text = faults(http::routes![problem]);
    assert!(text.starts_with("a type has the name `Problem`"), "{text}");
    let text = faults(http::routes![odd]);
    assert!(text.contains("`Über/User`") && text.contains("letters, digits"), "{text}");
}

#[test]
fn routes_that_axum_cannot_have_stop_the_start() {
    for (routes, says) in [
        (http::routes![first, same_again], "`/same/{id}` and `/same/{name}` are one path"),
        (http::routes![first, first], "`GET /same/{id}` is the route of two operations"),
        (http::routes![first, rest], "`/same/{id}` and `/same/{path+}` match the same paths"),
        (http::routes![pair, rest], "`/same/{id}/pair` and `/same/{path+}` match the same paths"),
    ] {
        let service = http::service(routes);
        let faults = crate::openapi::of(&service).unwrap_err().to_string();
        assert!(faults.contains(says), "the document reports it, too: {faults}");
        let error = service.into_service().err().unwrap();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn two_types_of_one_name_in_functions_of_a_module_are_named() {
    fn first(operation: &mut crate::openapi::Operation<'_>) {
        #[derive(schemars::JsonSchema)]
        #[allow(dead_code)]
        struct Body {
            first: u8,
        }
        operation.request_schema::<Vec<Body>>();
    }
    fn second(operation: &mut crate::openapi::Operation<'_>) {
        #[derive(schemars::JsonSchema)]
        #[allow(dead_code)]
        struct Body {
            second: u8,
        }
        operation.response_schema::<Vec<Body>>();
    }
    let stack = http::Stack::new().openapi(|document| {
        document.operation("GET /first", first);
        document.operation("GET /second", second);
    });
    let found = of(&http::service(http::routes![]).layer(stack)).unwrap_err().to_string();
    assert!(found.contains("::first::Body>` and `alloc::vec::Vec<") && found.contains("have one schema"), "{found}");
}
