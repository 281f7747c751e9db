//! How deep the columns of a Parquet file are nested, found in its footer before anything takes the footer apart: what
//! decodes it calls itself once a level, and a file made for it would end the process.
//!
//! Walks Thrift's compact protocol and understands no more of it than that takes. What it cannot read it lets pass: the
//! decoder says better what is wrong.

use crate::{Error, Result};

/// Levels that a column may have; engines write ten at most.
pub const MOST_LEVELS: usize = 128;
/// Levels of structs within one element of the schema; the format has three.
const MOST_STRUCTS: usize = 16;

/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) where columns are nested deeper than [`MOST_LEVELS`].
pub fn check_nesting(footer: &[u8]) -> Result<()> {
    match (Walk { bytes: footer }).deepest() {
        Some(levels) if levels > MOST_LEVELS => {
            Err(Error::unsupported(format!("the file's columns are nested deeper than {MOST_LEVELS} levels")))
        }
        _ => Ok(()),
    }
}

/// What is still to be read.
struct Walk<'a> {
    bytes: &'a [u8],
}

/// The types of the compact protocol that are told apart here.
mod kind {
    pub const BYTE: u8 = 3;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const STRUCT: u8 = 12;
}

/// In the file's metadata: the schema. In an element of the schema: how many children it has.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

impl Walk<'_> {
    /// The most levels of any column; nothing where the bytes are no metadata, or as soon as it is too deep to matter.
    fn deepest(&mut self) -> Option<usize> {
        let mut id = 0;
        loop {
            let kind = self.field(&mut id)?;
            if id == SCHEMA && kind == kind::LIST {
                let (elements, _) = self.list()?;
                return self.levels(elements);
            }
            self.skip(kind, 0)?;
        }
    }

    /// Elements come depth first, each with the number of its children.
    fn levels(&mut self, elements: u64) -> Option<usize> {
        let (mut open, mut deepest) = (Vec::<i64>::new(), 0);
        for _ in 0..elements {
            let children = self.element()?;
            if let Some(siblings) = open.last_mut() {
                *siblings -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            deepest = deepest.max(open.len());
            if deepest > MOST_LEVELS {
                break;
            }
            while open.last().is_some_and(|left| *left <= 0) {
                open.pop();
            }
        }
        Some(deepest)
    }

    fn element(&mut self) -> Option<i64> {
        let (mut id, mut children) = (0, 0);
        loop {
            match self.field(&mut id)? {
                0 => return Some(children),
                _ if id == CHILDREN => children = self.number()?,
                kind => self.skip(kind, 0)?,
            }
        }
    }

    /// The kind of the next field, 0 at the end of a struct; `id` becomes the field's.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        match head >> 4 {
            _ if head == 0 => return Some(0),
            0 => *id = self.number()?,
            by => *id = id.checked_add(i64::from(by))?,
        }
        Some(head & 0xf)
    }

    fn skip(&mut self, kind: u8, within: usize) -> Option<()> {
        match kind {
            kind::BYTE => self.take(1),
            kind::DOUBLE => self.take(8),
            kind::BINARY => {
                let length = self.unsigned()?;
                self.take(length)
            }
            kind::LIST | kind::SET => {
                let (length, kind) = self.list()?;
                // A list's truth values are bytes, a field's lie in its head.
                (0..length).try_for_each(|_| if kind <= 2 { self.take(1) } else { self.skip(kind, within + 1) })
            }
            kind::STRUCT if within < MOST_STRUCTS => {
                let mut id = 0;
                while let kind @ 1.. = self.field(&mut id)? {
                    self.skip(kind, within + 1)?;
                }
                Some(())
            }
            1 | 2 => Some(()),
            4..=6 => self.unsigned().map(drop),
            _ => None,
        }
    }

    /// How many elements, and of which kind.
    fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let length = if head >> 4 == 0xf { self.unsigned()? } else { u64::from(head >> 4) };
        Some((length, head & 0xf))
    }

    fn number(&mut self) -> Option<i64> {
        let raw = self.unsigned()?;
        Some((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn take(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer's beginning: a version, then a schema of so many groups one within the other, around one column.
    fn nested(levels: usize) -> Vec<u8> {
        let mut bytes = vec![0x15, 0x04, 0x19, 0xfc];
        let mut count = levels + 1;
        while count >= 0x80 {
            bytes.push((count & 0x7f) as u8 | 0x80);
            count >>= 7;
        }
        bytes.push(count as u8);
        for _ in 0..levels {
            // Field 4, the name "a"; field 5, one child; the end.
            bytes.extend([0x48, 1, b'a', 0x15, 0x02, 0]);
        }
        bytes.extend([0x15, 0x02, 0x38, 1, b'x', 0]);
        bytes
    }

    #[test]
    fn only_what_is_too_deep_is_refused() {
        assert!(check_nesting(&nested(1)).is_ok());
        assert!(check_nesting(&nested(MOST_LEVELS)).is_ok());
        assert!(check_nesting(&nested(MOST_LEVELS + 1)).is_err());
        assert!(check_nesting(&nested(1_000_000)).is_err());
    }

    #[test]
    fn what_is_no_footer_is_left_to_the_decoder() {
        let whole = nested(200);
        for cut in 0..12 {
            assert!(check_nesting(&whole[..cut]).is_ok(), "{cut}");
        }
        assert!(check_nesting(&[0xff; 64]).is_ok());
        assert!(check_nesting(&[0x1c; 4096]).is_ok(), "structs within structs");
        assert!(check_nesting(&[0x19; 4096]).is_ok(), "lists within lists");
    }
}
