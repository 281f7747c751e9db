//! A list of rows: cursor, scrolling, sorting, filtering, marks. Rows are drawn only where they are seen, so a million
//! of them answer a key in one frame; sorting and filtering many of them is handed out as a task ([`Arrange`]).

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::filter::Filter;
use super::shown::{Column, Shown};
use crate::app::action::Action;

mod arrange;
mod draw;

pub use arrange::{Arrange, Arranged};

/// How the rows of a list look.
pub trait Look: Clone + Debug + Send + Sync + 'static {
    /// A row, as plain data.
    type Row: Clone + Debug + Send + Sync + 'static;

    /// The columns; `sample` is the first row, for lists whose columns come from data.
    fn columns(&self, sample: Option<&Self::Row>) -> Vec<Column>;

    /// What names a row among all: by it the cursor and the marks stay when the list is read again.
    fn key(&self, row: &Self::Row) -> String;

    /// A row's values, one for each column.
    fn show(&self, row: &Self::Row, now_ms: i64) -> Vec<Shown>;
}

/// Up to here rows are sorted and filtered at once; beyond, in a task.
pub const AT_ONCE: usize = 20_000;

/// By which column rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column, from 0.
    pub column: usize,
    /// The largest first.
    pub descending: bool,
}

/// The list.
#[derive(Debug)]
pub struct Listing<L: Look> {
    /// How rows look.
    pub look: L,
    rows: Arc<Vec<L::Row>>,
    order: Option<Arc<Vec<u32>>>,
    cursor: usize,
    marks: HashSet<String>,
    sort: Option<Sort>,
    filter: Filter,
    columns: Vec<Column>,
    needs_arranging: bool,
    /// Whether the keys are another list's: no cursor is shown.
    pub is_idle: bool,
    /// Whether the rows are shown as sort and filter say; else the answer of a task is awaited.
    is_arranged: bool,
    /// Counts what is asked of that task: answers to earlier questions are late.
    question: u64,
    window: draw::Window,
}

impl<L: Look> Listing<L> {
    /// An empty list.
    pub fn new(look: L) -> Self {
        let columns = look.columns(None);
        Self {
            look,
            rows: Arc::default(),
            order: None,
            cursor: 0,
            marks: HashSet::new(),
            sort: None,
            filter: Filter::default(),
            columns,
            needs_arranging: false,
            is_idle: false,
            is_arranged: true,
            question: 0,
            window: draw::Window::default(),
        }
    }

    /// All rows, in the order in which they came.
    pub fn rows(&self) -> &[L::Row] {
        &self.rows
    }

    /// How many rows pass the filter.
    pub fn shown_len(&self) -> usize {
        self.order.as_ref().map_or(self.rows.len(), |order| order.len())
    }

    fn index_at(&self, position: usize) -> Option<usize> {
        match &self.order {
            None => (position < self.rows.len()).then_some(position),
            Some(order) => order.get(position).map(|i| *i as usize),
        }
    }

