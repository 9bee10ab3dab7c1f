//! Converts a path of Rust's field names to the names that serde reads.
//!
//! garde reports a violation at `first_name`, which the client sent as `firstName`. A deserializer without input
//! follows the path through the type, whose structs pass their serialized names to it. It runs only for a rejected
//! request.

mod fill;
mod rename_rules;

use std::any::type_name;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use self::fill::Fill;
use self::rename_rules::name_of;
use super::plain_value::{Text, TextError};

/// One step of a path: the name of a field or a key, or an index.
pub(super) type Step = String;

/// Returns the path with the names that `T` reads. A step whose name cannot be found stays unchanged, and so do the
/// following ones: within `#[serde(flatten)]`, an untagged enum, or if the two names have different letters and digits.
/// The step into a `#[serde(transparent)]` struct is omitted.
pub(super) fn renamed<T: DeserializeOwned>(path: &[Step]) -> Vec<Step> {
    let mut walk = Walk { found: Vec::with_capacity(path.len()), rest: path };
    // Always an error, since there is no value.
    let _ = T::deserialize(Probe { walk: &mut walk, of: Some(type_name::<T>()) });
    walk.found.extend_from_slice(walk.rest);
    walk.found
}

/// The part of a path that has been followed.
struct Walk<'p> {
    /// The serialized names of the steps so far.
    found: Vec<Step>,
    rest: &'p [Step],
}

/// A deserializer without input that follows the path through a type.
struct Probe<'w, 'p> {
    walk: &'w mut Walk<'p>,
    /// The name of the type that is deserialized, if it is known.
    of: Option<&'static str>,
}

/// The error that ends the walk.
#[derive(Debug)]
struct End;

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no value")
    }
}

impl std::error::Error for End {}

impl de::Error for End {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl TextError for End {
    fn unparsed(_: &'static str, _: &dyn fmt::Display) -> Self {
        Self
    }
}

impl<'p> Probe<'_, 'p> {
    fn step(&self) -> Result<&'p Step, End> {
        self.walk.rest.first().ok_or(End)
    }

    /// Follows a step whose serialized name is `name`.
    fn advance(&mut self, name: Step) {
        self.skip(1);
        self.walk.found.push(name);
    }

    /// Omits steps that are not part of the client's input.
    fn skip(&mut self, steps: usize) {
        self.walk.rest = self.walk.rest.get(steps..).unwrap_or_default();
    }

    /// Returns `true` if the step leads into a `#[serde(transparent)]` struct: serde then reads a struct of another
    /// name in its place.
    fn is_transparent(&self, name: &str) -> bool {
        let names = |of: &'static str| of.split(|c: char| !c.is_alphanumeric() && c != '_');
        self.of.is_some_and(|of| !names(of).any(|part| part == name))
    }

    fn into_struct<'de, V: Visitor<'de>>(
        mut self,
        transparent: bool,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        let known = |step: &Step| name_of(step, names);
        let mut name = known(self.step()?);
        if name.is_none() && transparent {
            let own = self.walk.rest.iter().position(|step| known(step).is_some()).ok_or(End)?;
            self.skip(own);
            name = known(self.step()?);
        }
        let name = name.ok_or(End)?;
        self.advance(name.to_owned());
        visitor.visit_map(OneMember { key: Some(name.to_owned()), walk: self.walk })
    }

    /// Ends at a value without members: the rest of the path is within a `#[serde(transparent)]` struct.
    fn at_scalar<T>(mut self) -> Result<T, End> {
        self.skip(self.walk.rest.len());
        Err(End)
    }

    /// Returns the index into a sequence. Any other step leads into a `#[serde(transparent)]` struct.
    fn index(&mut self) -> Result<usize, End> {
        let is_index = |step: &Step| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        let at = self.walk.rest.iter().position(is_index).ok_or(End)?;
        self.skip(at);
        let index = self.step()?;
        self.advance(index.clone());
        index.parse().map_err(|_| End)
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
            self.at_scalar()
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_, '_> {
    type Error = End;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
        Err(End)
    }

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, End> {
        // The type of its content is unknown.
        visitor.visit_newtype_struct(Self { of: None, ..self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        let transparent = self.is_transparent(name);
        self.into_struct(transparent, names, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, End> {
        // The standard maps have serde's visitors; a struct with `#[serde(flatten)]` has its own.
        if type_name::<V>().starts_with("serde") && self.is_transparent("BTreeMap") && self.is_transparent("HashMap") {
            self.skip(1);
        }
        let key = self.step()?.clone();
        self.advance(key.clone());
        visitor.visit_map(OneMember { key: Some(key), walk: self.walk })
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, End> {
        self.index()?;
        visitor.visit_seq(Items { before: 0, walk: self.walk })
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, _: usize, visitor: V) -> Result<V::Value, End> {
        let index = self.index()?;
        // The items of an array have one type; those of a tuple before the index get default values.
        let before = if type_name::<V>().contains("::ArrayVisitor<") { 0 } else { index };
        visitor.visit_seq(Items { before, walk: self.walk })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, End> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        // The variant that was sent is unknown, unless the type has only one.
        match variants {
            // The type that contains it is not that of its content.
            [name] => visitor.visit_enum(Variant { name, content: Self { of: None, ..self } }),
            _ => Err(End),
        }
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier ignored_any }
}

/// A map with one member, whose value is followed further.
struct OneMember<'w, 'p> {
    key: Option<String>,
    walk: &'w mut Walk<'p>,
}

impl<'de> MapAccess<'de> for OneMember<'_, '_> {
    type Error = End;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, End> {
        seed.deserialize(Text::new(&self.key.take().ok_or(End)?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, End> {
        further(self.walk, seed)
    }
}

/// Follows the rest of the path, if there is any.
fn further<'de, S: DeserializeSeed<'de>>(walk: &mut Walk<'_>, seed: S) -> Result<S::Value, End> {
    if walk.rest.is_empty() {
        return Err(End);
    }
    seed.deserialize(Probe { walk, of: Some(type_name::<S>()) })
}

/// A sequence whose first items get default values; the next one is followed further.
struct Items<'w, 'p> {
    before: usize,
    walk: &'w mut Walk<'p>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = End;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, End> {
        match self.before.checked_sub(1) {
            Some(before) => {
                self.before = before;
                Fill::one(seed).map(Some)
            }
            None => further(self.walk, seed).map(Some),
        }
    }
}

/// One variant of an enum, whose content `D` deserializes.
struct Variant<D> {
    name: &'static str,
    content: D,
}

/// A deserializer of the content of a variant.
trait Content<'de>: Deserializer<'de, Error = End> {
    fn unit(self) -> Result<(), End>;
    fn newtype<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, End>;
}

impl<'de> Content<'de> for Probe<'_, '_> {
    fn unit(self) -> Result<(), End> {
        Err(End)
    }

    fn newtype<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, End> {
        further(self.walk, seed)
    }
}

impl<'de, D: Content<'de>> EnumAccess<'de> for Variant<D> {
    type Error = End;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), End> {
        let name: StrDeserializer<'_, End> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de, D: Content<'de>> VariantAccess<'de> for Variant<D> {
    type Error = End;

    fn unit_variant(self) -> Result<(), End> {
        self.content.unit()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, End> {
        self.content.newtype(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, End> {
        self.content.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, names: &'static [&'static str], visitor: V) -> Result<V::Value, End> {
        self.content.deserialize_struct(self.name, names, visitor)
    }
}

#[cfg(test)]
mod tests;
