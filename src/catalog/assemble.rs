//! Puts a table of iceberg's crate together from what was read.

use iceberg::spec::TableMetadata;
use iceberg::{Runtime, TableIdent};

use crate::Result;
use crate::storage::{Storage, from_iceberg};

/// A table from its metadata. The crate's own cache is off: it has no working bound.
///
/// # Errors
/// [`Kind::Unsupported`](crate::Kind::Unsupported) for an encrypted table.
pub fn assemble(
    storage: &Storage,
    ident: TableIdent,
    metadata: TableMetadata,
    location: &str,
    read_only: bool,
) -> Result<iceberg::table::Table> {
    let wrong = |e| from_iceberg(e, "cannot open the table");
    if metadata.properties().contains_key("encryption.key-id") {
        return Err(crate::Error::unsupported("encrypted tables are not read yet").with("table", ident));
    }
    iceberg::table::Table::builder()
        .identifier(ident)
        .metadata(metadata)
        .metadata_location(location)
        .file_io(storage.file_io())
        .readonly(read_only)
        .disable_cache()
        .runtime(Runtime::try_current().map_err(wrong)?)
        .build()
        .map_err(wrong)
}
