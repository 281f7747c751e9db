//! The configuration: which catalogs there are, and how the console shall behave. Reads files and variables; connects
//! to nothing.

mod settings;

pub use settings::Settings;
