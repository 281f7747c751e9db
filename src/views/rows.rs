//! The rows of a table at a snapshot, as a grid: pages are read as one scrolls, columns and a filter expression can be
//! chosen. Where the rows shown would be wrong, what reads them says so instead.

use async_trait::async_trait;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::dialogs::{Pick, Prompt};
use super::export::{self as exports, Export};
use super::list::{List, ListView};
use super::of_table;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use super::widgets::text;
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Feed, Part, Report};
use crate::app::theme::Tone;
use crate::app::view::{Context, RawText, View};
use crate::catalog::Lake;
use crate::query::ColumnHead;
use crate::{Error, Result};
use going::Jump;
use pager::{GridRow, Pager, ReadPage, Told, Wanted};

pub mod cells;
pub mod export;
mod going;
pub mod pager;

/// Its name on the command line.
pub const NAME: &str = "rows";

/// How many rows a page has.
const PAGE: usize = 1000;
/// About how many bytes of rows are kept; then one must filter, choose columns or export.
const MOST_BYTES: usize = 384 * 1024 * 1024;

const COLUMNS: &str = "rows: columns";
const WHERE: &str = "rows: where";
const JUMP: &str = "rows: jump";

/// What the grid's list is about. The rows are brought by [`RowsView`].
#[derive(Debug, Clone)]
pub struct Rows {
    /// A table at a snapshot.
    pub route: Route,
    /// Which rows.
    pub wanted: Wanted,
    /// Rows of the snapshot, where that is known.
    pub total: Option<u64>,
    /// Whether all were read that are wanted.
    pub is_whole: bool,
}

impl Look for Rows {
    type Row = GridRow;

    fn columns(&self, sample: Option<&GridRow>) -> Vec<Column> {
        let number = Column::new("#").right();
        let heads = sample.map(|row| row.heads.clone());
        std::iter::once(number).chain(heads.iter().flat_map(|heads| heads.iter().map(cells::column))).collect()
    }

    fn key(&self, row: &GridRow) -> String {
        row.number.to_string()
    }

    fn show(&self, row: &GridRow, _now_ms: i64) -> Vec<Shown> {
        let number = Shown::count(row.number).tone(Tone::Dim);
        std::iter::once(number).chain(row.cells.iter().map(cells::shown)).collect()
    }
}

#[async_trait]
impl List for Rows {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, _lake: &Lake, _feed: &Feed<Vec<GridRow>>) -> Result<()> {
        Err(Error::bug("rows are read page by page"))
    }

    fn title(&self, rows: &[GridRow]) -> String {
        if rows.is_empty() {
            return self.wanted.filter.as_ref().map_or(NAME.into(), |f| format!("{NAME} where {}", text::safe(f)));
        }
        let read = human::count(rows.len() as i128);
        let mut title = match (self.is_whole, self.total.filter(|_| self.wanted.filter.is_none())) {
            (true, _) => human::counted(rows.len(), "row"),
            (false, Some(total)) => format!("{read} of {} rows", human::count(total.into())),
            (false, None) => format!("{read} rows and more"),
        };
        if let Some(filter) = &self.wanted.filter {
            title = format!("{title} where {}", text::safe(filter));
        }
        if !self.wanted.columns.is_empty() {
            title = format!("{title} · {}", human::counted(self.wanted.columns.len(), "column"));
        }
        title
    }

    fn facts(&self, row: &GridRow, _now_ms: i64) -> Vec<Fact> {
        let pairs = row.heads.iter().zip(&row.cells);
        pairs.map(|(head, cell)| Fact::named(&head.name, cells::whole(cell))).collect()
    }

    /// The columns need the room more than the detail does.
    fn beside_from(&self) -> u16 {
        160
    }

    fn detail_title(&self, row: &GridRow) -> String {
        format!("row {}", human::count(row.number.into()))
    }

    fn has_raw(&self, _row: &GridRow) -> bool {
        true
    }

    fn raw(&self, row: &GridRow) -> Option<String> {
        let object: serde_json::Map<_, _> =
            row.heads.iter().zip(&row.cells).map(|(head, cell)| (head.name.clone(), cell.to_json())).collect();
        serde_json::to_string_pretty(&object).ok()
    }

    /// Tab-separated, so that it can be put into a spreadsheet.
    fn copied(&self, row: &GridRow) -> String {
        let clean = |text: String| text.replace(['\t', '\n', '\r'], " ");
        row.cells.iter().map(|cell| clean(cell.exact())).collect::<Vec<_>>().join("\t")
    }

    fn empty(&self) -> Vec<String> {
        match &self.wanted.filter {
            Some(filter) => {
                vec![format!("No row where {}", text::safe(filter)), "{where} changes the expression".into()]
            }
            None => of_table::nothing_at(&self.route, "rows"),
        }
    }
}

