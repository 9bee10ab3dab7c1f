//! A list of fields, and the filter that removes all others from JSON text. The text is read once, without building a
//! tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The maximum length of a list in bytes, and its maximum depth: middy's limits.
const LENGTH: usize = 2048;
const DEPTH: usize = 100;

/// The members to keep of an object, or of each object in an array.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Mask {
    named: BTreeMap<String, Kept>,
    /// The parts to keep of every other member: `*`.
    others: Option<Box<Kept>>,
}

/// The parts to keep of a member.
#[derive(Debug, PartialEq)]
enum Kept {
    Whole,
    Part(Mask),
}

impl Mask {
    /// Parses a list.
    ///
    /// # Errors
    ///
    /// The reason why the list is invalid.
    pub(super) fn parse(list: &str) -> Result<Self, &'static str> {
        if list.len() > LENGTH {
            return Err("it must not be longer than 2048 bytes");
        }
        let mut rest = list;
        let mask = items(&mut rest, 0)?;
        match rest {
            "" => Ok(mask),
            _ => Err("unexpected `)`"),
        }
    }

    /// Returns the JSON text with the selected fields only.
    pub(super) fn apply(&self, text: &[u8]) -> serde_json::Result<Vec<u8>> {
        let mut kept = Vec::with_capacity(text.len().min(4096));
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let container = Filter { mask: self, kept: &mut kept }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        // A scalar value has no fields.
        Ok(if container { kept } else { text.to_vec() })
    }

    fn add(&mut self, name: Name, kept: Kept) {
        let slot = match name {
            Name::Any => self.others.get_or_insert_with(|| Box::new(Kept::Part(Self::default()))),
            Name::Member(name) => self.named.entry(name).or_insert_with(|| Kept::Part(Self::default())),
        };
        slot.widen(kept);
    }

    fn of(&self, member: &str) -> Option<&Kept> {
        match self.others.as_deref() {
            Some(Kept::Whole) => Some(&Kept::Whole),
            others => self.named.get(member).or(others),
        }
    }
}

impl Kept {
    fn widen(&mut self, more: Self) {
        match (self, more) {
            (Self::Whole, _) => {}
            (this, Self::Whole) => *this = Self::Whole,
            (Self::Part(this), Self::Part(more)) => {
                more.named.into_iter().for_each(|(name, kept)| this.add(Name::Member(name), kept));
                more.others.into_iter().for_each(|kept| this.add(Name::Any, *kept));
            }
        }
    }
}

enum Name {
    Any,
    Member(String),
}

/// Parses `item , item …`, up to the end or a `)`.
fn items(rest: &mut &str, depth: usize) -> Result<Mask, &'static str> {
    let mut mask = Mask::default();
    loop {
        let (name, kept) = item(rest, depth)?;
        mask.add(name, kept);
        match rest.strip_prefix(',') {
            Some(next) => *rest = next,
            None => return Ok(mask),
        }
    }
}

/// Parses `name`, `name/item` or `name(items)`.
fn item(rest: &mut &str, depth: usize) -> Result<(Name, Kept), &'static str> {
    if depth > DEPTH {
        return Err("it must not be nested deeper than 100");
    }
    let name = name(rest)?;
    let part = match rest.chars().next() {
        Some('/') => {
            *rest = &rest[1..];
            let (name, kept) = item(rest, depth + 1)?;
            let mut mask = Mask::default();
            mask.add(name, kept);
            mask
        }
        Some('(') => {
            *rest = &rest[1..];
            let mask = items(rest, depth + 1)?;
            *rest = rest.strip_prefix(')').ok_or("missing `)`")?;
            if !matches!(rest.chars().next(), None | Some(',' | ')')) {
                return Err("expected a comma after `)`");
            }
            mask
        }
        _ => return Ok((name, Kept::Whole)),
    };
    Ok((name, Kept::Part(part)))
}

fn name(rest: &mut &str) -> Result<Name, &'static str> {
    let (mut name, mut escaped, mut end) = (String::new(), false, rest.len());
    let mut chars = rest.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            ',' | '/' | '(' | ')' => {
                end = at;
                break;
            }
            '\\' => {
                escaped = true;
                name.push(chars.next().ok_or("unexpected `\\` at the end")?.1);
            }
            other => name.push(other),
        }
    }
    *rest = &rest[end..];
    match name.trim() {
        "" => Err("missing field name"),
        "*" if !escaped => Ok(Name::Any),
        trimmed => Ok(Name::Member(trimmed.to_owned())),
    }
}

/// A serializer of the selected fields of a value. It returns `false` for a scalar value, which has none.
struct Filter<'a> {
    mask: &'a Mask,
    kept: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Filter<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Filter<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let Self { mask, kept } = self;
        kept.push(b'{');
        let empty = kept.len();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let Some(of) = mask.of(&name) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let before = kept.len();
            if before > empty {
                kept.push(b',');
            }
            serde_json::to_writer(&mut *kept, &name).map_err(serde::de::Error::custom)?;
            kept.push(b':');
            let any = match of {
                Kept::Whole => {
                    kept.extend_from_slice(members.next_value::<&RawValue>()?.get().as_bytes());
                    true
                }
                Kept::Part(mask) => members.next_value_seed(Filter { mask, kept })?,
            };
            if !any {
                kept.truncate(before);
            }
        }
        kept.push(b'}');
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let Self { mask, kept } = self;
        kept.push(b'[');
        let empty = kept.len();
        loop {
            let before = kept.len();
            if before > empty {
                kept.push(b',');
            }
            match items.next_element_seed(Filter { mask, kept })? {
                Some(true) => {}
                Some(false) => kept.truncate(before),
                None => {
                    kept.truncate(before);
                    break;
                }
            }
        }
        kept.push(b']');
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.kept.extend_from_slice(b"null");
        Ok(true)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }
}
