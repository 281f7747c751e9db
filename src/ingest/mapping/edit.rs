//! What an operator can do to a mapping, as plain values applied purely.

use super::{Cast, ColumnMapping, Mapping, Rule};

/// One change of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingEdit {
    /// Take the table column from a source column; how its text is read stays.
    Source {
        /// The table column.
        column: String,
        /// The source column.
        from: String,
    },
    /// Read the text of the table column another way; where it comes from stays.
    Cast {
        /// The table column.
        column: String,
        /// How to read it.
        cast: Cast,
    },
    /// Compute the table column.
    Expression {
        /// The table column.
        column: String,
        /// SQL over source columns.
        sql: String,
    },
    /// Give every row the same value.
    Constant {
        /// The table column.
        column: String,
        /// The value, as text of the column's type.
        text: String,
    },
    /// Leave the table column null.
    Skip {
        /// The table column.
        column: String,
    },
    /// Forget what the mapping says of the table column.
    Clear {
        /// The table column.
        column: String,
    },
    /// Treat a source column of text as this type within expressions.
    Type {
        /// The source column.
        source: String,
        /// An Iceberg type, or nothing for the inferred one.
        of: Option<String>,
    },
    /// A table column has another name now.
    Rename {
        /// Its name so far.
        column: String,
        /// Its new name.
        to: String,
    },
}

impl Mapping {
    /// The mapping after a change. A change of a column that is not mapped yet maps it, but for how it is read: there
    /// has to be something to read.
    #[must_use]
    pub fn apply(&self, edit: &MappingEdit) -> Self {
        let mut next = self.clone();
        match edit {
            MappingEdit::Source { column, from } => next.set(column, Rule::Column(from.clone())),
            MappingEdit::Expression { column, sql } => next.set(column, Rule::Expression(sql.clone())),
            MappingEdit::Constant { column, text } => next.set(column, Rule::Constant(text.clone())),
            MappingEdit::Skip { column } => next.set(column, Rule::Skip),
            MappingEdit::Clear { column } => next.columns.retain(|c| c.column != *column),
            MappingEdit::Cast { column, cast } => {
                next.columns.iter_mut().filter(|c| c.column == *column).for_each(|c| c.cast = cast.clone());
            }
            MappingEdit::Rename { column, to } => {
                next.columns.iter_mut().filter(|c| c.column == *column).for_each(|c| c.column.clone_from(to));
            }
            MappingEdit::Type { source, of } => {
                next.types.remove(source);
                next.types.extend(of.iter().map(|of| (source.clone(), of.clone())));
            }
        }
        next
    }

    fn set(&mut self, column: &str, rule: Rule) {
        match self.columns.iter_mut().find(|c| c.column == column) {
            Some(mapped) => mapped.rule = rule,
            None => self.columns.push(ColumnMapping::new(column, rule)),
        }
    }
}
