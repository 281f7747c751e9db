//! Text to typed values: the only place that gives text a meaning as a number, a date, a time or bytes.
//!
//! Type inference, mapping, constants and expressions all parse through here, so that a value means the same wherever
//! it is read. Exact: what cannot be kept wholly is refused with a reason, never rounded or cut; but for numbers that
//! become float or double, which are the nearest. Must not know of sources, mappings or tables.

mod bytes;
mod calendar;
mod decimal;
mod format;
mod number;
mod pattern;
mod reason;
mod timestamp;
mod words;
mod zone;

use std::sync::Arc;

use arrow::array::types::{Date32Type, Decimal128Type, Time64MicrosecondType};
use arrow::array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanBufferBuilder, NullBufferBuilder, PrimitiveArray, StringArray,
    StringBuilder, StringViewArray,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, TimeUnit};

pub use format::{BinaryText, ParseFormat, Words};
pub(super) use number::double_holds;
pub use reason::Reason;
pub(crate) use reason::type_name;
pub(crate) use zone::LocalOffsets;
pub use zone::Zone;

use crate::{Error, Result};

/// A column after parsing: one value per text, null where the text was null or bad.
#[derive(Debug)]
pub struct Parsed {
    /// As many values as there were texts, of exactly the type asked for.
    pub array: ArrayRef,
    /// The rows whose text is not such a value, ascending, and why.
    pub bad: Vec<(usize, Reason)>,
}

/// A parser for one type and format, checked once and used for every batch.
#[derive(Debug, Clone)]
pub struct TextParser {
    to: DataType,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Boolean(words::Words),
    Int(number::Numbers),
    Long(number::Numbers),
    Float(number::Numbers),
    Double(number::Numbers),
    Decimal(decimal::Decimals),
    Date(calendar::Dates),
    Time(calendar::Times),
    Timestamp(timestamp::Timestamps),
    Text,
    Fixed(bytes::Binary, i32),
    Binary(bytes::Binary),
    Uuid,
}

impl TextParser {
    /// A parser into one of the Arrow types of Iceberg's primitives (as `schema_to_arrow_schema` gives them).
    ///
    /// # Errors
    /// `Invalid` where the format is none or does not go with the type; `Unsupported` for other types.
    pub fn new(to: &DataType, format: &ParseFormat) -> Result<Self> {
        format.check_goes_with(to)?;
        let kind = match to {
            DataType::Boolean => Kind::Boolean(words::Words::new(format)?),
            DataType::Int32 => Kind::Int(number::Numbers::new(format)),
            DataType::Int64 => Kind::Long(number::Numbers::new(format)),
            DataType::Float32 => Kind::Float(number::Numbers::new(format)),
            DataType::Float64 => Kind::Double(number::Numbers::new(format)),
            DataType::Decimal128(p, s) if *s >= 0 => {
                Kind::Decimal(decimal::Decimals::new(*p, s.unsigned_abs(), format))
            }
            DataType::Date32 => Kind::Date(calendar::Dates::new(format)?),
            DataType::Time64(TimeUnit::Microsecond) => Kind::Time(calendar::Times::new(format)?),
            DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => {
                Kind::Timestamp(timestamp::Timestamps::new(to, format)?)
            }
            DataType::Utf8 => Kind::Text,
            DataType::FixedSizeBinary(16) if format.binary.is_none() => Kind::Uuid,
            DataType::FixedSizeBinary(n) => Kind::Fixed(bytes::Binary::new(format), *n),
            DataType::LargeBinary => Kind::Binary(bytes::Binary::new(format)),
            other => return Err(Error::unsupported(format!("text cannot be parsed as {}", type_name(other)))),
        };
        Ok(Self { to: to.clone(), kind })
    }

    /// The type it parses into.
    pub fn data_type(&self) -> &DataType {
        &self.to
    }

    /// Whether digits of a number that was parsed so far, by this or a clone, were rounded off.
    pub(super) fn rounded(&self) -> bool {
        matches!(&self.kind, Kind::Float(numbers) | Kind::Double(numbers) if numbers.rounded())
    }

    /// Parses a column.
    pub fn parse(&self, text: &StringViewArray) -> Parsed {
        match &self.kind {
            Kind::Boolean(words) => words.parse(text),
            Kind::Int(numbers) => self.primitive::<Int32Type>(text, numbers.ints()),
            Kind::Long(numbers) => self.primitive::<Int64Type>(text, numbers.longs()),
            Kind::Float(numbers) => self.primitive::<Float32Type>(text, numbers.floats()),
            Kind::Double(numbers) => self.primitive::<Float64Type>(text, numbers.doubles()),
            Kind::Decimal(decimals) => self.primitive::<Decimal128Type>(text, decimals.parser()),
            Kind::Date(dates) => self.primitive::<Date32Type>(text, |s| dates.parse(s)),
            Kind::Time(times) => self.primitive::<Time64MicrosecondType>(text, |s| times.parse(s)),
            Kind::Timestamp(stamps) => stamps.parse(text, &self.to),
            Kind::Text => strings(text),
            Kind::Fixed(binary, width) => binary.fixed(text, *width),
            Kind::Binary(binary) => binary.variable(text),
            Kind::Uuid => bytes::uuids(text),
        }
    }