    /// The row at a position of the list as it is shown.
    pub fn row_at(&self, position: usize) -> Option<&L::Row> {
        self.rows.get(self.index_at(position)?)
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&L::Row> {
        self.row_at(self.cursor)
    }

    /// Where the cursor is, from 0.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The marked rows in their order, or the one under the cursor where none is marked.
    pub fn chosen(&self) -> Vec<&L::Row> {
        if self.marks.is_empty() {
            return self.current().into_iter().collect();
        }
        self.marked()
    }

    /// The marked rows, in the order in which they came.
    pub fn marked(&self) -> Vec<&L::Row> {
        self.rows.iter().filter(|row| self.marks.contains(&self.look.key(row))).collect()
    }

    /// All rows, and the numbers of those to export: the marked ones, else those that pass the filter, as they are shown.
    pub fn to_export(&self) -> (Arc<Vec<L::Row>>, Vec<u32>) {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let marked = |i: &u32| self.rows.get(*i as usize).is_some_and(|row| self.marks.contains(&self.look.key(row)));
        let shown: Vec<u32> = self.order.as_ref().map_or_else(|| (0..count).collect(), |order| order.to_vec());
        let chosen = match self.marks.is_empty() {
            true => shown,
            false => (0..count).filter(marked).collect(),
        };
        (self.rows.clone(), chosen)
    }

    /// How many rows are marked.
    pub fn marks(&self) -> usize {
        self.marks.len()
    }

    /// What the filter is.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Appends rows that came.
    pub fn extend(&mut self, rows: Vec<L::Row>) {
        let was_empty = self.rows.is_empty();
        Arc::make_mut(&mut self.rows).extend(rows);
        if was_empty {
            self.columns = self.look.columns(self.rows.first());
        }
        self.rearrange();
    }

    /// Takes rows of which some are here already, under the same keys: those take the places of the older ones.
    pub fn merge(&mut self, rows: Vec<L::Row>) {
        let mut all = std::mem::take(&mut self.rows);
        let known = Arc::make_mut(&mut all);
        let mut places: HashMap<String, usize> = known.iter().enumerate().map(|(i, r)| (self.look.key(r), i)).collect();
        for row in rows {
            let key = self.look.key(&row);
            match places.get(&key).and_then(|place| known.get_mut(*place)) {
                Some(older) => *older = row,
                None => {
                    places.insert(key, known.len());
                    known.push(row);
                }
            }
        }
        self.rows = all;
        self.columns = self.look.columns(self.rows.first());
        self.rearrange();
    }

    /// Of rows with the same key the last one, at the place of the first.
    pub fn united(&self, rows: Vec<L::Row>) -> Vec<L::Row> {
        let mut list = Self::new(self.look.clone());
        list.merge(rows);
        Arc::try_unwrap(list.rows).unwrap_or_else(|rows| rows.to_vec())
    }

    /// Puts other rows in the place of all; cursor and marks stay on the rows of the same keys.
    pub fn replace(&mut self, rows: Vec<L::Row>) {
        let key = self.current().map(|row| self.look.key(row));
        self.rows = Arc::new(rows);
        self.order = None;
        self.question += 1;
        self.columns = self.look.columns(self.rows.first());
        self.window.forget_widths();
        if !self.marks.is_empty() {
            let present: HashSet<_> = self.rows.iter().map(|row| self.look.key(row)).collect();
            self.marks.retain(|mark| present.contains(mark));
        }
        let found = key.and_then(|key| self.rows.iter().position(|row| self.look.key(row) == key));
        self.rearrange_around(found);
    }

    /// Changes the filter; the cursor stays on its row where that passes.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.question += 1;
        self.rearrange();
    }

    /// Sorts by a column; the same column again turns it round, a third time gives the first order back.
    pub fn sort_by(&mut self, column: usize) {
        self.sort = match self.sort {
            Some(sort) if sort.column == column && sort.descending => None,
            Some(sort) if sort.column == column => Some(Sort { column, descending: true }),
            _ => Some(Sort { column, descending: false }),
        };
        self.question += 1;
        self.rearrange();
    }

    /// Sets the order to begin with.
    pub fn sort(&mut self, sort: Option<Sort>) {
        self.sort = sort;
        self.question += 1;
        self.rearrange();
    }

    /// Whether the rows are shown as sort and filter say; not so while a task is at it.
    pub fn is_arranged(&self) -> bool {
        self.is_arranged
    }

    /// Neither sorts nor filters any more: the task that should was cut off.
    pub fn give_up_arranging(&mut self) {
        self.filter = Filter::default();
        self.sort(None);
    }

    /// Sorts by the column of a capital letter; false where none has it.
    pub fn sort_by_letter(&mut self, letter: char, reserved: &[char]) -> bool {
        let found = self.letters(reserved).iter().position(|l| *l == Some(letter));
        found.is_some_and(|column| {
            self.sort_by(column);
            true
        })
    }

