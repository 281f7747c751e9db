//! Why a value does not fit: short sentences without the value, so that faults can be counted by them.

use std::borrow::Cow;
use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};
use serde::{Serialize, Serializer};

/// Why a value does not fit. It never holds the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    text: Cow<'static, str>,
    loss: bool,
}

impl Reason {
    /// The value is none of the type at all.
    pub fn not(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), loss: false }
    }

    /// The value is of the type but could only be stored with a loss (digits, a time of day, a zone).
    pub fn loss(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), loss: true }
    }

    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the value could be stored, though not wholly.
    pub fn is_loss(&self) -> bool {
        self.loss
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// An Arrow type in Iceberg's words: `int`, `decimal(12,2)`, `timestamptz`, `list<string>`.
pub(crate) fn type_name(of: &DataType) -> String {
    match of {
        DataType::Null => "null".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => "int".into(),
        DataType::Int64 | DataType::UInt32 => "long".into(),
        DataType::Float16 | DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => format!("decimal({p},{s})"),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => "timestamp_ns".into(),
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => "timestamptz_ns".into(),
        DataType::Timestamp(_, None) => "timestamp".into(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".into(),
        DataType::FixedSizeBinary(16) => "uuid".into(),
        DataType::FixedSizeBinary(n) => format!("fixed({n})"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary".into(),
        DataType::Dictionary(_, values) => type_name(values),
        nested => nested_name(nested),
    }
}

fn nested_name(of: &DataType) -> String {
    match of {
        DataType::List(e)
        | DataType::LargeList(e)
        | DataType::ListView(e)
        | DataType::LargeListView(e)
        | DataType::FixedSizeList(e, _) => format!("list<{}>", type_name(e.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|f| format!("{}: {}", f.name(), type_name(f.data_type()))).collect();
            format!("struct<{}>", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(kv) => {
                format!("map<{}>", kv.iter().map(|f| type_name(f.data_type())).collect::<Vec<_>>().join(", "))
            }
            _ => "map".into(),
        },
        other => other.to_string(),
    }
}
