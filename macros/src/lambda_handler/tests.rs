use quote::{ToTokens, quote};
use syn::parse_str;

use super::expand;
use super::parse::{Function, Options};
use super::validate::problems;

fn refused(options: &str) -> String {
    parse_str::<Options>(options).map(|_| ()).expect_err(options).to_string()
}

fn problem(function: &str) -> Vec<String> {
    let function = parse_str::<Function>(function).expect(function);
    problems(&function).into_iter().flatten().map(|error| error.to_string()).collect()
}

#[test]
fn options_come_in_any_order_and_end_with_a_comma_or_without() {
    for text in [
        r#"layer = api(), warm(Client<Users>, Secret<Db>), route = "GET /users/{id}""#,
        r#"route = "GET /users/{id}", warm(Client<Users>, Secret<Db>,), layer = api(),"#,
    ] {
        let options = parse_str::<Options>(text).unwrap();
        assert_eq!(options.layer.to_token_stream().to_string(), "api ()");
        assert_eq!(options.warm.unwrap().len(), 2);
        assert_eq!(options.route.unwrap().value(), "GET /users/{id}");
    }
    let options = parse_str::<Options>("").unwrap();
    assert!(options.layer.is_none() && options.warm.is_none() && options.route.is_none());
}

#[test]
fn a_layer_is_any_expression() {
    for layer in [
        "api()",
        "http::Stack::new().cors(cors::<A, B>(1, 2))",
        "{ let a = 1; stack(a) }",
        "if WIDE { Either::Left(wide()) } else { Either::Right(narrow()) }",
        "tower::layer::layer_fn(|inner| inner)",
    ] {
        let options = parse_str::<Options>(&format!("layer = {layer}, warm(T)")).expect(layer);
        assert!(options.layer.is_some() && options.warm.is_some(), "{layer}");
    }
}

#[test]
fn what_is_no_option_is_answered_with_the_accepted_forms() {
    for (text, start) in [
        ("layers = api()", "there is no option `layers`"),
        ("concurrency", "`concurrency` is not written like this"),
        ("concurrency(8)", "`concurrency` is not written like this"),
        ("batch()", "`batch` is not written like this"),
        ("margin", "`margin` is not written like this"),
        ("streaming = true", "`streaming` is not written like this"),
        ("streaming(1)", "`streaming` is not written like this"),
        ("async = true", "there is no option `async`"),
        ("\"GET /\"", "no option starts like this"),
        (",", "no option starts like this"),
        ("layer", "`layer` is not written like this"),
        ("layer =", "`layer` is not written like this"),
        ("layer = , warm(T)", "`layer` is not written like this"),
        ("outer(metrics())", "`outer` is not written like this"),
        ("layer(api())", "`layer` is not written like this"),
        ("layer = a b", "`layer` is not written like this"),
        ("warm", "`warm` is not written like this"),
        ("warm()", "`warm` is not written like this"),
        ("warm(1)", "`warm` is not written like this"),
        ("warm(A B)", "`warm` is not written like this"),
        ("warm = Client<T>", "`warm` is not written like this"),
        ("route = GET", "`route` is not written like this"),
        ("route(\"GET /\")", "`route` is not written like this"),
        ("warm(A) layer = b", "a comma is missing here"),
    ] {
        let message = refused(text);
        assert!(message.starts_with(start), "{text}: {message}");
        for form in [
            "layer = expr",
            "outer = expr",
            "warm(T, ..)",
            "route = \"METHOD /path\"",
            "concurrency = n",
            "batch = expr",
            "streaming",
            "margin = expr",
        ] {
            assert!(message.contains(form), "{text}: {message}");
        }
    }
}

#[test]
fn no_record_at_once_is_refused() {
    assert!(refused("concurrency = 0").starts_with("with `concurrency = 0` no record would ever run"));
    assert!(parse_str::<Options>("concurrency = 8, batch = Batch::new()").is_ok());
}

#[test]
fn an_option_is_given_once() {
    assert_eq!(refused("layer = a, layer = b"), "`layer` is given twice; leave one");
    assert_eq!(refused("warm(A), warm(B)"), "`warm` is given twice; leave one");
    assert_eq!(refused("route = \"GET /a\", route = \"GET /b\""), "`route` is given twice; leave one");
}

