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

pub mod catalogs;
pub mod changed_rows;
pub mod create;
pub mod dialogs;
pub mod diff;
pub mod entries;
pub mod export;
pub mod file;
pub mod files;
pub mod folder;
pub mod help;
pub mod history;
pub mod jobs;
pub mod list;
pub mod load;
pub mod log;
pub mod manifests;
pub mod mend;
pub mod metadata;
pub mod metadata_log;
pub mod mistakes;
pub mod of_table;
pub mod outcome;
pub mod overview;
pub mod page;
pub mod palette;
pub mod partitions;
pub mod properties;
pub mod raw;
pub mod recover;
pub mod refs;
pub mod rows;
pub mod schema;
pub mod schemas;
pub mod snapshots;
pub mod specs;
pub mod tables;
pub mod widgets;
pub mod workbench;

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

/// The view that the console starts with.
pub const START: &str = tables::NAME;

/// All views that have a name.
pub const SCREENS: &[Screen] = &[
    Screen {
        name: catalogs::NAME,
        aliases: &["catalog", "contexts"],
        needs: Needs::Nothing,
        help: "Every catalog with its state",
        action: None,
        make: |route| Box::new(ListView::new(catalogs::Catalogs { route })),
    },
    Screen {
        name: tables::NAME,
        aliases: &["namespaces", "ns", "ls"],
        needs: Needs::Namespace,
        help: "Namespaces and tables",
        action: None,
        make: |route| Box::new(ListView::new(tables::Tables { route, names_only: false })),
    },
    Screen {
        name: overview::NAME,
        aliases: &["show", "describe"],
        needs: Needs::Table,
        help: "The table at a glance",
        action: Some(Action::Overview),
        make: |route| Box::new(PageView::new(overview::Overview { route })),
    },
    Screen {
        name: snapshots::NAME,
        aliases: &["snaps"],
        needs: Needs::Table,
        help: "Snapshots, newest first, with their lineage",
        action: Some(Action::Snapshots),
        make: |route| Box::new(ListView::new(snapshots::Snapshots { route, chosen: None })),
    },
    Screen {
        name: rows::NAME,
        aliases: &["data", "select"],
        needs: Needs::Table,
        help: "Rows of a snapshot",
        action: Some(Action::Rows),
        make: |route| Box::new(rows::RowsView::new(route)),
    },
    Screen {
        name: files::NAME,
        aliases: &["data-files"],
        needs: Needs::Table,
        help: "Data and delete files of a snapshot",
        action: Some(Action::Files),
        make: |route| Box::new(ListView::new(files::Files { route })),
    },
    Screen {
        name: manifests::NAME,
        aliases: &["mf"],
        needs: Needs::Table,
        help: "Manifests of a snapshot",
        action: Some(Action::Manifests),
        make: |route| Box::new(ListView::new(manifests::Manifests { route })),
    },
    Screen {
        name: schema::NAME,
        aliases: &["fields"],
        needs: Needs::Table,
        help: "The schema, nested fields too",
        action: Some(Action::Schema),
        make: |route| Box::new(ListView::new(schema::Schema { route })),
    },
    Screen {
        name: schemas::NAME,
        aliases: &["schema-log"],
        needs: Needs::Table,
        help: "Every schema the table ever had",
        action: None,
        make: |route| Box::new(ListView::new(schemas::Schemas { route })),
    },
    Screen {
        name: specs::NAME,
        aliases: &["spec", "sort-orders", "partitioning"],
        needs: Needs::Table,
        help: "Partition specs and sort orders",
        action: Some(Action::Specs),
        make: |route| Box::new(ListView::new(specs::Specs { route })),
    },
    Screen {
        name: diff::NAME,
        aliases: &["compare"],
        needs: Needs::Table,
        help: "What changed between two snapshots: diff A B",
        action: None,
        make: |route| Box::new(ListView::new(diff::Diff { route })),
    },
    Screen {
        name: changed_rows::NAME,
        aliases: &[],
        needs: Needs::Table,
        help: "The rows that came and went between two snapshots",
        action: None,
        make: |route| Box::new(ListView::new(changed_rows::ChangedRows { route })),
    },
    Screen {
        name: refs::NAME,
        aliases: &["branches", "tags"],
        needs: Needs::Table,
        help: "Branches and tags",
        action: Some(Action::Refs),
        make: |route| Box::new(ListView::new(refs::Refs { route, chosen: None })),
    },
    Screen {
        name: properties::NAME,
        aliases: &["props"],
        needs: Needs::Table,
        help: "Table properties",
        action: Some(Action::Properties),
        make: |route| Box::new(ListView::new(properties::Properties { route })),
    },
    Screen {
        name: partitions::NAME,
        aliases: &["parts"],
        needs: Needs::Table,
        help: "Partitions of a snapshot",
        action: Some(Action::Partitions),
        make: |route| Box::new(ListView::new(partitions::Partitions { route })),
    },
    Screen {
        name: entries::NAME,
        aliases: &[],
        needs: Needs::Table,
        help: "Manifest entries, removed files too",
        action: Some(Action::Entries),
        make: |route| Box::new(ListView::new(entries::Entries { route })),
    },
    Screen {
        name: history::NAME,
        aliases: &["snapshot-log"],
        needs: Needs::Table,
        help: "Which snapshot was current since when",
        action: Some(Action::History),
        make: |route| Box::new(ListView::new(history::History { route })),
    },
    Screen {
        name: metadata_log::NAME,
        aliases: &["ml"],
        needs: Needs::Table,
        help: "The metadata files",
        action: Some(Action::MetadataLog),
        make: |route| Box::new(ListView::new(metadata_log::MetadataLog { route })),
    },
    Screen {
        name: metadata::NAME,
        aliases: &["json", "raw"],
        needs: Needs::Table,
        help: "The metadata as JSON",
        action: None,
        make: |route| Box::new(metadata::MetadataView::new(route)),
    },
    Screen {
        name: file::NAME,
        aliases: &[],
        needs: Needs::Table,
        help: "One data file, column by column",
        action: None,
        make: |route| Box::new(ListView::new(file::OneFile { route, found: None })),
    },
    Screen {
        name: folder::NAME,
        aliases: &["pick"],
        needs: Needs::Table,
        help: "Pick files and load them into the table",
        action: Some(Action::Load),
        make: |route| Box::new(ListView::new(folder::Folder::new(route))),
    },
    Screen {
        name: folder::NEW,
        aliases: &[],
        needs: Needs::Namespace,
        help: "Pick files and make a table from them",
        action: None,
        make: |route| Box::new(ListView::new(folder::Folder::new(route))),
    },
    Screen {
        name: create::NAME,
        aliases: &[],
        needs: Needs::Namespace,
        help: "Make a table from a file: columns, partitioning, sort order, properties: create FILE",
        action: None,
        make: |route| Box::new(create::CreateView::new(route)),
    },
    Screen {
        name: load::NAME,
        aliases: &[],
        needs: Needs::Table,
        help: "Load a file: source, mapping, preflight, commit: load FILE",
        action: None,
        make: |route| Box::new(load::LoadView::new(route)),
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
        name: recover::NAME,
        aliases: &["open", "journals"],
        needs: Needs::Nothing,
        help: "Loads and changes that are not settled yet",
        action: None,
        make: |route| Box::new(ListView::new(recover::Recover { route, all: false })),
    },
    Screen {
        name: workbench::NAME,
        aliases: &[],
        needs: Needs::Table,
        help: "One load that is not settled: base, theirs, mine, and what can be done",
        action: None,
        make: |route| Box::new(workbench::Workbench::new(route)),
    },
    Screen {
        name: log::NAME,
        aliases: &["changes"],
        needs: Needs::Nothing,
        help: "Each change that was sent",
        action: None,
        make: |route| Box::new(ListView::new(log::Log { route, session: Vec::new() })),
    },
    Screen {
        name: mistakes::NAME,
        aliases: &[],
        needs: Needs::Nothing,
        help: "What is wrong in your key map and themes",
        action: None,
        make: |route| Box::new(ListView::new(mistakes::Mistakes { route, found: Vec::new() })),
    },
];

/// Whether a view is there to write: none is opened where one may not.
pub fn writes(screen: &str) -> bool {
    [folder::NAME, folder::NEW, create::NAME, load::NAME].contains(&screen)
}

/// The view of a name or an alias.
pub fn screen(name: &str) -> Option<&'static Screen> {
    SCREENS.iter().find(|s| s.name == name || s.aliases.contains(&name))
}
