//! [`Path`]: the parameters of the path as a typed value.
//!
//! One parameter is a plain value, several are a tuple in the order of the path or a struct by their names. They are those
//! of the API's route (`pathParameters` of the event); inside an `axum::Router`, those of the router's. A parameter that
//! does not fit is a 400 that names it.
//!
//! # Example
//!
//! ```
//! use pilaster::http::Path;
//! use serde::Deserialize;
//!
//! async fn user(Path(id): Path<u64>) -> String {
//!     format!("user {id}")
//! }
//!
//! #[derive(Deserialize)]
//! struct Comment { post: u64, comment: String }
//!
//! async fn comment(Path(at): Path<Comment>) -> String {
//!     format!("comment {} of {}", at.comment, at.post)
//! }
//! # let _ = (user, comment);
//! ```

use std::fmt;
use std::ops::Deref;

use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::StatusCode;
use http::request::Parts;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::core::json::push_step;
use crate::http::extract::context::{BrokenPathParam, PathParams};
use crate::http::extract::serde_message::{unparsed, without_values};
use crate::http::rejection::{FieldError, Rejection};

/// The parameters of the path as a typed value. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let params = params(parts, state).await?;
        T::deserialize(Params(&params)).map(Self).map_err(|wrong| wrong.into_rejection(params.is_empty()))
    }
}

impl<T, S> OptionalFromRequestParts<S> for Path<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// `None` where the route has no parameters.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let params = params(parts, state).await?;
        if params.is_empty() {
            return Ok(None);
        }
        T::deserialize(Params(&params)).map(|value| Some(Self(value))).map_err(|wrong| wrong.into_rejection(false))
    }
}

/// The parameters by name. A router within the function knows better than the API in front of it, whose route may be
/// `/{proxy+}`.
async fn params<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<(String, String)>, Rejection> {
    match RawPathParams::from_request_parts(parts, state).await {
        Ok(params) if params.iter().next().is_some() => {
            Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
        // Not the API's parameters instead: they mean something else.
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            Err(Rejection::new(StatusCode::BAD_REQUEST, "a parameter of the path is not percent-encoded UTF-8"))
        }
        _ => match parts.extensions.get::<BrokenPathParam>() {
            Some(BrokenPathParam(name)) => {
                let detail = format!("the path parameter `{name}` is not percent-encoded UTF-8");
                Err(Rejection::new(StatusCode::BAD_REQUEST, detail))
            }
            None => Ok(parts.extensions.get::<PathParams>().map(|params| params.0.clone()).unwrap_or_default()),
        },
    }
}

/// Why the parameters are no `T`.
#[derive(Debug)]
enum Wrong {
    /// The value of this parameter does not fit: the caller's mistake.
    Value { name: String, expected: String },
    /// `T` itself refuses a value, by a `TryFrom` for one: the caller's mistake, too.
    Refused(String),
    /// The route does not have what `T` asks for: the function's mistake.
    Shape(String),
}

impl Wrong {
    fn into_rejection(self, none: bool) -> Rejection {
        let shape = match self {
            Self::Value { name, expected } => {
                let mut pointer = String::new();
                push_step(&mut pointer, &name);
                return Rejection::new(StatusCode::BAD_REQUEST, "the path is not valid")
                    .with_field(FieldError::new(pointer, expected));
            }
            Self::Refused(message) => {
                return Rejection::new(StatusCode::BAD_REQUEST, "the path is not valid")
                    .with_field(FieldError::new("", without_values(&message)));
            }
            Self::Shape(_) if none => String::from(
                "`Path`: the route has no parameters; write them into the API's route (`/users/{id}`), \
                 and for running by hand into `route`",
            ),
            Self::Shape(message) => format!("`Path`: {message}"),
        };
        Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the route does not have the parameters").with_source(shape)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, expected } => write!(f, "the path parameter `{name}`: {expected}"),
            Self::Refused(message) | Self::Shape(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }

    fn invalid_type(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("invalid type: {got}, expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("invalid length {length}, expected {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Shape(format!("the route has no parameter `{field}`"))
    }
}

/// All parameters: a map, a sequence, or the only one.
#[derive(Clone, Copy)]
struct Params<'p>(&'p [(String, String)]);

impl<'p> Params<'p> {
    fn only(self) -> Result<Param<'p>, Wrong> {
        match self.0 {
            [(name, value)] => Ok(Param { name, value }),
            all => Err(Wrong::Shape(format!("it takes one parameter and the route has {}", all.len()))),
        }
    }

    fn values(self) -> impl Iterator<Item = Param<'p>> {
        self.0.iter().map(|(name, value)| Param { name, value })
    }
}

