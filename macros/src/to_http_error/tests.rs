use quote::quote;

use super::*;

/// The messages of the compile errors.
fn errors(input: TokenStream) -> String {
    let expanded = expand(input).to_string();
    assert!(expanded.contains("ToHttpError for"), "there is an implementation in any case: {expanded}");
    if expanded.contains("compile_error") { expanded.replace("\\\"", "\"") } else { String::new() }
}

#[test]
fn each_variant_has_its_response() {
    let expanded = expand(quote!(
        enum E {
            #[http(status = 404)]
            Missing,
            #[http(status = 409, detail = "taken")]
            Taken { name: String },
            #[http(transparent)]
            Inner(Other),
        }
    ));
    let expanded = expanded.to_string();
    for part in [
        quote!(Self::Missing { .. } => ::pilaster::http::HttpError::new),
        quote!(from_u16(404)),
        quote!(::std::string::ToString::to_string(self)),
        quote!(Self::Taken { .. } => ::pilaster::http::HttpError::new),
        quote!("taken"),
        quote!(Self::Inner { 0: pilaster_inner } => ::pilaster::http::ToHttpError::to_http_error(pilaster_inner)),
    ] {
        assert!(expanded.contains(&part.to_string()), "{part} is not in {expanded}");
    }
    assert_eq!(
        errors(quote!(
            #[http(status = 429)]
            struct Busy;
        )),
        ""
    );
    assert_eq!(
        errors(quote!(
            enum Never {}
        )),
        ""
    );
    assert_eq!(
        errors(quote!(
            #[http(status = 500)]
            struct Of<T: Debug>(T);
        )),
        ""
    );
}

#[test]
fn each_mistake_has_its_message() {
    for (wrong, message) in [
        (
            quote!(
                enum E {
                    #[http(status = 404)]
                    A,
                    B,
                }
            ),
            "`B` has no status",
        ),
        (
            quote!(
                struct E;
            ),
            "`E` has no status",
        ),
        (
            quote!(
                #[http(status = 404)]
                enum E {
                    A,
                }
            ),
            "move this above a variant",
        ),
        (
            quote!(
                enum E {
                    #[http(status = 200)]
                    A,
                }
            ),
            "from 400 to 599",
        ),
        (
            quote!(
                enum E {
                    #[http(status = 70000)]
                    A,
                }
            ),
            "from 400 to 599",
        ),
        (
            quote!(
                enum E {
                    #[http(code = 404)]
                    A,
                }
            ),
            "unknown option",
        ),
        (
            quote!(
                enum E {
                    #[http(detail = "a")]
                    A,
                }
            ),
            "or both are set",
        ),
        (
            quote!(
                enum E {
                    #[http(status = 404, transparent)]
                    A(B),
                }
            ),
            "or both are set",
        ),
        (
            quote!(
                enum E {
                    #[http(status = 404)]
                    #[http(status = 409)]
                    A,
                }
            ),
            "set twice",
        ),
        (
            quote!(
                enum E {
                    #[http(transparent)]
                    A,
                }
            ),
            "`transparent` cannot be combined",
        ),
        (
            quote!(
                enum E {
                    #[http(transparent, detail = "a")]
                    A(B),
                }
            ),
            "`transparent` cannot be combined",
        ),
        (quote!(union E { a: u8 }), "an enum or a struct"),
    ] {
        let errors = errors(wrong.clone());
        assert!(errors.contains(message), "{wrong}: {errors}");
    }
    let both = errors(quote!(
        enum E {
            A,
            B,
        }
    ));
    assert!(both.contains("`A` has no status") && both.contains("`B` has no status"), "{both}");
}
