use quote::quote;

use super::*;

/// The messages of the compile errors.
fn errors(input: TokenStream) -> String {
    let expanded = expand(input).to_string();
    assert!(expanded.contains("ErrorType for"), "there is an implementation in any case: {expanded}");
    match expanded.split_once("compile_error") {
        Some((_, rest)) => rest.split_once("impl").map_or(rest, |(error, _)| error).replace("\\\"", "\""),
        None => String::new(),
    }
}

#[test]
fn each_variant_has_its_own_name_or_a_given_one() {
    let expanded = expand(quote!(
        enum E {
            Plain,
            r#type(u8),
            #[error_type("Other")]
            Named {
                a: u8,
            },
            #[error_type(transparent)]
            Outer {
                inner: Inner,
            },
            #[error_type(transparent)]
            Unnamed(Inner),
            #[error_type(internal)]
            Store(u8),
            #[error_type(transparent)]
            #[error_type(internal)]
            Hidden(Inner),
        }
    ));
    let expanded = expanded.to_string();
    for arm in [
        quote!(Self::Plain { .. } => "Plain"),
        quote!(Self::r#type { .. } => "type"),
        quote!(Self::Named { .. } => "Other"),
        quote!(Self::Outer { inner: pilaster_cause } => pilaster_cause.error_type()),
        quote!(Self::Unnamed { 0: pilaster_cause } => pilaster_cause.error_type()),
        quote!(Self::Store { .. } => "Store"),
        quote!(Self::Hidden { 0: pilaster_cause } => pilaster_cause.error_type()),
        quote!(Self::Plain { .. } => false),
        quote!(Self::Unnamed { 0: pilaster_cause } => pilaster_cause.is_internal()),
        quote!(Self::Store { .. } => true),
        quote!(Self::Hidden { .. } => true),
    ] {
        let arm = arm.to_string();
        assert!(expanded.contains(&arm), "{arm} is not in {expanded}");
    }
}

#[test]
fn a_struct_has_its_own_name_or_a_given_one() {
    for (input, name) in [
        (
            quote!(
                struct Gone;
            ),
            quote!("Gone"),
        ),
        (
            quote!(
                #[error_type("Missing")]
                struct Gone {
                    what: String,
                }
            ),
            quote!("Missing"),
        ),
        (
            quote!(
                #[error_type(transparent)]
                struct Gone(Box<Inner>);
            ),
            quote!(self.0.error_type()),
        ),
        (
            quote!(
                struct Gone<T: Debug>(T);
            ),
            quote!("Gone"),
        ),
        (
            quote!(
                enum Never {}
            ),
            quote!(match *self {}),
        ),
    ] {
        assert_eq!(errors(input.clone()), "", "{input}");
        let expanded = expand(input).to_string();
        assert!(expanded.contains(&format!("{{ {name} }}")), "{name} is not in {expanded}");
    }
}

#[test]
fn each_mistake_is_one_sentence() {
    for (wrong, message) in [
        (
            quote!(
                #[error_type("A")]
                enum E {
                    A,
                }
            ),
            "move this above a variant",
        ),
        (
            quote!(
                #[error_type(internal)]
                enum E {
                    A,
                }
            ),
            "move this above a variant",
        ),
        (
            quote!(
                enum E {
                    #[error_type(internal)]
                    #[error_type(internal)]
                    A,
                }
            ),
            "duplicate option",
        ),
        (
            quote!(
                enum E {
                    #[error_type("")]
                    A,
                }
            ),
            "the name must not be empty",
        ),
        (
            quote!(
                enum E {
                    #[error_type("Out of stock")]
                    A,
                }
            ),
            "without spaces",
        ),
        (
            quote!(
                enum E {
                    #[error_type("Größe")]
                    A,
                }
            ),
            "without spaces",
        ),
        (
            quote!(
                enum E {
                    #[error_type("States.Timeout")]
                    A,
                }
            ),
            "reserved by Step Functions",
        ),
        (
            quote!(
                enum E {
                    #[error_type]
                    A,
                }
            ),
            "expected a name",
        ),
        (
            quote!(
                enum E {
                    #[error_type()]
                    A,
                }
            ),
            "expected a name",
        ),
        (
            quote!(
                enum E {
                    #[error_type = "A"]
                    A,
                }
            ),
            "expected a name",
        ),
        (
            quote!(
                enum E {
                    #[error_type(7)]
                    A,
                }
            ),
            "expected a string",
        ),
        (
            quote!(
                enum E {
                    #[error_type(name)]
                    A,
                }
            ),
            "unknown option",
        ),
        (
            quote!(
                enum E {
                    #[error_type("A", "B")]
                    A,
                }
            ),
            "expected one option",
        ),
        (
            quote!(
                enum E {
                    #[error_type("A")]
                    #[error_type("B")]
                    A,
                }
            ),
            "duplicate option",
        ),
        (
            quote!(
                enum E {
                    #[error_type(transparent)]
                    A,
                }
            ),
            "`transparent` requires exactly one field",
        ),
        (
            quote!(
                #[error_type(transparent)]
                struct E(A, B);
            ),
            "`transparent` requires exactly one field",
        ),
        (
            quote!(
                enum E {
                    #[error(transparent)]
                    A(#[from] sqlx::Error),
                }
            ),
            "would reach callers",
        ),
        (
            quote!(
                #[error(transparent)]
                struct E(sqlx::Error);
            ),
            "would reach callers",
        ),
        (
            quote!(
                struct E<'a>(&'a str);
            ),
            "cannot borrow",
        ),
        (quote!(union E { a: u8 }), "an enum or a struct"),
    ] {
        let errors = errors(wrong.clone());
        assert!(errors.contains(message), "{wrong}: {errors}");
        assert_eq!(errors.matches("compile_error").count(), 0, "one error, not several: {errors}");
    }
}

#[test]
fn a_text_of_the_error_inside_is_decided_by_an_option() {
    for option in [quote!(internal), quote!(transparent), quote!("Unavailable")] {
        let expanded = super::expand(quote!(
            enum E {
                #[error(transparent)]
                #[error_type(#option)]
                A(Inner),
                #[error("{0}")]
                B(Inner),
            }
        ));
        assert!(!expanded.to_string().contains("compile_error"), "{option}");
    }
}

#[test]
fn an_unknown_option_lists_the_accepted_forms() {
    let errors = errors(quote!(
        enum E {
            #[error_type(name)]
            A,
        }
    ));
    for form in ["\"OutOfStock\"", "transparent"] {
        assert!(errors.contains(form), "{errors}");
    }
}
