//! A SQL catalog of our own on SQLite or PostgreSQL, in the table layout of Java's JdbcCatalog (V1) and PyIceberg, safe under several
//! processes. The crate `iceberg-catalog-sql` is not used: it reports success when the database's COMMIT failed.

mod catalog;
mod database;
mod engine;
mod iceberg;
mod names;
mod publish;
mod rows;

pub use catalog::SqlCatalog;
pub use database::{Database, Opening};
pub use publish::SqlCommitter;
pub use rows::Rows;
