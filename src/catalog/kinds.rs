//! Errors of ours as those of iceberg's `Catalog` trait, with the kinds that its users go by.

use iceberg::ErrorKind;

use crate::storage::to_iceberg;
use crate::{Error, Kind};

/// An error about a namespace.
pub fn of_namespace(error: Error) -> iceberg::Error {
    typed(error, ErrorKind::NamespaceNotFound, ErrorKind::NamespaceAlreadyExists)
}

/// An error about a table, or about its namespace where the error says so.
pub fn of_table(error: Error) -> iceberg::Error {
    let of_namespace = error.context().iter().any(|(name, _)| *name == "namespace");
    let missing = if of_namespace { ErrorKind::NamespaceNotFound } else { ErrorKind::TableNotFound };
    typed(error, missing, ErrorKind::TableAlreadyExists)
}

fn typed(error: Error, missing: ErrorKind, taken: ErrorKind) -> iceberg::Error {
    let kind = match error.kind() {
        Kind::NotFound => missing,
        Kind::AlreadyExists => taken,
        _ => return to_iceberg(error),
    };
    iceberg::Error::new(kind, error.to_string()).with_source(error)
}
