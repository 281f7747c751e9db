//! What tests of several layers share. Nothing here asserts.
#![allow(dead_code)] // each layer uses a part

pub mod console;
pub mod disk;
pub mod http;
pub mod lake;
pub mod pty;

pub use lake::Lake;