    /// Whether [`parse_all`](Self::parse_all) can parse into this type: numbers, dates, times, timestamps and text.
    pub fn parses_all(&self) -> bool {
        use Kind::{Binary, Boolean, Fixed, Uuid};
        !matches!(self.kind, Boolean(_) | Fixed(..) | Binary(_) | Uuid)
    }

    /// Parses texts that never were a column; nothing as soon as one of them is bad, for [`parse`](Self::parse) to say
    /// which and why.
    pub fn parse_all<'a>(&self, cells: impl Iterator<Item = Option<&'a str>>, rows: usize) -> Option<ArrayRef> {
        let to = &self.to;
        match &self.kind {
            Kind::Int(numbers) => all::<Int32Type>(cells, rows, to, numbers.ints()),
            Kind::Long(numbers) => all::<Int64Type>(cells, rows, to, numbers.longs()),
            Kind::Float(numbers) => all::<Float32Type>(cells, rows, to, numbers.floats()),
            Kind::Double(numbers) => all::<Float64Type>(cells, rows, to, numbers.doubles()),
            Kind::Decimal(decimals) => all::<Decimal128Type>(cells, rows, to, decimals.parser()),
            Kind::Date(dates) => all::<Date32Type>(cells, rows, to, |s| dates.parse(s)),
            Kind::Time(times) => all::<Time64MicrosecondType>(cells, rows, to, |s| times.parse(s)),
            Kind::Timestamp(stamps) => stamps.parse_all(cells, rows, to),
            Kind::Text => Some(texts(cells, rows)),
            Kind::Boolean(_) | Kind::Fixed(..) | Kind::Binary(_) | Kind::Uuid => None,
        }
    }

    fn primitive<T: ArrowPrimitiveType>(
        &self,
        text: &StringViewArray,
        each: impl FnMut(&str) -> Result<T::Native, Reason>,
    ) -> Parsed {
        primitive::<T>(text, &self.to, each)
    }
}

/// Parses a column of text into an Iceberg primitive's Arrow type.
///
/// # Errors
/// Those of [`TextParser::new`]; a bad cell is no error but listed in [`Parsed::bad`].
pub fn parse_column(text: &StringViewArray, to: &DataType, format: &ParseFormat) -> Result<Parsed> {
    Ok(TextParser::new(to, format)?.parse(text))
}

/// Parses each text that is not null into a primitive array of type `to`.
pub(crate) fn primitive<T: ArrowPrimitiveType>(
    text: &StringViewArray,
    to: &DataType,
    mut each: impl FnMut(&str) -> Result<T::Native, Reason>,
) -> Parsed {
    let mut bad = Vec::new();
    let mut values = Vec::with_capacity(text.len());
    for (row, cell) in text.iter().enumerate() {
        values.push(match cell.map(&mut each) {
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                bad.push((row, reason));
                T::Native::default()
            }
            None => T::Native::default(),
        });
    }
    let nulls = nulls_with(text.nulls(), &bad, text.len());
    let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls).with_data_type(to.clone());
    Parsed { array: Arc::new(array), bad }
}

/// As [`primitive`], of texts that were never a column; nothing as soon as one is bad.
pub(crate) fn all<'a, T: ArrowPrimitiveType>(
    cells: impl Iterator<Item = Option<&'a str>>,
    rows: usize,
    to: &DataType,
    mut each: impl FnMut(&str) -> Result<T::Native, Reason>,
) -> Option<ArrayRef> {
    let (mut values, mut nulls) = (Vec::with_capacity(rows), NullBufferBuilder::new(rows));
    for cell in cells {
        match cell {
            Some(text) => {
                values.push(each(text).ok()?);
                nulls.append_non_null();
            }
            None => {
                values.push(T::Native::default());
                nulls.append_null();
            }
        }
    }
    let array = PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls.finish());
    Some(Arc::new(array.with_data_type(to.clone())))
}

/// The nulls of the input and those of the bad rows.
pub(crate) fn nulls_with(nulls: Option<&NullBuffer>, bad: &[(usize, Reason)], len: usize) -> Option<NullBuffer> {
    if bad.is_empty() {
        return nulls.cloned();
    }
    let mut valid = BooleanBufferBuilder::new(len);
    match nulls {
        Some(nulls) => valid.append_buffer(nulls.inner()),
        None => valid.append_n(len, true),
    }
    for (row, _) in bad {
        valid.set_bit(*row, false);
    }
    Some(NullBuffer::new(valid.finish()))
}

/// Texts that were never a column, as one.
fn texts<'a>(cells: impl Iterator<Item = Option<&'a str>>, rows: usize) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(rows, rows * 16);
    cells.for_each(|cell| column.append_option(cell));
    Arc::new(column.finish())
}

fn strings(text: &StringViewArray) -> Parsed {
    Parsed { array: Arc::new(text.iter().collect::<StringArray>()), bad: Vec::new() }
}
