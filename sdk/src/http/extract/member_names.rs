//! The names that serde reads fields by, for a path that has the names of Rust's fields.
//!
//! garde reports a broken rule at `first_name`, which the caller sent as `firstName`. The names that a type reads are asked of
//! its `Deserialize`: a deserializer that has no input walks along the path, and each struct on the way passes its names to it.
//! It runs only for a request that is refused.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// One step of a path: the name of a field or a key, or an index.
pub(super) type Step = String;

/// The path with the names by which `T` reads its fields. A step whose name cannot be found stays as it is, and so do those
/// behind it: within `#[serde(flatten)]`, an untagged enum, or where the two names have not the same letters and digits.
pub(super) fn renamed<T: DeserializeOwned>(path: &[Step]) -> Vec<Step> {
    let mut found = Vec::with_capacity(path.len());
    // It always ends with an error: there is no value.
    let _ = T::deserialize(Probe { path, found: &mut found });
    let rest = path.get(found.len()..).unwrap_or_default();
    found.extend_from_slice(rest);
    found
}

/// A deserializer without input that follows `path` through a type.
struct Probe<'p> {
    path: &'p [Step],
    found: &'p mut Vec<Step>,
}

/// The end of the walk.
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

/// The name among `names` that is `field` under some `rename_all`, or as it is.
fn name_of(field: &str, names: &'static [&'static str]) -> Option<&'static str> {
    let letters =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let plain = field.strip_prefix("r#").unwrap_or(field);
    names
        .iter()
        .find(|name| **name == plain)
        .or_else(|| names.iter().find(|name| letters(name) == letters(plain)))
        .copied()
}

impl<'p> Probe<'p> {
    /// The rest of the way behind a step that is called `name`.
    fn behind(self, name: impl Into<Step>) -> Option<Self> {
        let (_, path) = self.path.split_first()?;
        self.found.push(name.into());
        (!path.is_empty()).then_some(Self { path, found: self.found })
    }

    fn into_struct<'de, V: Visitor<'de>>(self, names: &'static [&'static str], visitor: V) -> Result<V::Value, End> {
        let name = self.path.first().and_then(|step| name_of(step, names)).ok_or(End)?;
        visitor.visit_map(OneMember { key: Some(name.to_owned()), rest: self.behind(name) })
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = End;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
        Err(End)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, End> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        self.into_struct(names, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        let key = self.path.first().ok_or(End)?.clone();
        visitor.visit_map(OneMember { key: Some(key.clone()), rest: self.behind(key) })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        let index = self.path.first().ok_or(End)?.clone();
        visitor.visit_seq(OneItem(self.behind(index)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, End> {
        // The items are of several types, and a probe for one of them would be given to the first.
        match self.path.first().map(String::as_str) {
            Some("0") => self.deserialize_seq(visitor),
            _ => Err(End),
        }
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
        // Which variant was sent is not known any more; a type with a single one leaves no doubt.
        match variants {
            [variant] => visitor.visit_enum(OneVariant { variant, probe: self }),
            _ => Err(End),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct identifier
        ignored_any
    }
}

/// A map with one member, whose value is probed further.
struct OneMember<'p> {
    key: Option<String>,
    rest: Option<Probe<'p>>,
}

impl<'de> MapAccess<'de> for OneMember<'_> {
    type Error = End;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, End> {
        let key = self.key.take().ok_or(End)?;
        seed.deserialize(de::value::StringDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, End> {
        seed.deserialize(self.rest.take().ok_or(End)?)
    }
}

/// A sequence with one item, which is probed further.
struct OneItem<'p>(Option<Probe<'p>>);

impl<'de> SeqAccess<'de> for OneItem<'_> {
    type Error = End;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, End> {
        seed.deserialize(self.0.take().ok_or(End)?).map(Some)
    }
}

/// The only variant of an enum, whose content is probed further.
struct OneVariant<'p> {
    variant: &'static str,
    probe: Probe<'p>,
}

impl<'de, 'p> EnumAccess<'de> for OneVariant<'p> {
    type Error = End;
    type Variant = Content<'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'p>), End> {
        let variant = seed.deserialize(de::value::StrDeserializer::new(self.variant))?;
        Ok((variant, Content(self.probe)))
    }
}

struct Content<'p>(Probe<'p>);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = End;

    fn unit_variant(self) -> Result<(), End> {
        Err(End)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, End> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, End> {
        self.0.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, names: &'static [&'static str], visitor: V) -> Result<V::Value, End> {
        self.0.into_struct(names, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::{BTreeMap, HashSet};

    #[derive(Deserialize, PartialEq, Eq, Hash)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Line {
        unit_price: u8,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "SCREAMING-KEBAB-CASE")]
    #[allow(dead_code)]
    struct Order {
        order_lines: Vec<Line>,
        #[serde(default)]
        by_name: BTreeMap<String, Box<Option<Line>>>,
        r#type: Wrapped,
        #[serde(rename = "e-mail", alias = "mail")]
        email: String,
        #[serde(rename = "id")]
        order_number: u8,
        line_set: HashSet<Line>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Wrapped(Line);

    fn at<T: DeserializeOwned>(path: &str) -> String {
        renamed::<T>(&path.split('.').map(str::to_owned).collect::<Vec<_>>()).join(".")
    }

    #[test]
    fn each_step_gets_the_name_that_serde_reads() {
        for (path, sent) in [
            ("order_lines.3.unit_price", "ORDER-LINES.3.unitPrice"),
            ("by_name.unit_price.unit_price", "BY-NAME.unit_price.unitPrice"),
            ("r#type.unit_price", "TYPE.unitPrice"),
            ("email", "e-mail"),
            ("line_set.0.unit_price", "LINE-SET.0.unitPrice"),
            // Nothing tells that `order_number` is read as `id`.
            ("order_number", "order_number"),
            ("nothing.of.it", "nothing.of.it"),
        ] {
            assert_eq!(at::<Order>(path), sent);
        }
        assert_eq!(at::<Vec<Line>>("0.unit_price"), "0.unitPrice");
        assert_eq!(at::<(Line, u8)>("1.unit_price"), "1.unit_price");
        assert_eq!(at::<String>("unit_price"), "unit_price");
        assert_eq!(renamed::<Order>(&[]), [""; 0]);
    }

    #[test]
    fn a_type_without_end_ends_with_the_path() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(dead_code)]
        struct Tree {
            left_branch: Option<Box<Tree>>,
        }
        assert_eq!(at::<Tree>("left_branch.left_branch"), "leftBranch.leftBranch");
        assert_eq!(at::<Tree>("right"), "right");
    }
}
