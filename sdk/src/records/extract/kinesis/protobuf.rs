//! The part of protobuf's wire format that aggregated records need
//! (<https://protobuf.dev/programming-guides/encoding/>).

use std::ops::Range;

/// The value of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Field {
    Varint(u64),
    /// The range of bytes, a text or a message.
    Bytes(Range<usize>),
    /// A number of a fixed length, which is not decoded.
    Fixed,
}

/// Reads the fields of a message one by one.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads the message at `at` in the bytes.
    pub(super) fn new(bytes: &'a [u8], at: Range<usize>) -> Self {
        Self { bytes, at: at.start, end: at.end.min(bytes.len()) }
    }

    /// Returns the next field with its number, `Some(None)` at the end, and `None` if it is malformed.
    pub(super) fn next(&mut self) -> Option<Option<(u32, Field)>> {
        if self.at >= self.end {
            return Some(None);
        }
        let tag = u32::try_from(self.varint()?).ok()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => self.skip(8).map(|_| Field::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.skip(length)?)
            }
            5 => self.skip(4).map(|_| Field::Fixed)?,
            // Groups, which are deprecated, and unknown types.
            _ => return None,
        };
        match tag >> 3 {
            0 => None,
            number => Some(Some((number, field))),
        }
    }

    /// Reads an integer: seven bits in each byte, the lowest first, in at most ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let at = self.skip(1)?;
            let byte = *self.bytes.get(at.start)?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end)?;
        let skipped = self.at..end;
        self.at = end;
        Some(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Option<Vec<(u32, Field)>> {
        let mut reader = Reader::new(bytes, 0..bytes.len());
        let mut fields = Vec::new();
        while let Some(field) = reader.next()? {
            fields.push(field);
        }
        Some(fields)
    }

    #[test]
    fn the_examples_of_the_format_are_read() {
        // `Test1 { a: 150 }`, `Test2 { b: "testing" }`.
        assert_eq!(all(&[0x08, 0x96, 0x01]), Some(vec![(1, Field::Varint(150))]));
        assert_eq!(all(b"\x12\x07testing"), Some(vec![(2, Field::Bytes(2..9))]));
        assert_eq!(
            all(&[0x0D, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8]),
            Some(vec![(1, Field::Fixed), (2, Field::Fixed)])
        );
        let most = [&[0x08][..], &[0xFF; 9], &[0x01]].concat();
        assert_eq!(all(&most), Some(vec![(1, Field::Varint(u64::MAX))]));
        assert_eq!(all(&[]), Some(vec![]));
    }

    #[test]
    fn what_is_not_of_the_format_is_refused() {
        for bytes in [
            &[0x08][..],
            &[0x08, 0x80],
            &[0x12, 0x07, b't'],
            &[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            &[0x0D, 1, 2, 3],
            &[0x0B],
            &[0x0C],
            &[0x0E],
            &[0x00, 0x00],
            &[0x80; 11],
            &[0xF8, 0xFF, 0xFF, 0xFF, 0x7F, 0x00],
        ] {
            assert_eq!(all(bytes), None, "{bytes:x?}");
        }
    }
}
