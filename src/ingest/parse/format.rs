//! How text stands for values where the plain forms do not do: patterns, zones, decimal commas, words for true and false.

use arrow::datatypes::DataType;

use super::{Zone, type_name};
use crate::{Error, Result};

/// How to read the text of a column. The default reads ISO 8601 dates and times, plain numbers with a decimal point,
/// the usual words for true and false, and hexadecimal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParseFormat {
    /// A strftime pattern (`%d.%m.%Y`) for dates, times and timestamps, or `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns`
    /// for a count since 1970-01-01 UTC.
    pub pattern: Option<String>,
    /// The zone of local times where the text has no offset.
    pub zone: Option<Zone>,
    /// The decimal point is a comma.
    pub decimal_comma: bool,
    /// What stands between groups of three digits: `.`, `,`, `'`, a space.
    pub thousands: Option<char>,
    /// The words for true and false, instead of the usual ones; compared without regard to case.
    pub booleans: Option<Words>,
    /// How bytes are written; nothing is hexadecimal.
    pub binary: Option<BinaryText>,
}

/// Words for true and for false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// `yes`, `ja`, ..
    pub yes: Vec<String>,
    /// `no`, `nein`, ..
    pub no: Vec<String>,
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BinaryText {
    /// `0aff`, with or without `0x` or `\x` in front, in either case.
    Hex,
    /// Base64 of either alphabet, with or without padding.
    Base64,
}

impl ParseFormat {
    /// With a strftime pattern.
    #[must_use]
    pub fn with_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// With a zone for local times.
    #[must_use]
    pub fn with_zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Refuses what makes no sense for the type.
    pub(super) fn check_goes_with(&self, to: &DataType) -> Result<()> {
        self.check_thousands(to)?;
        let temporal = matches!(to, DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(..));
        match &self.pattern {
            Some(pattern) if !temporal => Err(Error::invalid(format!(
                "the format {pattern} is for dates and times, but the column is {}",
                type_name(to)
            ))),
            _ => Ok(()),
        }
    }

    fn check_thousands(&self, to: &DataType) -> Result<()> {
        let Some(separator) = self.thousands else { return Ok(()) };
        if separator.is_ascii_alphanumeric() || matches!(separator, '-' | '+' | '\0') {
            return Err(Error::invalid(format!("{separator:?} cannot stand between groups of digits")));
        }
        if separator == char::from(self.point()) && !to.is_integer() {
            return Err(Error::invalid(format!("{separator:?} is the decimal point and the thousands separator")));
        }
        Ok(())
    }

    /// The byte that is the decimal point.
    pub(super) fn point(&self) -> u8 {
        if self.decimal_comma { b',' } else { b'.' }
    }
}
