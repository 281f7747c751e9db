//! The shell of the console: event loop, actions, effects, routes, jobs, keymap, themes, terminal. It draws the frame
//! around the views and knows them by [`View`](view::View) and [`Route`](route::Route) alone; it knows nothing of
//! Iceberg.

pub mod action;
pub mod board;
pub mod chord;
pub mod command;
pub mod command_log;
mod dispatch;
pub mod effect;
pub mod event;
pub mod event_loop;
mod follow;
mod frame;
pub mod jobs;
pub mod keymap;
pub mod plain;
pub mod route;
pub mod settings;
pub mod stack;
pub mod start;
pub mod state;
pub mod task;
pub mod terminal;
pub mod theme;
pub mod view;
mod welcome;

pub use keymap::keys_markdown;
pub use start::{Options, run, start_route};

#[cfg(test)]
mod tests;