macro_rules! of_the_only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Params<'_> {
    type Error = Wrong;

    of_the_only! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor
            .visit_map(MapDeserializer::new(self.0.iter().map(|(name, value)| (name.as_str(), Param { name, value }))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_seq(SeqDeserializer::new(self.values()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.len() != len {
            return Err(Wrong::Shape(format!("it takes {len} parameters and the route has {}", self.0.len())));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.only()?.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }
}

/// One parameter.
#[derive(Clone, Copy)]
struct Param<'p> {
    name: &'p str,
    value: &'p str,
}

impl Param<'_> {
    fn wrong(&self, expected: impl Into<String>) -> Wrong {
        Wrong::Value { name: self.name.to_owned(), expected: expected.into() }
    }

    /// A mistake that a visitor found in this value.
    fn placed<T>(&self, result: Result<T, Wrong>) -> Result<T, Wrong> {
        result.map_err(|wrong| match wrong {
            Wrong::Shape(message) | Wrong::Refused(message) => self.wrong(without_values(&message)),
            placed => placed,
        })
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Param<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.value.parse::<$type>() {
                Ok(value) => self.placed(visitor.$visit(value)),
                Err(error) => Err(self.wrong(unparsed(Some(stringify!($type)), &error.to_string()))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Param<'_> {
    type Error = Wrong;

    parsed! {
        deserialize_bool => visit_bool bool;
        deserialize_i8 => visit_i8 i8;
        deserialize_i16 => visit_i16 i16;
        deserialize_i32 => visit_i32 i32;
        deserialize_i64 => visit_i64 i64;
        deserialize_i128 => visit_i128 i128;
        deserialize_u8 => visit_u8 u8;
        deserialize_u16 => visit_u16 u16;
        deserialize_u32 => visit_u32 u32;
        deserialize_u64 => visit_u64 u64;
        deserialize_u128 => visit_u128 u128;
        deserialize_f32 => visit_f32 f32;
        deserialize_f64 => visit_f64 f64;
        deserialize_char => visit_char char;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.placed(visitor.visit_str(self.value))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let deserializer: de::value::StrDeserializer<'_, Wrong> = self.value.into_deserializer();
        self.placed(deserializer.deserialize_enum(name, variants, visitor))
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<T> Deref for Path<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    async fn extract<T: DeserializeOwned>(params: &[(&str, &str)]) -> Result<T, Rejection> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        parts.extensions.insert(PathParams(params.collect()));
        <Path<T> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.map(|path| path.0)
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Cat,
        Dog,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Pet {
        kind: Kind,
        id: u32,
        tail: Option<bool>,
    }

    #[tokio::test]
    async fn one_parameter_is_a_plain_value_and_several_are_a_tuple_or_a_struct() {
        assert_eq!(extract::<u64>(&[("id", "7")]).await.unwrap(), 7);
        assert_eq!(extract::<String>(&[("id", "a b")]).await.unwrap(), "a b");
        assert_eq!(extract::<Kind>(&[("kind", "dog")]).await.unwrap(), Kind::Dog);
        assert_eq!(extract::<(String, i8)>(&[("a", "x"), ("b", "-3")]).await.unwrap(), ("x".into(), -3));
        let pet = extract::<Pet>(&[("id", "7"), ("kind", "cat"), ("other", "x")]).await.unwrap();
        assert_eq!(pet, Pet { kind: Kind::Cat, id: 7, tail: None });
    }

    #[tokio::test]
    async fn a_value_that_does_not_fit_is_a_400_that_names_the_parameter() {
        let error = extract::<Pet>(&[("id", "hunter2"), ("kind", "cat")]).await.unwrap_err();
        assert_eq!(error.status(), 400);
        assert_eq!(error.fields(), [FieldError::new("/id", "expected an integer from 0 to 4294967295")]);
        let error = extract::<Pet>(&[("id", "1"), ("kind", "hunter2")]).await.unwrap_err();
        assert_eq!(error.fields(), [FieldError::new("/kind", "expected `cat` or `dog`")]);
        let error = extract::<bool>(&[("tail", "hunter2")]).await.unwrap_err();
        assert_eq!(error.fields(), [FieldError::new("/tail", "expected `true` or `false`")]);
    }

    #[tokio::test]
    async fn a_value_that_the_type_itself_refuses_is_a_400() {
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "String")]
        struct Even(());
        impl TryFrom<String> for Even {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                if text.len().is_multiple_of(2) { Ok(Self(())) } else { Err(format!("{text} is odd")) }
            }
        }
        #[derive(Debug, Deserialize)]
        struct At {
            #[allow(dead_code)]
            id: Even,
        }
        assert!(extract::<Even>(&[("id", "ab")]).await.is_ok());
        let alone = extract::<Even>(&[("id", "hunter2")]).await.unwrap_err();
        let within = extract::<At>(&[("id", "hunter2"), ("other", "x")]).await.unwrap_err();
        for rejection in [alone, within] {
            assert_eq!(rejection.status(), 400);
            assert!(!rejection.fields()[0].detail().contains("hunter2"));
        }
    }

    #[tokio::test]
    async fn a_route_without_the_parameter_is_the_functions_mistake() {
        assert_eq!(extract::<u64>(&[]).await.unwrap_err().status(), 500);
        assert_eq!(extract::<(u8, u8)>(&[("a", "1")]).await.unwrap_err().status(), 500);
    }
}