/// The grid.
#[derive(Debug)]
pub struct RowsView {
    list: ListView<Rows>,
    pager: Pager,
    heads: Vec<ColumnHead>,
    all_columns: Vec<String>,
    bytes: usize,
    /// Whether no more is to be read: all is, or it failed, or memory is full.
    is_over: bool,
    /// Where the cursor shall go once that is read.
    jump: Option<Jump>,
    /// The snapshot that is read.
    snapshot_id: Option<i64>,
    export: Export,
}

impl RowsView {
    /// The rows of a table at a snapshot.
    pub fn new(route: Route) -> Self {
        let rows = Rows { route, wanted: Wanted::default(), total: None, is_whole: false };
        Self {
            list: ListView::new(rows),
            pager: Pager::default(),
            heads: Vec::new(),
            all_columns: Vec::new(),
            bytes: 0,
            is_over: false,
            jump: None,
            snapshot_id: None,
            export: Export::default(),
        }
    }

    fn look(&self) -> &Rows {
        &self.list.listing().look
    }

    fn read_rows(&self) -> usize {
        self.list.listing().rows().len()
    }

    fn page(&self, before: usize, rows: usize) -> Effect {
        let look = self.look();
        Effect::start(ReadPage {
            route: look.route.clone(),
            wanted: look.wanted.clone(),
            pager: self.pager.clone(),
            before: before as u64,
            rows,
        })
    }

    /// Begins anew with other columns or another filter.
    fn want(&mut self, wanted: Wanted, cx: &Context<'_>) -> Vec<Effect> {
        let route = self.look().route.clone();
        let all_columns = std::mem::take(&mut self.all_columns);
        *self = Self::new(route);
        self.all_columns = all_columns;
        self.list.look_mut().wanted = wanted;
        self.open(cx)
    }

    fn take(&mut self, told: Told, cx: &Context<'_>) -> Vec<Effect> {
        match told {
            Told::Open { heads, all, total, snapshot_id } => {
                self.snapshot_id = snapshot_id;
                self.heads = heads.to_vec();
                self.all_columns = all;
                self.list.look_mut().total = total;
                Vec::new()
            }
            Told::Rows(rows, bytes) => {
                self.bytes += bytes;
                self.list.report(Slot::MAIN, Report::Part(Part::new(rows)), cx)
            }
            Told::End => {
                self.is_over = true;
                self.list.look_mut().is_whole = true;
                Vec::new()
            }
        }
    }

    /// A page was read.
    fn page_done(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        let mut effects = self.list.report(Slot::MAIN, Report::Done, cx);
        let is_full = self.bytes > MOST_BYTES && !self.is_over;
        self.is_over |= is_full;
        effects.extend(self.arrive());
        if is_full {
            let told = format!(
                "{} rows fill {}: choose columns or a filter to see others, or export them",
                human::count(self.read_rows() as i128),
                human::bytes(self.bytes as u64)
            );
            effects.push(Effect::Notice(Notice::warning(told)));
        }
        effects.extend(self.more(cx));
        effects
    }

    fn ask_columns(&self) -> Vec<Effect> {
        let wanted = &self.look().wanted.columns;
        let is_chosen = |name: &String| wanted.is_empty() || wanted.contains(name);
        let items = self.all_columns.iter().map(|name| (name.clone(), is_chosen(name))).collect();
        vec![Effect::show(Pick::many(COLUMNS, "Columns", items))]
    }

    fn ask_filter(&self) -> Vec<Effect> {
        let hint = "a SQL expression over the columns, as  amount > 10 and country = 'DE' ; empty for all rows";
        let initial = self.look().wanted.filter.clone().unwrap_or_default();
        vec![Effect::show(Prompt::new(WHERE, "Rows where", hint, &initial))]
    }

    fn ask_row(&self) -> Vec<Effect> {
        vec![Effect::show(Prompt::new(JUMP, "Go to row", "its number; rows up to there are read first", ""))]
    }

    fn ask_export(&self) -> Vec<Effect> {
        let look = self.look();
        let what = match (&look.wanted.filter, look.total) {
            (Some(filter), _) => format!("rows where {}", text::safe(filter)),
            (None, Some(total)) => format!("{} rows", human::count(total.into())),
            (None, None) => "all rows".into(),
        };
        self.export.ask(
            &what,
            &look.route,
            "every row of the snapshot, in the chosen columns and under the expression, whatever / filters",
        )
    }

    fn export_to(&self, file: exports::Wanted) -> Vec<Effect> {
        let look = self.look();
        let task = export::ExportRows {
            route: look.route.clone(),
            snapshot_id: self.snapshot_id,
            rows: look.wanted.clone(),
            file,
        };
        vec![Effect::Start(exports::SLOT, Box::new(task))]
    }

    fn choose_columns(&mut self, chosen: &[usize], cx: &Context<'_>) -> Vec<Effect> {
        let columns: Vec<_> = chosen.iter().filter_map(|i| self.all_columns.get(*i).cloned()).collect();
        if columns.is_empty() {
            return vec![Effect::Notice(Notice::warning("at least one column must be chosen"))];
        }
        let columns = if columns.len() == self.all_columns.len() { Vec::new() } else { columns };
        let wanted = Wanted { columns, ..self.look().wanted.clone() };
        if wanted == self.look().wanted { Vec::new() } else { self.want(wanted, cx) }
    }

