//! Bytes written as text: hexadecimal, base64, UUIDs.

use std::sync::Arc;

use arrow::array::{Array, FixedSizeBinaryArray, LargeBinaryBuilder, StringViewArray};
use arrow::buffer::Buffer;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{BinaryText, ParseFormat, Parsed, Reason, nulls_with};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// How the bytes of a column are written.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    text: BinaryText,
}

impl Binary {
    pub(super) fn new(format: &ParseFormat) -> Self {
        Self { text: format.binary.unwrap_or(BinaryText::Hex) }
    }

    pub(super) fn variable(&self, text: &StringViewArray) -> Parsed {
        let mut bad = Vec::new();
        let mut values = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for (row, cell) in text.iter().enumerate() {
            match cell.map(|cell| self.decode(cell, &mut bytes)) {
                Some(Ok(())) => values.append_value(&bytes),
                Some(Err(reason)) => {
                    bad.push((row, reason));
                    values.append_null();
                }
                None => values.append_null(),
            }
        }
        Parsed { array: Arc::new(values.finish()), bad }
    }

    pub(super) fn fixed(&self, text: &StringViewArray, width: i32) -> Parsed {
        let size = usize::try_from(width).unwrap_or_default();
        let mut decoded = Vec::new();
        fixed(text, width, |cell, out| {
            self.decode(cell, &mut decoded)?;
            if decoded.len() != size {
                return Err(Reason::not(format!("not {size} bytes long")));
            }
            out.extend_from_slice(&decoded);
            Ok(())
        })
    }

    fn decode(&self, cell: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
        out.clear();
        let cell = cell.trim_ascii();
        match self.text {
            BinaryText::Hex => hexadecimal(cell, out).ok_or(Reason::not("not hexadecimal bytes")),
            BinaryText::Base64 => {
                let engine = if cell.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
                engine.decode_vec(cell, out).map_err(|_| Reason::not("not base64"))
            }
        }
    }
}

/// UUIDs with or without hyphens.
pub(super) fn uuids(text: &StringViewArray) -> Parsed {
    fixed(text, 16, |cell, out| {
        let id = uuid::Uuid::try_parse_ascii(cell.trim_ascii().as_bytes()).map_err(|_| Reason::not("not a UUID"))?;
        out.extend_from_slice(id.as_bytes());
        Ok(())
    })
}

/// Values of one width; `each` appends exactly `width` bytes or none and a reason.
fn fixed(text: &StringViewArray, width: i32, mut each: impl FnMut(&str, &mut Vec<u8>) -> Result<(), Reason>) -> Parsed {
    let size = usize::try_from(width).unwrap_or_default();
    let mut bad = Vec::new();
    let mut values = Vec::with_capacity(text.len() * size);
    for (row, cell) in text.iter().enumerate() {
        match cell.map(|cell| each(cell, &mut values)) {
            Some(Ok(())) => {}
            Some(Err(reason)) => {
                bad.push((row, reason));
                values.resize((row + 1) * size, 0);
            }
            None => values.resize((row + 1) * size, 0),
        }
    }
    let nulls = nulls_with(text.nulls(), &bad, text.len());
    let array = FixedSizeBinaryArray::new(width, Buffer::from_vec(values), nulls);
    Parsed { array: Arc::new(array), bad }
}

fn hexadecimal(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let digits = ["0x", "0X", "\\x"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text).as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: &u8| char::from(*b).to_digit(16);
    for pair in digits.chunks_exact(2) {
        if let [high, low] = pair {
            out.push((digit(high)? * 16 + digit(low)?) as u8);
        }
    }
    Some(())
}
