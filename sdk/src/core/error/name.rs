//! The short names of error types, which `errorType` has where an error has no name of its own.

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;

use super::{Described, FunctionError, hidden};
use crate::core::panic::caught;

/// The name of a type that holds any other error, and is in a module above this one.
const RECORD_ERROR: &str = concat!(env!("CARGO_CRATE_NAME"), "::records::error::RecordError");

/// Returns the short name of an error's type; `None` for a text, and for a type that holds any error. A type of the
/// function counts by its path, so that its own `Error` or `Report` is not taken for that of a library.
pub(crate) fn error_name<E>() -> Option<&'static str> {
    short_name(type_name::<E>())
}

fn short_name(mut full: &'static str) -> Option<&'static str> {
    const ANY: [&str; 7] = [
        RECORD_ERROR,
        "anyhow::Error",
        "eyre::Report",
        "miette::eyreish::Report",
        "std::io::error::Error",
        "str",
        "alloc::string::String",
    ];
    while let Some(within) =
        ["&", "alloc::boxed::Box<", "alloc::sync::Arc<"].iter().find_map(|by| full.strip_prefix(by))
    {
        full = within;
    }
    let path = if full.ends_with('>') { without_parameters(full) } else { full };
    let holds_any = path.starts_with("dyn ") || path == "alloc::borrow::Cow" || ANY.contains(&path);
    (!holds_any).then(|| path.rsplit(':').next().unwrap_or(path))
}

/// Returns the path of a type without the parameters at its end, or without the end of the `Box` that it was in.
fn without_parameters(full: &str) -> &str {
    // `<app::Order as app::Ship>::ship::Late<u8>`: only the parameters after the last `::` are not part of the path.
    let (mut depth, mut end, mut previous) = (0_usize, None, 0);
    for (at, byte) in full.bytes().enumerate() {
        match byte {
            b'<' => {
                end = end.or((depth == 0).then_some(at));
                depth += 1;
            }
            b'>' if previous == b'-' => {}
            // The end of a `Box`.
            b'>' if depth == 0 => {
                end = end.or(Some(at));
                break;
            }
            b'>' => depth -= 1,
            b':' if depth == 0 => end = None,
            _ => {}
        }
        previous = byte;
    }
    end.and_then(|end| full.get(..end)).unwrap_or(full)
}

/// Returns the `errorType` of an error whose type is not known: that of a `FunctionError`, also within an error type
/// without a name of its own; otherwise the name with which its `Debug` begins.
#[cfg_attr(not(feature = "logging"), allow(dead_code, reason = "for the log"))]
pub(crate) fn type_of(error: &(dyn StdError + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<FunctionError>() {
        return error.error_type().to_owned();
    }
    if let Some(described) = error.downcast_ref::<Described>() {
        return described.error_type.clone();
    }
    let mut debug = Beginning(String::new());
    // A `Debug` that panics leaves its beginning.
    let _ = caught(|| fmt::Write::write_fmt(&mut debug, format_args!("{error:?}")));
    // The `Debug` of an `io::Error` shows the inner error.
    let name = debug.name().filter(|_| !error.is::<std::io::Error>());
    let holds_any = name.is_none() || name == Some("RecordError");
    hidden(error, holds_any).or(name).unwrap_or("Error").to_owned()
}

/// The first bytes of a text: the rest may be long, or secret.
struct Beginning(String);

impl Beginning {
    const MAX: usize = 128;

    /// Returns the name with which the output of a derived `Debug` begins. `None` for any other text, such as the
    /// message that `anyhow` writes.
    fn name(&self) -> Option<&str> {
        let end = self.0.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        let is_derived = rest.is_empty() || rest.starts_with('(') || rest.starts_with(" {");
        (is_derived && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some(name)
    }
}

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let part = text.floor_char_boundary(Self::MAX.saturating_sub(self.0.len()));
        self.0.push_str(&text[..part]);
        if part == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::error::BoxError;

    #[derive(Debug, thiserror::Error)]
    #[error("the disk is full")]
    struct Plain;

    #[test]
    fn the_name_of_a_type_that_is_declared_in_a_method_is_its_own() {
        trait Named {
            fn names() -> [&'static str; 3];
        }
        struct Generic<T>(std::marker::PhantomData<T>);
        macro_rules! names {
            () => {
                fn names() -> [&'static str; 3] {
                    #[allow(dead_code)]
                    struct Local;
                    #[allow(dead_code)]
                    struct Of<T>(T);
                    [error_name::<Local>(), error_name::<Arc<Box<Local>>>(), error_name::<Of<fn(u8) -> Local>>()]
                        .map(Option::unwrap)
                }
            };
        }
        impl Named for Plain {
            names!();
        }
        impl<T> Named for Generic<T> {
            names!();
        }
        impl<T> Generic<T> {
            names!();
        }
        mod elsewhere {
            impl super::Plain {
                pub(super) fn name() -> Option<&'static str> {
                    struct Local;
                    super::error_name::<Local>()
                }
            }
        }
        let expected = ["Local", "Local", "Of"];
        assert_eq!(<Plain as Named>::names(), expected);
        assert_eq!(<Generic<Vec<u8>> as Named>::names(), expected);
        assert_eq!(Generic::<Vec<u8>>::names(), expected);
        assert_eq!(Plain::name(), Some("Local"));
        for (full, name) in [
            ("a::Late", "Late"),
            ("a::Late<b::C<d::E>, f::G>", "Late"),
            ("&alloc::boxed::Box<a::Late<b::C>>", "Late"),
            ("alloc::sync::Arc<<a::B<c::D> as e::F<g::H>>::i::Late>", "Late"),
            ("a::b::<impl c::D>::e::{{closure}}::Late", "Late"),
            ("a::Late<fn(b::C) -> d::E>", "Late"),
        ] {
            assert_eq!(short_name(full), Some(name), "{full}");
        }
    }

    #[test]
    fn a_message_in_place_of_a_derived_debug_is_not_a_name() {
        struct Message(&'static str);
        impl fmt::Debug for Message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        impl fmt::Display for Message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        impl StdError for Message {}
        for text in ["Connection refused", "Password: hunter2", "Ab\n\nCaused by", "Größe", ""] {
            assert_eq!(type_of(&Message(text)), "Error", "{text}");
        }
        for (text, name) in [("Refused", "Refused"), ("Refused(7)", "Refused"), ("Refused { card: 7 }", "Refused")] {
            assert_eq!(type_of(&Message(text)), name);
        }
    }

    #[test]
    fn the_type_of_an_error_is_the_name_with_which_its_debug_begins() {
        #[derive(Debug, thiserror::Error)]
        #[error("refused")]
        enum Pay {
            Refused { card: String },
        }
        let refused = Pay::Refused { card: "hunter2".repeat(1000) };
        assert_eq!(type_of(&refused), "Refused");
        assert_eq!(type_of(&Plain), "Plain");
        assert_eq!(type_of(&FunctionError::new("OutOfStock", "none")), "OutOfStock");
        assert_eq!(type_of(&std::io::Error::other("x")), "Error");
        assert_eq!(type_of(&*BoxError::from("Text")), "Error");
    }
}