#[test]
fn a_route_is_a_method_and_a_path() {
    for route in ["GET /", "ANY /{path+}", "DELETE /users/{id}/keys/{key-id}", "POST /users/", "PATCH /v1.0/~a:b/{a}"] {
        assert!(parse_str::<Options>(&format!("route = {route:?}")).is_ok(), "{route}");
    }
    for (route, reason) in [
        ("", "no method and path"),
        ("/users", "no method and path"),
        ("GET/users", "no method and path"),
        ("get /users", "`get` is no method"),
        ("FETCH /users", "`FETCH` is no method"),
        ("GET users", "does not start with `/`"),
        ("GET  /users", "does not start with `/`"),
        ("GET //users", "empty segment"),
        ("GET /users//keys", "empty segment"),
        ("GET /users/{id", "neither plain text"),
        ("GET /users/id-{id}", "neither plain text"),
        ("GET /users?id=1", "neither plain text"),
        ("GET /users /all", "neither plain text"),
        ("GET /users/:id", "write `{id}`"),
        ("GET /users/<id>/keys", "write `{id}`"),
        ("GET /users/{}", "does not name a parameter"),
        ("GET /users/{+}", "does not name a parameter"),
        ("GET /users/{*rest}", "does not name a parameter"),
        ("GET /files/{path+}/meta", "comes last"),
        ("GET /{id}/{id}", "there twice"),
    ] {
        let message = refused(&format!("route = {route:?}"));
        assert!(message.contains(reason), "{route}: {message}");
    }
}

#[test]
fn a_handler_is_judged_by_its_signature() {
    assert_eq!(problem("async fn f(Json(a): Json<A>) -> B { }"), [""; 0]);
    assert_eq!(problem("#[inline] pub(crate) async fn f(mut a: A, _: B) {}"), [""; 0]);
    for (function, part) in [
        ("fn f(a: A) {}", "write `async` before `fn`"),
        ("const fn f(a: A) {}", "cannot be `const`"),
        ("async unsafe fn f(a: A) {}", "cannot be `unsafe`"),
        ("async extern \"C\" fn f(a: A) {}", "cannot be `extern`"),
        ("async fn f() {}", "at least one argument"),
        ("async fn f(self) {}", "without `self`"),
        ("async fn f(&mut self, a: A) {}", "without `self`"),
        ("async fn f<T>(a: T) {}", "no generic parameters"),
        ("async fn f<'a>(a: &'a str) {}", "no generic parameters"),
        ("async fn f(a: A, b: Json<impl B>) {}", "no generic parameters"),
        ("async fn f(_: A, _: A, _: A, _: A, _: A, _: A, _: A, _: A, _: A) {}", "at most 8 arguments"),
        ("async fn main(a: A) {}", "a name of its own"),
        ("#[tokio::main] async fn f(a: A) {}", "remove this attribute"),
    ] {
        let problems = problem(function);
        assert_eq!(problems.len(), 1, "{function}: {problems:?}");
        assert!(problems[0].contains(part), "{function}: {problems:?}");
    }
}

#[test]
fn the_function_stays_as_it_is() {
    let function = quote! {
        /// Docs.
        #[inline]
        pub(crate) async fn get(Path(id): Path<u64>) -> String { what + ever >>= is . here }
    };
    let expanded = expand(quote!(warm(Client<Users>)), function.clone()).to_string();
    assert!(expanded.starts_with(&function.to_string()), "{expanded}");
    assert!(!expanded.contains("compile_error"), "{expanded}");
}

#[test]
fn there_is_one_main_whatever_is_wrong() {
    let right = quote!(
        async fn get(a: A) {}
    );
    for (options, item) in [
        (quote!(), right.clone()),
        (quote!(unknown), right),
        (
            quote!(),
            quote!(
                fn get() {}
            ),
        ),
        (
            quote!(),
            quote!(
                async fn main(a: A) {}
            ),
        ),
        (
            quote!(),
            quote!(
                struct Handler;
            ),
        ),
        (quote!(unknown), quote!(impl A { async fn get(&self) {} })),
        (quote!(), quote!()),
    ] {
        let expanded = expand(options, item).to_string();
        assert_eq!(expanded.matches("fn main ()").count(), 1, "{expanded}");
    }
}
