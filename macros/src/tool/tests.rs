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
            "must be a free function",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add(session: Session) {}
            ),
            "`Session` is not sent by the model: write `#[extract]` before it",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add(db: pilaster::Client<Db>) {}
            ),
            "`Client` is not sent by the model",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn add(#[cfg(test)] a: u8) {}
            ),
            "cannot have a condition",
        ),
        (
            quote!(),
            quote!(
                /** d */
                async fn größe() {}
            ),
            "other characters than",
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

#[test]
fn a_type_of_your_own_may_have_the_name_of_an_extractor() {
    for function in [
        quote!(
            /** d */
            async fn add(session: self::Session, client: Client, metrics: Metrics<u8>, caller: api::Caller) {}
        ),
        quote!(
            /** d */
            async fn add(#[extract] session: Session, Client(db): Client<Db>) {}
        ),
    ] {
        let expanded = expand(quote!(), function).to_string();
        assert!(!expanded.contains("compile_error"), "{expanded}");
    }
}

#[test]
fn a_description_from_a_file_is_joined_with_the_lines_beside_it() {
    let expanded = expand(
        quote!(name = "gr"),
        quote!(
            /// Adds.
            #[doc = include_str!("add.md")]
            async fn größe() {}
        ),
    )
    .to_string();
    let description = quote!(("gr", ::core::concat!("Adds.", "\n", include_str!("add.md")))).to_string();
    assert!(expanded.contains(&description), "{expanded}");
}
