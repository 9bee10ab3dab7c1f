//! Objects of a document, of which only a few members are read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value that is read from an object alone: serde reads a struct from a list, too.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData))
    }
}

/// A server of the document, of a path or of an operation.
#[derive(Deserialize)]
pub(super) struct Server<'a> {
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
}

/// The servers of paths and of their operations.
#[derive(Default)]
pub(super) struct Paths<'a> {
    pub(super) servers: Vec<Object<Server<'a>>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Paths<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let servers = Servers(Of::Paths).deserialize(deserializer)?;
        Ok(Self { servers })
    }
}

/// Reads the servers within an object.
struct Servers(Of);

enum Of {
    Paths,
    Path,
    Operation,
}

/// The methods of a path.
const METHODS: [&str; 9] = ["delete", "get", "head", "options", "patch", "post", "put", "query", "trace"];

/// The name of a member.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Servers {
    type Value = Vec<Object<Server<'de>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Servers {
    type Value = Vec<Object<Server<'de>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut servers = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            match (&self.0, &*name) {
                // The other members of `paths` are extensions.
                (Of::Paths, path) if path.starts_with('/') => {
                    servers.extend(map.next_value_seed(Servers(Of::Path))?);
                }
                (Of::Path, method) if METHODS.contains(&method) => {
                    servers.extend(map.next_value_seed(Servers(Of::Operation))?);
                }
                (Of::Path | Of::Operation, "servers") => {
                    servers.extend(map.next_value::<Vec<Object<Server<'de>>>>()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(servers)
    }
}
