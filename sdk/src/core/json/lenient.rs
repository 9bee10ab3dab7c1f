//! Lenient decoding: a member of an unexpected type is left out, and does not fail the others.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::members::each_member;
use super::text::Text;

/// Defines a struct of some members of a JSON object; any other value, and any other member, is skipped.
macro_rules! skimmed {
    ($(#[$meta:meta])* struct $name:ident { $($field:ident: $kind:ty = $($key:literal)|+,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $kind,)*
            lifetime: ::std::marker::PhantomData<&'a str>,
        }

        impl<'de: 'a, 'a> ::serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Skim<'a>(::std::marker::PhantomData<&'a str>);

                impl<'de: 'a, 'a> ::serde::de::Visitor<'de> for Skim<'a> {
                    type Value = $name<'a>;

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut found = $name::default();
                        while let Some($crate::core::json::text::Text(key)) = map.next_key()? {
                            match &*key {
                                $($($key)|+ => found.$field = map.next_value()?,)*
                                _ => drop(map.next_value::<::serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(found)
                    }

                    $crate::core::json::lenient::skipped!(map);
                }

                deserializer.deserialize_any(Skim(::std::marker::PhantomData))
            }
        }
    };
}

/// Completes a visitor: any other value is the default.
macro_rules! skipped {
    (map) => {
        $crate::core::json::lenient::skipped!(text);

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_seq<A: ::serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<::serde::de::IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (list and map) => {
        $crate::core::json::lenient::skipped!(text);

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (all but text) => {
        $crate::core::json::lenient::skipped!(text);

        fn visit_seq<A: ::serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<::serde::de::IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<::serde::de::IgnoredAny, ::serde::de::IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (text) => {
        fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("anything")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

pub(crate) use {skimmed, skipped};

/// A string, borrowed unless it has an escape; `None` for any other value.
#[derive(Debug, Default)]
pub(crate) struct MaybeText<'a>(pub(crate) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybeText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Skim<'a>(PhantomData<&'a str>);

        impl<'de: 'a, 'a> Visitor<'de> for Skim<'a> {
            type Value = MaybeText<'a>;

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Owned(text.to_owned()))))
            }

            skipped!(all but text);
        }

        deserializer.deserialize_any(Skim(PhantomData))
    }
}

/// A member that is `None` if it has an unexpected type, which does not fail the others.
#[derive(Debug)]
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Decoded separately, so that an error in it does not end the decoding of its object.
        let json = <&'de RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(json.get()).ok()))
    }
}

/// An integer; `None` for any other value.
#[derive(Debug, Default)]
pub(crate) struct Whole(pub(crate) Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(json.get().parse().ok()))
    }
}

/// A list; `None` for any other value.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Option<Vec<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Skim<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Skim<T> {
            type Value = List<T>;

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                // The default batch size of SQS.
                let mut list = Vec::with_capacity(10);
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(List(Some(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(List(None))
            }

            skipped!(list and map);
        }

        deserializer.deserialize_any(Skim(PhantomData))
    }
}

impl<'a> Lenient<Text<'a>> {
    /// Returns the string.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.0.map(|Text(text)| text)
    }
}

/// Returns whether a text is a JSON object with these members, none of which is `null`.
pub(crate) fn has_fields(text: &str, names: &[&str]) -> bool {
    let mut found = 0;
    let read = each_member(text, |name, value| {
        found += usize::from(value.get() != "null" && names.contains(&&*name));
    });
    read.is_ok() && found == names.len()
}
