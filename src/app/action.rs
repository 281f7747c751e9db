//! Everything an operator can ask for, in one table: it feeds the keymap's parser, the palette, the help, the hint line
//! and the manual. Which keys ask for it is said by `assets/keymap.toml`; what it does, by the shell and the views.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// How actions are grouped in the help and the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Moving the cursor.
    Move,
    /// From view to view.
    Go,
    /// What is done with the thing under the cursor, changing nothing.
    Look,
    /// What changes a table or a catalog: hidden where the connection is read-only.
    Change,
    /// The program itself.
    Program,
}

macro_rules! actions {
    ($($group:ident { $($variant:ident, $name:literal, $short:literal, $help:literal;)* })*) => {
        /// Something the operator can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[doc = $help] $variant,)*)* }

        impl Action {
            /// Every action, in the order of the manual.
            pub const ALL: &'static [Action] = &[$($(Action::$variant,)*)*];

            /// Its name in the keymap and on the command line: `page-down`.
            pub fn name(self) -> &'static str {
                match self { $($(Action::$variant => $name,)*)* }
            }

            /// A word or two for the hint line.
            pub fn short(self) -> &'static str {
                match self { $($(Action::$variant => $short,)*)* }
            }

            /// A line for the help and the manual.
            pub fn help(self) -> &'static str {
                match self { $($(Action::$variant => $help,)*)* }
            }

            /// Where the help lists it.
            pub fn group(self) -> Group {
                match self { $($(Action::$variant => Group::$group,)*)* }
            }
        }
    };
}