    /// The capital letter that sorts by each column: its first letter that is still free.
    pub fn letters(&self, reserved: &[char]) -> Vec<Option<char>> {
        let mut taken: HashSet<char> = reserved.iter().copied().collect();
        let pick = |column: &Column| {
            let mut letters = column.title.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase());
            letters.find(|letter| taken.insert(*letter))
        };
        self.columns.iter().map(pick).collect()
    }

    fn rearrange(&mut self) {
        let index = self.index_at(self.cursor);
        self.rearrange_around(index);
    }

    fn rearrange_around(&mut self, index: Option<usize>) {
        if self.sort.is_none() && self.filter.is_empty() {
            self.order = None;
            self.needs_arranging = false;
        } else if self.rows.len() <= AT_ONCE {
            self.order = arrange::arrange(&self.arrangement(), |_| false).map(Arc::new);
            self.needs_arranging = false;
        } else {
            self.needs_arranging = true;
        }
        self.is_arranged = !self.needs_arranging;
        self.place_cursor(index);
    }

    /// Puts the cursor on the row of this index, or as near to where it was as there are rows.
    fn place_cursor(&mut self, index: Option<usize>) {
        let position = match (&self.order, index) {
            (_, None) => None,
            (None, Some(index)) => Some(index),
            (Some(order), Some(index)) => order.iter().position(|i| *i as usize == index),
        };
        self.cursor = position.unwrap_or(self.cursor).min(self.shown_len().saturating_sub(1));
    }

    fn arrangement(&self) -> Arrange<L> {
        Arrange {
            look: self.look.clone(),
            rows: self.rows.clone(),
            sort: self.sort,
            filter: self.filter.clone(),
            question: self.question,
        }
    }

    /// The task that sorts and filters, where there are too many rows to do it at once: to be started by the view.
    #[must_use]
    pub fn to_arrange(&mut self) -> Option<Arrange<L>> {
        std::mem::take(&mut self.needs_arranging).then(|| self.arrangement())
    }

    /// Takes the answer of that task, unless something else was asked since; rows that came since are asked for once more.
    pub fn arranged(&mut self, answer: Arranged) {
        if answer.question != self.question || self.is_arranged {
            return;
        }
        let index = self.index_at(self.cursor);
        if answer.of_rows != self.rows.len() {
            self.needs_arranging = true;
        }
        self.is_arranged = !self.needs_arranging;
        let known = answer.order.iter().all(|i| (*i as usize) < self.rows.len());
        if known {
            self.order = Some(answer.order);
            self.place_cursor(index);
        }
    }

    /// Does what an action asks for; false where it is none of a list's.
    pub fn act(&mut self, action: Action) -> bool {
        let page = self.window.page();
        match action {
            Action::Down => self.go(1),
            Action::Up => self.go(-1),
            Action::PageDown => self.go(page),
            Action::PageUp => self.go(-page),
            Action::HalfDown => self.go((page / 2).max(1)),
            Action::HalfUp => self.go(-(page / 2).max(1)),
            Action::Top => self.cursor = 0,
            Action::Bottom => self.cursor = self.shown_len().saturating_sub(1),
            Action::Left => self.window.shift(-1, self.columns.len()),
            Action::Right => self.window.shift(1, self.columns.len()),
            Action::Mark => self.mark(),
            Action::ClearMarks => self.marks.clear(),
            _ => return false,
        }
        true
    }

    /// Moves the cursor by rows; it stays within the list.
    pub fn go(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.shown_len().saturating_sub(1));
    }

    /// Puts the cursor on a position of the list as it is shown.
    pub fn go_to(&mut self, position: usize) {
        self.cursor = position.min(self.shown_len().saturating_sub(1));
    }

    /// Puts the cursor on the row of this key, where there is one.
    pub fn go_to_key(&mut self, key: &str) {
        let index = self.rows.iter().position(|row| self.look.key(row) == key);
        self.place_cursor(index);
    }

    /// The wheel moves, a click on a row goes there, a click on a head sorts. Gives true for a click on the row that
    /// the cursor was on already: that one is to be entered.
    pub fn mouse(&mut self, mouse: MouseEvent) -> bool {
        let at = Position::new(mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::ScrollDown => self.go(3),
            MouseEventKind::ScrollUp => self.go(-3),
            MouseEventKind::Down(MouseButton::Left) => {
                if let Some(column) = self.head_at(at) {
                    self.sort_by(column);
                } else if let Some(position) = self.position_at(at) {
                    let was_there = position == self.cursor;
                    self.go_to(position);
                    return was_there;
                }
            }
            _ => {}
        }
        false
    }

    fn mark(&mut self) {
        if let Some(key) = self.current().map(|row| self.look.key(row)) {
            if !self.marks.remove(&key) {
                self.marks.insert(key);
            }
            self.go(1);
        }
    }
}

#[cfg(test)]
mod tests;
