//! What dropping a table would take out of the catalog, in numbers, before it is done. Changes nothing.

use serde::Serialize;

use super::Connection;
use crate::Result;
use crate::table::TableName;

/// What goes, and what stays behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DropPlan {
    /// The table.
    pub table: String,
    /// How many snapshots its metadata names.
    pub snapshots: usize,
    /// Rows of the current snapshot, where its summary tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The folder of its files, which stay.
    pub location: String,
    /// The metadata file by which it can be registered again.
    pub metadata_location: String,
    /// Why the metadata could not be read, where it could not; the table can be dropped all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

impl DropPlan {
    /// Looks at the table.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::Kind::NotFound) where the catalog has no such table, [`Kind::Unavailable`](crate::Kind::Unavailable) where it does not answer.
    pub async fn of(connection: &Connection, name: &TableName) -> Result<Self> {
        let table = match connection.load(name).await {
            Ok(table) => table,
            Err(e) if connection.table_exists(name).await? => return Ok(Self::unreadable(name, e.to_string())),
            Err(e) => return Err(e),
        };
        let metadata = table.metadata();
        let summary = metadata.current_snapshot().map(|s| &s.summary().additional_properties);
        Ok(Self {
            table: name.to_string(),
            snapshots: metadata.snapshots().len(),
            rows: summary.and_then(|s| s.get("total-records")).and_then(|n| n.parse().ok()),
            location: metadata.location().to_string(),
            metadata_location: table.metadata_location().to_string(),
            unreadable: None,
        })
    }

    fn unreadable(name: &TableName, why: String) -> Self {
        let nothing = String::new;
        let unreadable = Some(why);
        Self {
            table: name.to_string(),
            snapshots: 0,
            rows: None,
            location: nothing(),
            metadata_location: nothing(),
            unreadable,
        }
    }

    /// One sentence for a question: what goes and what stays.
    pub fn question(&self) -> String {
        if let Some(why) = &self.unreadable {
            return format!("drop table {}, whose metadata cannot be read ({why})", self.table);
        }
        let rows = self.rows.map(|n| format!(", {n} rows")).unwrap_or_default();
        let snapshots = if self.snapshots == 1 { "1 snapshot".into() } else { format!("{} snapshots", self.snapshots) };
        format!("drop table {} ({snapshots}{rows}); its files stay in {}", self.table, self.location)
    }
}
