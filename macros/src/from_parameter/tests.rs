use quote::quote;

use super::*;

/// The messages of the compile errors.
fn errors(input: TokenStream) -> String {
    let expanded = expand(input).to_string();
    assert!(expanded.contains("FromParameter for"), "there is an implementation in any case: {expanded}");
    match expanded.split_once("compile_error") {
        Some((_, rest)) => rest.split_once("impl ").map_or(rest, |(error, _)| error).replace("\\\"", "\""),
        None => String::new(),
    }
}

#[test]
fn a_right_attribute_has_no_error() {
    for right in [
        quote!(
            #[parameter(name = "/shop/limits")]
            struct Limits {
                items: u32,
            }
        ),
        quote!(
            #[parameter(env = "TOKEN", decrypt, text)]
            struct Token(String);
        ),
        quote!(
            #[parameter(name = "discount", source = settings::Shop)]
            struct Discount(f64);
        ),
    ] {
        assert_eq!(errors(right.clone()), "", "{right}");
    }
}

#[test]
fn each_mistake_is_one_sentence_in_words_of_parameters() {
    for (wrong, message) in [
        (
            quote!(
                struct Limits;
            ),
            "the parameter is not named",
        ),
        (
            quote!(
                #[parameter]
                struct Limits;
            ),
            "the parameter is not named",
        ),
        (
            quote!(
                #[parameter(id = "/x")]
                struct Limits;
            ),
            "unknown option",
        ),
        (
            quote!(
                #[parameter(name = "/x", stage = "AWSPENDING")]
                struct Limits;
            ),
            "unknown option",
        ),
        (
            quote!(
                #[parameter(name = "/x", source = "Shop")]
                struct Limits;
            ),
            "`source` must be a type",
        ),
        (
            quote!(
                #[parameter(name = "/x", env = "X")]
                struct Limits;
            ),
            "`name` and `env` both name the parameter",
        ),
        (
            quote!(
                #[parameter(name = "/x", text)]
                struct Limits {
                    a: String,
                    b: String,
                }
            ),
            "such as `struct Key(String);`",
        ),
    ] {
        let errors = errors(wrong.clone());
        assert!(errors.contains(message), "{wrong}: {errors}");
    }
}
