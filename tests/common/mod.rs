//! What tests of several layers share. Nothing here asserts.
#![allow(dead_code)] // each layer uses a part

pub mod lake;

pub use lake::Lake;
