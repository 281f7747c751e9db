//! `icedeck alter TABLE ..`.

use std::collections::BTreeMap;

use super::mend::finish;
use super::options::property;
use super::{Context, Exit};
use crate::commit::ColumnPlace;
use crate::ingest::create::ColumnType;
use crate::recovery::mend::{Alteration, alter};
use crate::table::TableName;
use crate::{Error, Result};

/// Change a table's columns, partition fields, sort order, properties or format version
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    pub(super) table: TableName,

    #[command(subcommand)]
    what: What,
}

/// Where a column goes.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Place {
    /// Before all others
    #[arg(long)]
    first: bool,

    /// Before this one
    #[arg(long, value_name = "COLUMN")]
    before: Option<String>,

    /// Behind this one
    #[arg(long, value_name = "COLUMN")]
    after: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Add a column that may be null
    AddColumn {
        /// Its name; inside a struct behind the struct's: address.city
        column: String,
        /// Its type: long, "decimal(10, 2)", timestamptz, ..
        #[arg(value_name = "TYPE")]
        column_type: ColumnType,
        /// What it means
        #[arg(long, value_name = "TEXT")]
        doc: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Drop a column
    DropColumn {
        /// Its name
        column: String,
    },
    /// Give a column another name
    RenameColumn {
        /// Its name
        column: String,
        /// Its new name
        to: String,
    },
    /// Give a column a wider type: int to long, float to double, decimals more digits
    Retype {
        /// Its name
        column: String,
        /// The type
        #[arg(value_name = "TYPE")]
        to: ColumnType,
    },
    /// Move a column
    Reorder {
        /// Its name
        column: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let a column be null
    MakeOptional {
        /// Its name
        column: String,
    },
    /// Say what a column means
    Doc {
        /// Its name
        column: String,
        /// What it means; the words are taken away where nothing is said
        text: Option<String>,
    },
    /// Add or drop partition fields, for files that are still to be written
    PartitionBy {
        /// Fields to add: "day(ts), bucket(8, id) as shard"
        #[arg(long, value_name = "FIELDS", required_unless_present = "drop", conflicts_with = "drop")]
        add: Option<String>,
        /// A field to drop, by its name; may be given several times
        #[arg(long, value_name = "NAME")]
        drop: Vec<String>,
    },
    /// Set the sort order, for files that are still to be written
    SortBy {
        /// "ts desc, id nulls last"; empty for none
        fields: String,
    },
    /// Set properties
    Set {
        /// KEY=VALUE
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = property)]
        properties: Vec<(String, String)>,
    },
    /// Remove properties
    Unset {
        /// Their keys
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Go to a later format version; there is no way back
    FormatVersion {
        /// 2 or 3
        #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
        version: u8,
    },
}

impl Place {
    fn told(self) -> Option<ColumnPlace> {
        match self {
            Self { first: true, .. } => Some(ColumnPlace::First),
            Self { before: Some(other), .. } => Some(ColumnPlace::Before(other)),
            Self { after: Some(other), .. } => Some(ColumnPlace::After(other)),
            _ => None,
        }
    }
}

/// What is asked for; nothing where no place is named for a column to be moved to.
fn wanted(what: What) -> Option<Alteration> {
    Some(match what {
        What::AddColumn { column, column_type, doc, place } => {
            Alteration::AddColumn { column, column_type, doc, place: place.told() }
        }
        What::DropColumn { column } => Alteration::DropColumn(column),
        What::RenameColumn { column, to } => Alteration::RenameColumn { column, to },
        What::Retype { column, to } => Alteration::Retype { column, to },
        What::Reorder { column, place } => Alteration::Move { column, place: place.told()? },
        What::MakeOptional { column } => Alteration::MakeOptional(column),
        What::Doc { column, text } => Alteration::Doc { column, doc: text },
        What::PartitionBy { add: Some(fields), .. } => Alteration::AddPartitions(fields),
        What::PartitionBy { add: None, drop } => Alteration::DropPartitions(drop),
        What::SortBy { fields } => Alteration::SortBy(fields),
        What::Set { properties } => {
            Alteration::Properties { set: properties.into_iter().collect(), remove: Vec::new() }
        }
        What::Unset { keys } => Alteration::Properties { set: BTreeMap::new(), remove: keys },
        What::FormatVersion { version } => Alteration::FormatVersion(version),
    })
}

/// Plans, shows, asks, alters.
pub async fn run(args: Args, context: &Context) -> Result<Exit> {
    let Some(wanted) = wanted(args.what) else {
        let wrong = Error::invalid("nothing is said about where the column goes");
        return Ok(context.misused(wrong.hint("--first, --before or --after")));
    };
    let connection = context.lake().await?.connection(None).await?;
    let table = connection.load(&args.table).await?;
    let plan = alter(&table, &wanted)?;
    finish(&plan.prepared, &plan, &connection, context).await
}
