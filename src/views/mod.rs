//! The screens, one file each, and what they share. A view shows plain values and asks the shell for everything else;
//! it does no I/O, reads no clock and knows neither `iceberg` nor `arrow`.
//!
//! # How to add a view
//!
//! 1. One file `views/NAME.rs` with a plain struct that holds what the view is about (its [`Route`]) and no state of
//!    the screen:
//!    - **a list** (most views): implement [`Look`](widgets::listing::Look) (columns, key, how a row looks) and
//!      [`List`] (`load` runs as a job and sends rows in chunks; `facts` is the detail; `enter` is where a row leads).
//!      Cursor, scrolling, sorting, filter, marks, detail pane, raw view, copying, refresh and every state (loading,
//!      failed, empty) are [`ListView`]'s. See [`snapshots`] and [`tables`].
//!    - **a page** (overview, schema, a report): implement [`Page`]: `load` answers one value, `facts` shows it.
//!    - **something of its own** (mapping, a wizard): implement [`View`] and use [`widgets`]; a list inside it
//!      is a [`Listing`](widgets::listing::Listing), an answer on its way a [`Load`](widgets::load::Load), a question a
//!      [`Confirm`](dialogs::Confirm), [`Prompt`](dialogs::Prompt) or [`Pick`](dialogs::Pick) dialog.
//! 2. One line in [`SCREENS`]: name, aliases, what it is about, help, and how it is made. It is then on the command
//!    line (`:NAME`), in the palette, and where `action` names one, on a key in each view of the same table.
//! 3. A new verb: one line in the table of `app/action.rs` and its keys in `assets/keymap.toml`. The view lists it among
//!    its `offers`/`actions` while it works and does it in `act`; hints, help and palette follow.
//!
//! Work that takes longer than a blink is a [`Task`](crate::app::task::Task): plain data, started by
//! [`Effect::Start`](crate::app::effect::Effect::Start) in a slot of the view. Text out of data goes through
//! [`Shown::text`](widgets::shown::Shown::text) or [`text::safe`](widgets::text::safe); colours are
//! [`Tone`](crate::app::theme::Tone)s.

pub mod dialogs;
pub mod help;
pub mod jobs;
pub mod list;
pub mod log;
pub mod page;
pub mod palette;
pub mod raw;
pub mod tables;
pub mod widgets;

pub use list::{List, ListView};
pub use page::{Page, PageView};

use crate::app::action::Action;
use crate::app::route::Route;
use crate::app::view::View;

/// What a view must be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A namespace, or the whole catalog.
    Namespace,
    /// A table.
    Table,
}

/// A view that can be opened by its name.
#[derive(Debug)]
pub struct Screen {
    /// Its name: in routes, crumbs and on the command line.
    pub name: &'static str,
    /// Other names on the command line.
    pub aliases: &'static [&'static str],
    /// What it is about.
    pub needs: Needs,
    /// A line for help and palette.
    pub help: &'static str,
    /// The action that opens it from any view about the same table.
    pub action: Option<Action>,
    /// Makes it.
    pub make: fn(Route) -> Box<dyn View>,
}

/// All views that have a name.
pub const SCREENS: &[Screen] = &[
    Screen {
        name: tables::NAME,
        aliases: &["namespaces", "ns", "ls"],
        needs: Needs::Namespace,
        help: "Namespaces and tables",
        action: None,
        make: |route| Box::new(ListView::new(tables::Tables { route })),
    },
    Screen {
        name: jobs::NAME,
        aliases: &[],
        needs: Needs::Nothing,
        help: "What runs and what ran",
        action: None,
        make: |route| Box::new(jobs::JobsView::new(route)),
    },
    Screen {
        name: log::NAME,
        aliases: &["changes"],
        needs: Needs::Nothing,
        help: "Each change that was sent",
        action: None,
        make: |route| Box::new(log::LogView::new(route)),
    },
];

/// The view of a name or an alias.
pub fn screen(name: &str) -> Option<&'static Screen> {
    SCREENS.iter().find(|s| s.name == name || s.aliases.contains(&name))
}
