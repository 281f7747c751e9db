//! The views that look: what each shows while it waits, when it has its answer, when there is nothing and when it
//! failed; and walks through a real lake, with wrong keys too.

mod console;
mod diff;
mod edges;
mod exports;
mod golden;
mod grid;
mod loading;
mod manual;
mod mending;
mod said;
mod samples;
mod steps;
mod walks;
mod workbench;