actions! {
    Move {
        Down, "down", "down", "One row down";
        Up, "up", "up", "One row up";
        PageDown, "page-down", "page down", "One page down";
        PageUp, "page-up", "page up", "One page up";
        HalfDown, "half-down", "half a page down", "Half a page down";
        HalfUp, "half-up", "half a page up", "Half a page up";
        Top, "top", "top", "To the first row";
        Bottom, "bottom", "bottom", "To the last row";
        Left, "left", "left", "Columns to the left";
        Right, "right", "right", "Columns to the right";
        NextPane, "next-pane", "next pane", "To the next pane or field";
        PreviousPane, "previous-pane", "previous pane", "To the pane or field before";
        Parent, "parent", "parent folder", "To the folder around the one that is shown";
    }
    Go {
        Open, "open", "open", "Go in: what the cursor is on";
        Back, "back", "back", "Go back: leave a filter, a dialog, a view";
        Backward, "history-back", "back", "Back in the history of views";
        Forward, "history-forward", "forward", "Forward in the history of views";
        Last, "last-view", "last view", "The last view, and back again";
        Command, "command", "command", "The command line: views, actions, :ctx, :t, :q";
        Help, "help", "help", "Every key that works now";
        Jobs, "jobs", "jobs", "What runs: progress, rate, time left, cancel";
        Log, "log", "log", "The command log: each change that was sent, as a request and as a command";
        Overview, "overview", "overview", "The table at a glance";
        Schema, "schema", "schema", "The table's schemas";
        Specs, "specs", "specs", "The table's partition specs and sort orders";
        Snapshots, "snapshots", "snapshots", "The table's snapshots";
        Refs, "refs", "refs", "The table's branches and tags";
        Manifests, "manifests", "manifests", "The manifests of a snapshot";
        Files, "files", "files", "The data and delete files of a snapshot";
        Rows, "rows", "rows", "The rows of a snapshot";
        Properties, "properties", "properties", "The table's properties";
        Entries, "entries", "entries", "The entries of a snapshot's manifests, removed files too";
        Partitions, "partitions", "partitions", "The partitions of a snapshot";
        History, "history", "history", "Which snapshot was current since when";
        MetadataLog, "metadata-log", "metadata log", "The table's metadata files";
    }
    Look {
        Filter, "filter", "filter", "Filter: a regular expression, ! inverts, -f fuzzy";
        NextMatch, "next-match", "next match", "The next place that matches the search";
        PreviousMatch, "previous-match", "previous match", "The place before that matches the search";
        Mark, "mark", "mark", "Mark the row under the cursor";
        ClearMarks, "clear-marks", "clear marks", "Take all marks away";
        Describe, "describe", "describe", "Everything known of the thing under the cursor";
        Raw, "raw", "raw", "The raw thing: metadata JSON, manifest entry, exact request";
        Copy, "copy", "copy", "Copy to the clipboard";
        Export, "export", "export", "Write the rows to a file: CSV, JSON or Parquet, as its ending says";
        Columns, "columns", "columns", "Choose the columns";
        Where, "where", "where", "Read only rows for which an expression is true";
        Jump, "jump", "go to row", "Go to a row by its number";
        Wrap, "wrap", "wrap", "Wrap long lines or not";
        Diff, "diff", "diff", "Compare two marked snapshots, the marked one with that under the cursor, or that with its parent";
        Refresh, "refresh", "refresh", "Read it again";
        ShowAll, "show-all", "all or open", "What is done with too, or only what is open";
        CancelJob, "cancel-job", "cancel job", "Cancel the job under the cursor";
    }
    Change {
        Load, "load", "load a file", "Load a file into the table";
        Create, "create", "create", "Create a table from a file, or a namespace";
        Rename, "rename", "rename", "Rename the table";
        Next, "next-step", "next step", "The next step of a load";
        Edit, "edit", "edit", "Change how the files are read: delimiter, header, null strings, encoding";
        MapFrom, "map-from", "source", "Choose the source column";
        Expression, "expression", "expression", "Compute the column by an SQL expression over source columns";
        Format, "format", "format", "How text is read: date pattern, time zone, decimal comma";
        Constant, "constant", "constant", "The same value in every row";
        Skip, "skip", "skip", "Leave the column null";
        SaveMapping, "save-mapping", "save mapping", "Save the mapping to a file";
        LoadMapping, "load-mapping", "open mapping", "Take the mapping from a file";
        Partition, "partition-by", "partition by", "How the new table is partitioned";
        Sort, "sort-by", "sort by", "How the new table's files are sorted";
        Reject, "reject", "reject to a file", "Write rows that do not fit to a file and load the others";
        Rebase, "rebase", "rebase", "Publish the same staged files upon the table as it is now";
        Restage, "restage", "restage", "Write the rows of an open load again, and publish them";
        PublishOnBranch, "publish-on-branch", "on a branch", "Publish staged files on a new branch";
        Discard, "discard", "discard", "Give an open load up and delete its staged files";
        RollBack, "roll-back", "roll back here", "Lead main back to the snapshot under the cursor";
        Undo, "undo", "undo", "Take the last change of the table back, whoever made it";
        Redo, "redo", "redo", "Take the last undo back";
        MakeTag, "make-tag", "tag", "Make a tag at the snapshot under the cursor";
        MakeBranch, "make-branch", "branch", "Make a branch at the snapshot under the cursor";
        CherryPick, "cherry-pick", "cherry-pick", "Make the snapshot under the cursor once more on main";
        FastForward, "fast-forward", "publish", "Lead main forward to the branch under the cursor";
        DropRef, "drop-ref", "drop", "Drop the branch or tag under the cursor";
        DoIt, "do-it", "do it", "Do what the page says, after a question";
        KeepTag, "keep-tag", "keep old head", "Keep the old head by a tag, or not";
        RestoreThen, "restore-then", "as it was then", "Take schema, spec and properties back as well, or not";
    }
    Program {
        Quit, "quit", "quit", "Quit; asks when work is running";
        Interrupt, "interrupt", "cancel", "Cancel what the view waits for, else ask to quit; twice quits";
        Suspend, "suspend", "suspend", "Stop the program and return to the shell; fg continues";
        Redraw, "redraw", "redraw", "Draw the screen anew";
        Mouse, "mouse", "mouse", "Switch the mouse off or on (off: the terminal selects text)";
        Panic, "panic", "panic", "Fail on purpose, to see the terminal restored (debug builds only)";
    }
}

impl Action {
    /// Whether it changes a table or a catalog.
    pub fn writes(self) -> bool {
        self.group() == Group::Change
    }

    /// This action under a label of its own on the hint line: `Action::Open.called("files")`.
    pub fn called(self, label: impl Into<Cow<'static, str>>) -> Offer {
        Offer { action: self, label: label.into() }
    }

    /// Whether this build knows it: [`Action::Panic`] exists in debug builds only.
    pub fn exists(self) -> bool {
        self != Action::Panic || cfg!(debug_assertions)
    }
}

/// An action that works now, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is done.
    pub action: Action,
    /// A word or two for the hint line.
    pub label: Cow<'static, str>,
}

impl From<Action> for Offer {
    fn from(action: Action) -> Self {
        action.called(action.short())
    }
}

impl Group {
    /// Every group, in the order of the manual.
    pub const ALL: &'static [Group] = &[Group::Move, Group::Go, Group::Look, Group::Change, Group::Program];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "Move",
            Group::Go => "Go",
            Group::Look => "Look",
            Group::Change => "Change",
            Group::Program => "Program",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Action::ALL.iter().copied().filter(|a| a.exists());
        known
            .clone()
            .find(|a| a.name() == name)
            .ok_or_else(|| Error::invalid(format!("no action is named {name:?}")).hint("press ? for the actions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for &action in Action::ALL {
            assert_eq!(action.name().parse::<Action>().unwrap(), action);
            assert!(action.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{action}");
        }
    }
}