    /// Rows for which an expression is true; all of them where it is empty.
    fn only_where(&mut self, expression: &str, cx: &Context<'_>) -> Vec<Effect> {
        let filter = Some(expression.trim().to_string()).filter(|typed| !typed.is_empty());
        self.want(Wanted { filter, ..self.look().wanted.clone() }, cx)
    }
}

impl View for RowsView {
    fn route(&self) -> Route {
        self.list.route()
    }

    fn status(&self, cx: &Context<'_>) -> String {
        self.list.status(cx)
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        let has_rows = self.read_rows() > 0;
        let mut offers: Vec<Offer> = has_rows.then(|| Action::Open.called("row")).into_iter().collect();
        offers.push(Action::Where.into());
        if !self.all_columns.is_empty() {
            offers.push(Action::Columns.into());
        }
        if has_rows {
            offers.push(Action::Jump.into());
        }
        let of_list = self.list.offers(cx);
        offers.extend(of_list.iter().find(|offer| offer.action == Action::Export).cloned());
        offers.extend(of_list.into_iter().filter(|offer| offer.action != Action::Export));
        offers
    }

    fn open(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        self.pager = Pager::default();
        self.bytes = 0;
        self.is_over = false;
        self.list.look_mut().is_whole = false;
        // The list only notes that it is being filled: its rows come from pages.
        drop(self.list.open(cx));
        vec![self.page(0, PAGE)]
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        let mut effects = match action {
            Action::Columns => self.ask_columns(),
            Action::Where => self.ask_filter(),
            Action::Jump => self.ask_row(),
            Action::Export => self.ask_export(),
            Action::Open => self.list.act(Action::Describe, cx),
            Action::Bottom if self.list.has_keys() => self.go_to_end(),
            _ => {
                self.stay(action);
                self.list.act(action, cx)
            }
        };
        effects.extend(self.more(cx));
        effects
    }

    fn act_with(&mut self, action: Action, words: &str, cx: &Context<'_>) -> Option<Vec<Effect>> {
        match action {
            Action::Where => Some(self.only_where(words, cx)),
            Action::Jump => Some(self.jump_to(words, cx)),
            Action::Export => {
                let file = self.export.named(words);
                Some(self.export_to(file))
            }
            _ => self.list.act_with(action, words, cx),
        }
    }

    fn captures(&self) -> bool {
        self.list.captures()
    }

    fn key(&mut self, key: KeyEvent, cx: &Context<'_>) -> Vec<Effect> {
        self.list.key(key, cx)
    }

    fn paste(&mut self, text: &str, cx: &Context<'_>) -> Vec<Effect> {
        self.list.paste(text, cx)
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &Context<'_>) -> Vec<Effect> {
        self.jump = None;
        let mut effects = self.list.mouse(mouse, cx);
        effects.extend(self.more(cx));
        effects
    }

    fn back(&mut self) -> bool {
        self.list.back()
    }

    fn watch(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        self.list.watch(cx)
    }

    fn report(&mut self, slot: Slot, report: Report, cx: &Context<'_>) -> Vec<Effect> {
        if slot == exports::SLOT {
            return self.export.reported(report);
        }
        if slot != Slot::MAIN {
            let mut effects = self.list.report(slot, report, cx);
            effects.extend(self.arrive());
            return effects;
        }
        match report {
            Report::Part(part) => match part.take::<Told>() {
                Ok(told) => self.take(told, cx),
                Err(other) => self.list.report(slot, Report::Part(other), cx),
            },
            Report::Done => self.page_done(cx),
            Report::Failed(error) => {
                self.is_over = true;
                let is_cut = self.jump.take().is_some() && !error.is_cancelled();
                let mut effects = self.list.report(slot, Report::Failed(error), cx);
                effects.extend(is_cut.then(|| Effect::Notice(self.not_all())));
                effects
            }
        }
    }

    fn answer(&mut self, topic: &'static str, answer: Answer, cx: &Context<'_>) -> Vec<Effect> {
        if let Some(file) = self.export.answered(topic, &answer) {
            return self.export_to(file);
        }
        match (topic, answer) {
            (COLUMNS, Answer::ChosenMany(chosen)) => self.choose_columns(&chosen, cx),
            (WHERE, Answer::Text(typed)) => self.only_where(&typed, cx),
            (JUMP, Answer::Text(typed)) => self.jump_to(&typed, cx),
            _ => Vec::new(),
        }
    }

    fn raw(&self) -> Option<RawText> {
        self.list.raw()
    }

    fn copied(&self, cx: &Context<'_>) -> Option<String> {
        self.list.copied(cx)
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        self.list.render(area, buf, cx);
    }

    fn cursor(&self) -> Option<Position> {
        self.list.cursor()
    }
}
