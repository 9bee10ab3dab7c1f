use quote::quote;

use crate::{error_type, from_parameter, from_secret, idempotent, lambda_handler, to_http_error};

#[test]
fn every_macro_takes_the_path_of_the_crate() {
    for expanded in [
        lambda_handler::expand(
            quote!(crate = sdk::lambda, layer = l(), outer = o(), warm(W), route = "GET /", streaming),
            quote!(
                async fn get(a: A, b: B) -> Result<C, D> {}
            ),
        ),
        lambda_handler::expand(
            quote!(crate = sdk::lambda, concurrency = 1, batch = b(), margin = m()),
            quote!(
                async fn get(a: A) {}
            ),
        ),
        idempotent::expand(
            quote!(key = "a, b.c", payload = "b", invocation = i, crate = sdk::lambda),
            quote!(
                async fn pay(a: A, b: B, i: Invocation) -> Result<C, D> {}
            ),
        ),
        from_secret::expand(quote!(
            #[secret(env = "A", stage = "B", crate = sdk::lambda)]
            struct S {
                a: A,
            }
        )),
        from_parameter::expand(quote!(
            #[parameter(name = "a", source = A, text, crate = sdk::lambda)]
            struct S(A);
        )),
        error_type::expand(quote!(
            #[error_type(crate = sdk::lambda)]
            enum E {
                A,
                #[error_type(transparent)]
                B(C),
            }
        )),
        to_http_error::expand(quote!(
            #[http(crate = sdk::lambda)]
            enum E {
                #[http(status = 404)]
                A,
            }
        )),
    ] {
        let expanded = expanded.to_string();
        assert!(!expanded.contains("compile_error"), "{expanded}");
        assert!(expanded.contains("sdk :: lambda ::") && !expanded.contains(":: pilaster"), "{expanded}");
    }
}
