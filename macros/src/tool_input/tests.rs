use quote::quote;

use super::expand::snake_case;
use super::*;

#[test]
fn the_default_name_is_in_snake_case() {
    for (name, snake) in [
        ("Weather", "weather"),
        ("GetWeather", "get_weather"),
        ("HTTPGet", "http_get"),
        ("GetURL", "get_url"),
        ("Get2Things", "get2_things"),
        ("A", "a"),
        ("Already_snake", "already_snake"),
    ] {
        assert_eq!(snake_case(name), snake);
    }
}

#[test]
fn the_definition_has_the_doc_comment_and_all_options() {
    let expanded = expand(quote! {
        /// The weather in a city,
        /// now.
        #[tool(name = "weather", title = "Weather", read_only, idempotent, open_world = false)]
        struct Weather { city: String }
    })
    .to_string();
    let definition = quote! {
        ::pilaster::tools::Definition::new("weather", "The weather in a city,\nnow.")
            .with_title("Weather").read_only().idempotent().open_world(false)
    };
    assert!(expanded.contains(&definition.to_string()), "{expanded}");
}

#[test]
fn a_mistake_is_one_error_beside_a_stub() {
    for (wrong, says) in [
        (
            quote!(
                struct A {
                    a: u8,
                }
            ),
            "a tool needs a description",
        ),
        (
            quote!(
                /** d */
                struct A(u8);
            ),
            "a struct with named fields",
        ),
        (
            quote!(
                /** d */
                struct A;
            ),
            "a struct with named fields",
        ),
        (
            quote!(
                /** d */
                enum A {
                    B,
                }
            ),
            "a struct with named fields",
        ),
        (
            quote!(
                /** d */
                #[tool]
                struct A {}
            ),
            "expected options in parentheses",
        ),
        (
            quote!(
                /** d */
                #[tool(name = "a b")]
                struct A {}
            ),
            "1 to 128",
        ),
        (
            quote!(
                /** d */
                #[tool(name = "")]
                struct A {}
            ),
            "1 to 128",
        ),
        (
            quote!(
                /** d */
                #[tool(name)]
                struct A {}
            ),
            "expected `= \\\"text\\\"`",
        ),
        (
            quote!(
                /** d */
                #[tool(readonly)]
                struct A {}
            ),
            "unknown option `readonly`",
        ),
        (
            quote!(
                /** d */
                #[tool(read_only, read_only)]
                struct A {}
            ),
            "duplicate option",
        ),
        (
            quote!(
                /** d */
                #[tool(read_only idempotent)]
                struct A {}
            ),
            "expected a comma",
        ),
        (
            quote!(
                /** d */
                #[tool(destructive)]
                struct A {}
            ),
            "expected `= true`",
        ),
        (
            quote!(
                /** d */
                #[tool(read_only, destructive = true)]
                struct A {}
            ),
            "cannot be destructive",
        ),
        (
            quote!(
                /** d */
                #[tool(read_only)]
                #[tool(idempotent)]
                struct A {}
            ),
            "join the two",
        ),
    ] {
        let expanded = expand(wrong).to_string();
        assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
        assert!(expanded.contains(says) && expanded.contains("tools :: Tool for A"), "{says}: {expanded}");
    }
}
