use quote::quote;

use super::*;

#[test]
fn the_function_stays_and_its_plain_arguments_are_the_input() {
    let expanded = expand(
        quote!(read_only),
        quote! {
            /// Adds.
            pub async fn add(Client(db): Client<Db>, /** First. */ a: i64, #[extract] session: Session) -> i64 { 1 }
        },
    )
    .to_string();
    let function = quote!(
        pub async fn add(Client(db): Client<Db>, a: i64, session: Session) -> i64 {
            1
        }
    )
    .to_string();
    assert!(expanded.contains(&function), "{expanded}");
    let (_, input) = expanded.split_once("struct PilasterInput").unwrap();
    let (input, _) = input.split_once('}').unwrap();
    assert!(input.contains(" First. ") && input.ends_with("a : i64 "), "{input}");
    let call = quote!(add(pilaster_argument_0, pilaster_input.a, pilaster_argument_2)).to_string();
    assert!(expanded.contains(&call), "{expanded}");
    assert!(expanded.contains(r#"crate = "::pilaster::__private::serde""#), "{expanded}");
}

#[test]
fn a_mistake_is_an_error_beside_the_function() {
    for (options, wrong, says) in [
        (
            quote!(),
            quote!(
                async fn add(a: i64) {}
            ),
            "a tool needs a description",
        ),
        (
            quote!(),
            quote!(
                /** d */
                fn add(a: i64) {}
            ),
            "must be an `async fn`",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add(a: &str) {}
            ),
            "own their values",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add(&self) {}
            ),
            "remove `self`",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add<T>(a: T) {}
            ),
            "cannot be generic",
        ),
        (
            quote!(readonly),
            quote!(
                /** d */
                async fn add(
                    /** e */
                    a: u8,
                ) {
                }
            ),
            "unknown option `readonly`",
        ),
        (
            quote!(),
            quote!(
                struct A;
            ),
            "goes on an `async fn`",
        ),
    ] {
        let expanded = expand(options, wrong).to_string();
        assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
        assert!(expanded.contains(says), "{says}: {expanded}");
        assert!(!expanded.contains("doc = \" e"), "{expanded}");
    }
}
