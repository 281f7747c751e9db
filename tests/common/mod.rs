//! What tests of several layers share. Nothing here asserts.
#![allow(dead_code)] // each layer uses a part

pub mod console;
pub mod disk;
pub mod http;
pub mod lake;
pub mod pty;

pub use lake::Lake;

/// How often a test of chance is tried: as often as the variable says, which is for the night.
#[allow(clippy::disallowed_methods)] // a test has no Env
pub fn rounds(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}
