//! [`Rows`]: a serializer that writes each item of a list as a line.

use std::fmt;

use serde::ser::{Impossible, SerializeSeq, SerializeTuple};
use serde::{Serialize, Serializer};

/// Writes a list; any other value is the error [`RowsError::NotAList`], before anything has been written.
pub(super) struct Rows<'w>(pub(super) &'w mut csv::Writer<Vec<u8>>);

#[derive(Debug)]
pub(super) enum RowsError {
    NotAList,
    Csv(csv::Error),
}

impl fmt::Display for RowsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList => f.write_str("no list"),
            Self::Csv(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RowsError {}

impl serde::ser::Error for RowsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Csv(csv::Error::custom(message))
    }
}

type Written = Result<(), RowsError>;
type NoParts = Result<Impossible<(), RowsError>, RowsError>;
const NOT_A_LIST: Written = Err(RowsError::NotAList);
const NO_PARTS: NoParts = Err(RowsError::NotAList);

impl SerializeSeq for Rows<'_> {
    type Ok = ();
    type Error = RowsError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
        self.0.serialize(item).map_err(RowsError::Csv)
    }

    fn end(self) -> Written {
        Ok(())
    }
}

/// An array, such as `[Row; 2]`.
impl SerializeTuple for Rows<'_> {
    type Ok = ();
    type Error = RowsError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Written {
        SerializeSeq::serialize_element(self, item)
    }

    fn end(self) -> Written {
        Ok(())
    }
}

impl Serializer for Rows<'_> {
    type Ok = ();
    type Error = RowsError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), RowsError>;
    type SerializeTupleVariant = Impossible<(), RowsError>;
    type SerializeMap = Impossible<(), RowsError>;
    type SerializeStruct = Impossible<(), RowsError>;
    type SerializeStructVariant = Impossible<(), RowsError>;

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, RowsError> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, RowsError> {
        Ok(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    /// Nothing is not a line.
    fn serialize_none(self) -> Written {
        Ok(())
    }

    fn serialize_unit(self) -> Written {
        Ok(())
    }

    fn serialize_bool(self, _: bool) -> Written {
        NOT_A_LIST
    }

    fn serialize_i8(self, _: i8) -> Written {
        NOT_A_LIST
    }

    fn serialize_i16(self, _: i16) -> Written {
        NOT_A_LIST
    }

    fn serialize_i32(self, _: i32) -> Written {
        NOT_A_LIST
    }

    fn serialize_i64(self, _: i64) -> Written {
        NOT_A_LIST
    }

    fn serialize_i128(self, _: i128) -> Written {
        NOT_A_LIST
    }

    fn serialize_u8(self, _: u8) -> Written {
        NOT_A_LIST
    }

    fn serialize_u16(self, _: u16) -> Written {
        NOT_A_LIST
    }

    fn serialize_u32(self, _: u32) -> Written {
        NOT_A_LIST
    }

    fn serialize_u64(self, _: u64) -> Written {
        NOT_A_LIST
    }

    fn serialize_u128(self, _: u128) -> Written {
        NOT_A_LIST
    }

    fn serialize_f32(self, _: f32) -> Written {
        NOT_A_LIST
    }

    fn serialize_f64(self, _: f64) -> Written {
        NOT_A_LIST
    }

    fn serialize_char(self, _: char) -> Written {
        NOT_A_LIST
    }

    fn serialize_str(self, _: &str) -> Written {
        NOT_A_LIST
    }

    fn serialize_bytes(self, _: &[u8]) -> Written {
        NOT_A_LIST
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        NOT_A_LIST
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Written {
        NOT_A_LIST
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        NOT_A_LIST
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> NoParts {
        NO_PARTS
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> NoParts {
        NO_PARTS
    }

    fn serialize_map(self, _: Option<usize>) -> NoParts {
        NO_PARTS
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> NoParts {
        NO_PARTS
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> NoParts {
        NO_PARTS
    }
}
