use quote::{ToTokens, quote};
use syn::parse_str;

use super::expand;
use super::parse::{Function, Options};
use super::validate::problems;

fn rejected(options: &str) -> String {
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
fn an_unknown_option_lists_the_accepted_ones() {
    for (text, start) in [
        ("layers = api()", "unknown option `layers`"),
        ("concurrency", "invalid syntax for `concurrency`"),
        ("concurrency(8)", "invalid syntax for `concurrency`"),
        ("batch()", "invalid syntax for `batch`"),
        ("margin", "invalid syntax for `margin`"),
        ("streaming = true", "invalid syntax for `streaming`"),
        ("streaming(1)", "invalid syntax for `streaming`"),
        ("async = true", "unknown option `async`"),
        ("\"GET /\"", "expected the name of an option"),
        (",", "expected the name of an option"),
        ("layer", "invalid syntax for `layer`"),
        ("layer =", "invalid syntax for `layer`"),
        ("layer = , warm(T)", "invalid syntax for `layer`"),
        ("outer(metrics())", "invalid syntax for `outer`"),
        ("layer(api())", "invalid syntax for `layer`"),
        ("layer = a b", "invalid syntax for `layer`"),
        ("warm", "invalid syntax for `warm`"),
        ("warm()", "invalid syntax for `warm`"),
        ("warm(1)", "invalid syntax for `warm`"),
        ("warm(A B)", "invalid syntax for `warm`"),
        ("warm = Client<T>", "invalid syntax for `warm`"),
        ("route = GET", "invalid syntax for `route`"),
        ("route(\"GET /\")", "invalid syntax for `route`"),
        ("warm(A) layer = b", "expected a comma"),
    ] {
        let message = rejected(text);
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
            "crate = path",
        ] {
            assert!(message.contains(form), "{text}: {message}");
        }
    }
}

#[test]
fn a_concurrency_of_zero_is_rejected() {
    assert!(rejected("concurrency = 0").starts_with("`concurrency` must be at least 1"));
    assert!(parse_str::<Options>("concurrency = 8, batch = Batch::new()").is_ok());
}

#[test]
fn an_option_is_given_once() {
    assert_eq!(rejected("layer = a, layer = b"), "duplicate option `layer`: remove one");
    assert_eq!(rejected("warm(A), warm(B)"), "duplicate option `warm`: remove one");
    assert_eq!(rejected("route = \"GET /a\", route = \"GET /b\""), "duplicate option `route`: remove one");
}

#[test]
fn the_first_of_several_outer_layers_is_the_outermost() {
    let function = quote!(
        async fn get(_: A) {}
    );
    let expanded = expand(quote!(outer = first(), outer = second()), function).to_string();
    let inner = expanded.find("first ()").expect("the first is there");
    assert!(inner < expanded.find("second ()").expect("the second is there"), "{expanded}");
}

#[test]
fn the_path_of_the_crate_is_not_a_string() {
    assert!(rejected("crate = \"pilaster\"").starts_with("invalid syntax for `crate`"));
}

#[test]
fn a_route_is_a_method_and_a_path() {
    for route in ["GET /", "ANY /{path+}", "DELETE /users/{id}/keys/{key-id}", "POST /users/", "PATCH /v1.0/~a:b/{a}"] {
        assert!(parse_str::<Options>(&format!("route = {route:?}")).is_ok(), "{route}");
    }
    for (route, reason) in [
        ("", "expected a method and a path"),
        ("/users", "expected a method and a path"),
        ("GET/users", "expected a method and a path"),
        ("get /users", "`get` is not one of the methods"),
        ("FETCH /users", "`FETCH` is not one of the methods"),
        ("GET users", "must start with `/`"),
        ("GET  /users", "must start with `/`"),
        ("GET //users", "empty segment"),
        ("GET /users//keys", "empty segment"),
        ("GET /users/{id", "must be plain text"),
        ("GET /users/id-{id}", "must be plain text"),
        ("GET /users?id=1", "must be plain text"),
        ("GET /users /all", "must be plain text"),
        ("GET /users/:id", "write `{id}`"),
        ("GET /users/<id>/keys", "write `{id}`"),
        ("GET /users/{}", "is not a valid parameter"),
        ("GET /users/{+}", "is not a valid parameter"),
        ("GET /users/{*rest}", "is not a valid parameter"),
        ("GET /files/{path+}/meta", "must be the last segment"),
        ("GET /{id}/{id}", "occurs twice"),
    ] {
        let message = rejected(&format!("route = {route:?}"));
        assert!(message.contains(reason), "{route}: {message}");
    }
}

#[test]
fn a_handler_must_have_a_fitting_signature() {
    assert_eq!(problem("async fn f(Json(a): Json<A>) -> B { }"), [""; 0]);
    assert_eq!(problem("#[inline] pub(crate) async fn f(mut a: A, _: B) {}"), [""; 0]);
    for (function, part) in [
        ("fn f(a: A) {}", "write `async` before `fn`"),
        ("const fn f(a: A) {}", "cannot be `const`"),
        ("async unsafe fn f(a: A) {}", "cannot be `unsafe`"),
        ("async extern \"C\" fn f(a: A) {}", "cannot be `extern`"),
        ("async fn f() {}", "must have an argument"),
        ("async fn f(self) {}", "in place of `self`"),
        ("async fn f(&mut self, a: A) {}", "in place of `self`"),
        ("async fn f<T>(a: T) {}", "cannot be generic"),
        ("async fn f<'a>(a: &'a str) {}", "cannot be generic"),
        ("async fn f(a: A, b: Json<impl B>) {}", "cannot be generic"),
        ("async fn f(_: A, _: A, _: A, _: A, _: A, _: A, _: A, _: A, _: A) {}", "at most 8 arguments"),
        ("async fn main(a: A) {}", "rename the handler"),
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
fn main_runs_what_function_returns_and_has_no_options_of_its_own() {
    let function = quote!(
        pub(crate) async fn r#type(_: A) -> Result<B, C> {}
    );
    let options = quote!(layer = api(), outer = metrics(), warm(Client<D>), concurrency = 8, batch = b(), margin = m());
    let expanded = expand(options, function).to_string();
    let (function, main) = expanded.split_once("fn main ()").expect("there is a main");
    assert_eq!(
        main,
        " -> :: core :: result :: Result < () , :: pilaster :: StartError > \
         { :: pilaster :: __private :: run (__pilaster_type :: r#type :: function) }"
    );
    assert!(function.contains("pub (crate) fn function () -> impl :: pilaster :: IntoService"), "{function}");
    for part in ["api ()", "metrics ()", "Client < D >", "8", "b ()", "m ()"] {
        assert_eq!(function.matches(part).count(), 1, "{part}: {function}");
    }
}

#[test]
fn the_conditions_and_the_deprecation_of_the_function_apply_to_what_is_added() {
    let function = quote!(
        #[cfg(unix)]
        #[deprecated]
        async fn get(_: A) {}
    );
    let expanded = expand(quote!(layer = api()), function).to_string();
    assert_eq!(expanded.matches("# [cfg (unix)]").count(), 5, "the function, its type and import, `function`, `main`");
    assert_eq!(expanded.matches("# [allow (deprecated)]").count(), 1, "{expanded}");
}

#[test]
fn there_is_one_main_also_with_a_mistake() {
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
