use quote::quote;

use super::*;

/// The messages of the compile errors.
fn errors(input: TokenStream) -> String {
    let expanded = expand(input).to_string();
    assert!(expanded.contains("FromSecret for"), "there is an implementation in any case: {expanded}");
    match expanded.split_once("compile_error") {
        Some((_, rest)) => rest.split_once("impl ").map_or(rest, |(error, _)| error).replace("\\\"", "\""),
        None => String::new(),
    }
}

#[test]
fn a_right_attribute_has_no_error() {
    for right in [
        quote!(
            #[secret(id = "prod/db")]
            struct Db {
                user: String,
            }
        ),
        quote!(
            #[secret(env = "DB_SECRET", stage = "AWSPENDING")]
            enum Db {
                One { user: String },
                Two,
            }
        ),
        quote!(
            #[secret(id = "key", text)]
            struct Key(SecretString);
        ),
        quote!(
            #[secret(env = "KEY")]
            #[secret(binary)]
            struct Key {
                bytes: SecretSlice<u8>,
            }
        ),
    ] {
        assert_eq!(errors(right.clone()), "", "{right}");
    }
}

#[test]
fn each_mistake_is_one_sentence() {
    for (wrong, message) in [
        (
            quote!(
                struct Db;
            ),
            "the secret is not named",
        ),
        (
            quote!(
                #[secret]
                struct Db;
            ),
            "the secret is not named",
        ),
        (
            quote!(
                #[secret(name = "db")]
                struct Db;
            ),
            "unknown option",
        ),
        (
            quote!(
                #[secret(id)]
                struct Db;
            ),
            "`id` must be a string",
        ),
        (
            quote!(
                #[secret(id = 7)]
                struct Db;
            ),
            "`id` must be a string",
        ),
        (
            quote!(
                #[secret(id = " ")]
                struct Db;
            ),
            "`id` must not be empty",
        ),
        (
            quote!(
                #[secret(id = "a", id = "b")]
                struct Db;
            ),
            "duplicate option",
        ),
        (
            quote!(
                #[secret(id = "a", env = "B")]
                struct Db;
            ),
            "`id` and `env` both name the secret",
        ),
        (
            quote!(
                #[secret(id = "a", text, binary)]
                struct Db(String);
            ),
            "`text` and `binary` cannot be combined",
        ),
        (
            quote!(
                #[secret(id = "a", text)]
                struct Db {
                    a: String,
                    b: String,
                }
            ),
            "`text` requires a struct with one field",
        ),
        (
            quote!(
                #[secret(id = "a", binary)]
                enum Db {
                    A,
                }
            ),
            "`binary` requires a struct with one field",
        ),
        (
            quote!(
                #[secret(id = "a")]
                struct Db<T>(T);
            ),
            "cannot be generic",
        ),
    ] {
        let errors = errors(wrong.clone());
        assert!(errors.contains(message), "{wrong}: {errors}");
        assert_eq!(errors.matches("compile_error").count(), 0, "one error, not several: {errors}");
    }
}

#[test]
fn an_unknown_option_lists_the_accepted_forms() {
    let errors = errors(quote!(
        #[secret(name = "db")]
        struct Db;
    ));
    for form in ["id =", "env =", "stage =", "text", "binary"] {
        assert!(errors.contains(form), "{errors}");
    }
}
