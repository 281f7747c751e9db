//! The mapping: how source columns become table columns, as plain values that can be shown, edited and saved.
//!
//! A mapping knows columns by name alone; whether it goes with a source and a table is told by
//! [`Binding::new`](super::bind::Binding::new). Nothing here looks at rows.

mod edit;
mod file;
mod matching;
mod view;

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Result;
use crate::ingest::parse::{BinaryText, ParseFormat, Words};
use crate::ingest::source::SourceOptions;

pub use edit::MappingEdit;
pub use matching::Match;
pub(crate) use matching::{find, nearest};
pub use view::{MappingView, SourceSide, State, TableSide};

/// How source columns become table columns. Table columns that it does not name are matched by their names before it is
/// used ([`Mapping::completed`]); those that are left then become null, or are a problem where they are required.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// How the source is to be read, where that is kept with the mapping.
    pub source: Option<SourceOptions>,
    /// What becomes of each table column, in the table's order.
    pub columns: Vec<ColumnMapping>,
    /// The types that source columns of text have within expressions, where not the inferred ones: column name and
    /// Iceberg type (`string`, `decimal(12,2)`).
    pub types: BTreeMap<String, String>,
}

/// What becomes of one table column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMapping {
    /// The table column's name. Only whole columns can be mapped; fields of a struct go by their names.
    pub column: String,
    /// Where its values come from.
    pub rule: Rule,
    /// How text is read as values of the column's type.
    pub cast: Cast,
}

/// Where the values of a table column come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A source column, by its name.
    Column(String),
    /// An SQL expression over source columns: `upper("Country")`.
    Expression(String),
    /// The same value in every row, as text of the column's type.
    Constant(String),
    /// Null in every row (or the column's write default), even where a source column has its name.
    Skip,
}

/// How text is read: the same choices as [`ParseFormat`], not yet checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cast {
    /// A strftime pattern, or `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns`.
    pub format: Option<String>,
    /// The IANA name of the zone of local times.
    pub zone: Option<String>,
    /// The decimal point is a comma.
    pub decimal_comma: bool,
    /// What stands between groups of three digits.
    pub thousands: Option<char>,
    /// Words for true, instead of the usual ones.
    pub yes: Vec<String>,
    /// Words for false.
    pub no: Vec<String>,
    /// How bytes are written.
    pub binary: Option<BinaryText>,
}

impl Mapping {
    /// What the mapping says of a table column.
    pub fn column(&self, name: &str) -> Option<&ColumnMapping> {
        self.columns.iter().find(|c| c.column == name)
    }
}

impl ColumnMapping {
    /// A table column by a rule, text read in the plain forms.
    pub fn new(column: impl Into<String>, rule: Rule) -> Self {
        Self { column: column.into(), rule, cast: Cast::default() }
    }

    /// The rule in a few words, as the mapping pane shows it: the name of another source column, the format, `expression`.
    pub fn describe(&self) -> String {
        let how = self.cast.describe();
        match &self.rule {
            Rule::Column(from) if *from == self.column && how.is_empty() => "as is".into(),
            Rule::Column(from) if how.is_empty() => from.clone(),
            Rule::Column(from) if *from == self.column => how,
            Rule::Column(from) => format!("{from}, {how}"),
            Rule::Expression(sql) if how.is_empty() => sql.clone(),
            Rule::Expression(sql) => format!("{sql}, {how}"),
            Rule::Constant(text) => format!("constant {text}"),
            Rule::Skip => "skipped".into(),
        }
    }
}

impl Cast {
    /// Whether text is read in the plain forms.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The choices, checked.
    ///
    /// # Errors
    /// `Invalid` for a zone that does not exist. Whether the pattern is one is told by
    /// [`TextParser::new`](super::parse::TextParser::new), which knows the type.
    pub fn parse_format(&self) -> Result<ParseFormat> {
        let words = !self.yes.is_empty() || !self.no.is_empty();
        Ok(ParseFormat {
            pattern: self.format.clone(),
            zone: self.zone.as_deref().map(FromStr::from_str).transpose()?,
            decimal_comma: self.decimal_comma,
            thousands: self.thousands,
            booleans: words.then(|| Words { yes: self.yes.clone(), no: self.no.clone() }),
            binary: self.binary,
        })
    }

    fn describe(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.format.clone());
        parts.extend(self.zone.clone());
        if self.decimal_comma {
            parts.push("decimal comma".into());
        }
        parts.extend(self.thousands.map(|c| format!("thousands '{c}'")));
        if !self.yes.is_empty() || !self.no.is_empty() {
            parts.push(format!("{} / {}", self.yes.join(", "), self.no.join(", ")));
        }
        parts.extend(self.binary.map(|b| format!("{b:?}").to_lowercase()));
        parts.join(", ")
    }
}
