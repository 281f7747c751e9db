//! What the load view does when it is asked to: its offers, its actions, the answers to its questions.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use crossterm::event::MouseEvent;

use super::commit::MappingFile;
use super::settings::{self, Setting};
use super::{COMMIT, LoadView, Step, cast, commit, entered, tasks};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Answer, Effect, Notice, Slot};
use crate::app::task::{Feed, Task};
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;
use crate::ingest::draft::Draft;
use crate::ingest::mapping::{Mapping, MappingEdit, Rule};
use crate::ingest::run::Ending;
use crate::views::dialogs::{Confirm, Pick, ask};
use crate::views::page::Scroll;
use crate::views::recover;
use crate::views::widgets::load::Load;
use crate::views::widgets::text;
use crate::{Error, Result};

/// The slot of reading a mapping file.
pub(super) const READ_MAPPING: Slot = Slot(5);
/// The topic of the question whether a mapping file is replaced.
const REPLACE: &str = "save: replace";
/// The slot of writing one.
pub(super) const SAVE_MAPPING: Slot = Slot(6);

/// Writes a mapping file.
#[derive(Debug)]
struct SaveMapping {
    path: PathBuf,
    mapping: Mapping,
    replace: bool,
}

#[async_trait]
impl Task for SaveMapping {
    type Part = MappingFile;

    fn title(&self) -> String {
        format!("save the mapping as {}", self.path.display())
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<MappingFile>) -> Result<()> {
        let (path, mapping, replace) = (self.path.clone(), self.mapping.clone(), self.replace);
        let save = move || if replace { mapping.save(&path) } else { mapping.save_new(&path) };
        let saved = tokio::task::spawn_blocking(save).await;
        saved.map_err(|e| Error::bug("saving the mapping broke off").caused_by(e))??;
        let reading = self.mapping.source.clone().unwrap_or_default();
        feed.send(MappingFile { path: self.path.clone(), reading }).await
    }
}

/// Reads a mapping file.
#[derive(Debug)]
struct ReadMapping(PathBuf);

#[async_trait]
impl Task for ReadMapping {
    type Part = (PathBuf, Mapping);

    fn title(&self) -> String {
        format!("read the mapping {}", self.0.display())
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<Self::Part>) -> Result<()> {
        let path = self.0.clone();
        let read = tokio::task::spawn_blocking(move || Mapping::load(&path).map(|mapping| (path, mapping))).await;
        feed.send(read.map_err(|e| Error::bug("reading the mapping broke off").caused_by(e))??).await
    }
}

impl LoadView {
    pub(super) fn offered(&self, cx: &Context<'_>) -> Vec<Offer> {
        if matches!(self.draft, Load::Failed(_)) {
            return vec![Action::Edit.called("how it is read"), Action::Refresh.called("try again")];
        }
        if self.draft.ready().is_none() || self.is_committing(cx) {
            return Vec::new();
        }
        let mut offers = match self.step {
            Step::Source => vec![Action::Open.called("mapping"), Action::Edit.called("how it is read")],
            Step::Mapping => mapping_offers(),
            Step::Preflight => self.preflight_offers(),
            Step::Commit => self.commit_offers(),
        };
        if self.step < Step::Commit {
            if self.step != Step::Preflight || self.preflight.ready().is_none_or(|pane| pane.is_clean()) {
                offers.push(Action::Next.into());
            }
            offers.extend(Scroll::ACTIONS.map(Offer::from));
            offers.extend([Action::Left.into(), Action::Right.into(), Action::Refresh.into()]);
        }
        offers.extend([Action::Raw.called("mapping file"), Action::Copy.into()]);
        offers
    }

    fn preflight_offers(&self) -> Vec<Offer> {
        let Some(pane) = self.preflight.ready() else {
            let has_failed = matches!(self.preflight, Load::Failed(_));
            return has_failed.then(|| Action::Open.called("check again")).into_iter().collect();
        };
        if pane.is_clean() {
            return vec![Action::Open.called("commit")];
        }
        let go = if self.choices.rejects.is_some() { "commit without them" } else { "next step" };
        let pane = Action::NextPane.called(if pane.is_on_columns() { "the rows" } else { "the columns" });
        vec![Action::Open.called("the line"), Action::Reject.into(), Action::Next.called(go), pane]
    }

    fn commit_offers(&self) -> Vec<Offer> {
        match &self.result {
            Load::Ready(result) if result.load.ending == Ending::Committed => vec![Action::Open.called("the snapshot")],
            Load::Ready(result) if commit::is_open(result) => vec![Action::Open.called("the workbench")],
            Load::Ready(_) => Vec::new(),
            Load::Failed(_) => vec![Action::Open.called("try again")],
            Load::Idle | Load::Loading => vec![Action::Open.called("load and commit")],
        }
    }

    pub(super) fn acted(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        match (self.step, action) {
            (Step::Source, Action::Open | Action::Next) => self.go(Step::Mapping),
            (Step::Source, Action::Edit) => self.ask_setting(),
            (Step::Source, _) => {
                let (_, wanted) = self.rows.act(action);
                wanted.map(|wanted| self.look(wanted)).unwrap_or_default()
            }
            (Step::Mapping, Action::Open | Action::Next) => self.go(Step::Preflight),
            (Step::Mapping, _) => self.act_on_mapping(action),
            (Step::Preflight, Action::Reject) => self.ask_rejects(),
            (Step::Preflight, Action::Next) => self.go(Step::Commit),
            (Step::Preflight, Action::Open) => self.open_fault(),
            (Step::Preflight, _) => {
                if let Load::Ready(pane) = &mut self.preflight {
                    pane.act(action);
                }
                Vec::new()
            }
            (Step::Commit, Action::Open) => self.commit_or_follow(cx),
            (Step::Commit, _) => Vec::new(),
        }
    }

    /// As on lists: the wheel moves, a click goes to a line, one on the line of the cursor enters it.
    pub(super) fn pointed(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.draft.ready().is_none() {
            return Vec::new();
        }
        match self.step {
            Step::Source => {
                let wanted = self.rows.mouse(mouse);
                wanted.map(|wanted| self.look(wanted)).unwrap_or_default()
            }
            Step::Mapping => {
                let is_elsewhere = self.mapping.mouse(mouse);
                if is_elsewhere { self.bind() } else { Vec::new() }
            }
            Step::Preflight => {
                let Load::Ready(pane) = &mut self.preflight else { return Vec::new() };
                let is_entered = pane.mouse(mouse);
                if is_entered { self.open_fault() } else { Vec::new() }
            }
            Step::Commit => Vec::new(),
        }
    }

    fn act_on_mapping(&mut self, action: Action) -> Vec<Effect> {
        if self.mapping.act(action) {
            return self.bind();
        }
        let Some(draft) = self.draft.ready().cloned() else { return Vec::new() };
        let Some(column) = self.mapping.column().map(|side| side.name.clone()) else { return Vec::new() };
        let title = text::safe(&column).into_owned();
        let mapped = draft.mapping().column(&column);
        match action {
            Action::MapFrom => ask_source(&draft, &title),
            Action::Expression => {
                let initial = match mapped.map(|m| &m.rule) {
                    Some(Rule::Expression(sql)) => sql.clone(),
                    Some(Rule::Column(from)) => format!("\"{}\"", from.replace('"', "\"\"")),
                    Some(Rule::Constant(_) | Rule::Skip) | None => String::new(),
                };
                let hint = "SQL over source columns, names in double quotes: upper(\"Country\"), cast(replace(\"Amount\", ',', '.') as decimal(12,2))";
                ask("expression", format!("{title} ="), hint, &initial)
            }
            Action::Constant => {
                ask("constant", format!("the same {title} in every row"), "a value of the column's type", "")
            }
            Action::Format => {
                let initial = mapped.map(|m| cast::to_line(&m.cast)).unwrap_or_default();
                ask("format", format!("how {title} is read"), cast::HINT, &initial)
            }
            Action::Skip => self.edit(&MappingEdit::Skip { column }),
            Action::SaveMapping => ask("save", "save the mapping as", "a new file", "mapping.toml"),
            Action::LoadMapping => {
                let hint = "a mapping file; empty: the columns are matched by their names again";
                ask("read", "take the mapping from", hint, "mapping.toml")
            }
            _ => Vec::new(),
        }
    }

    fn edit(&mut self, edit: &MappingEdit) -> Vec<Effect> {
        let Some(draft) = self.draft.ready() else { return Vec::new() };
        self.draft = Load::Ready(Arc::new(draft.edited(edit)));
        // No file holds this one.
        self.choices.mapping = None;
        self.bind()
    }

    pub(super) fn take_mapping(&mut self, path: PathBuf, mapping: Mapping) -> Vec<Effect> {
        let Some(draft) = self.draft.ready() else { return Vec::new() };
        let reading = mapping.source.clone().unwrap_or_default();
        let mut mapping = Mapping { source: None, ..mapping };
        // Of columns that the table has not there is no row in which they could be mended.
        let foreign = self.mapping.foreign(&mut mapping);
        let next = Arc::new(draft.with_mapping(mapping));
        // What is left out makes another mapping of it than the file's, and so does what no option can say.
        let is_the_files = foreign.is_empty() && settings::can_be_told(&next.options(), &reading);
        self.draft = Load::Ready(next);
        self.choices.mapping = is_the_files.then_some(MappingFile { path, reading });
        let told = (!foreign.is_empty()).then(|| left_out(&foreign));
        self.bind().into_iter().chain(told).collect()
    }

    /// As if the files were opened for the first time.
    fn match_anew(&mut self) -> Vec<Effect> {
        self.choices.mapping = None;
        self.open_files()
    }

    /// What can be said of how the files are read; of files that did not open, all of it.
    fn settings(&self) -> Vec<Setting> {
        self.draft.ready().map_or_else(|| Setting::ALL.to_vec(), |draft| Setting::of(draft.settings()))
    }

    /// What holds; of files that did not open, what was said.
    fn value(&self, setting: Setting) -> String {
        match self.draft.ready() {
            Some(draft) => setting.value(draft.settings(), draft.source().inferred_from_all),
            None => setting.said(&self.choices.reading),
        }
    }

    fn ask_setting(&self) -> Vec<Effect> {
        let items = self.settings().into_iter().map(|s| format!("{:<14} {}", s.name(), self.value(s)));
        vec![Effect::show(Pick::one("setting", "how the files are read", items.collect()))]
    }

    fn ask_rejects(&self) -> Vec<Effect> {
        let hint =
            "a new file that rows are written to which do not fit, with where and why; empty: they stop the load";
        let shown = self.choices.rejects.as_ref().map(|p| p.display().to_string());
        ask("rejects", "rejected rows go to", hint, &shown.unwrap_or_else(|| "rejects.csv".into()))
    }

    /// The line of the fault under the cursor, in the source; the commit, where there is no fault.
    fn open_fault(&mut self) -> Vec<Effect> {
        let Some(pane) = self.preflight.ready() else { return self.check_again() };
        if pane.is_clean() {
            return self.go(Step::Commit);
        }
        let (Some(fault), Some(draft)) = (pane.fault(), self.draft.ready()) else { return Vec::new() };
        let file = draft.source().files.iter().position(|f| f.path == fault.line.file).unwrap_or(0);
        let wanted = self.rows.fault(file, fault.clone());
        (self.step, self.from_fault) = (Step::Source, true);
        self.look(wanted)
    }

    fn commit_or_follow(&mut self, cx: &Context<'_>) -> Vec<Effect> {
        if let Load::Ready(result) = &self.result {
            let load = &result.load;
            let there = match &load.ingest_id {
                _ if load.ending == Ending::Committed => Some(self.route.to_screen("snapshots")),
                Some(id) if commit::is_open(result) => {
                    recover::to_workbench(self.route.catalog.clone(), &load.table, id)
                }
                _ => None,
            };
            return there.map(Effect::Open).into_iter().collect();
        }
        if self.is_committing(cx) {
            return Vec::new();
        }
        let Some(draft) = self.draft.ready().cloned() else { return Vec::new() };
        self.result = Load::Loading;
        self.began_ms = cx.now_ms;
        let (catalog, choices) = (self.route.catalog.clone(), self.choices.clone());
        let task = tasks::Commit { catalog, draft, reading: choices.reading, rejects: choices.rejects };
        vec![Effect::Start(COMMIT, Box::new(task))]
    }

    pub(super) fn answered(&mut self, topic: &'static str, answer: Answer) -> Vec<Effect> {
        let column = self.mapping.column().map(|side| side.name.clone());
        match (topic, answer, column) {
            ("setting", Answer::Chosen(number), _) => self.ask_value(number),
            ("source", Answer::Chosen(0), Some(column)) => self.edit(&MappingEdit::Clear { column }),
            ("source", Answer::Chosen(number), Some(column)) => self.map_from(column, number - 1),
            ("expression", Answer::Text(sql), Some(column)) => match sql.trim().is_empty() {
                true => self.edit(&MappingEdit::Clear { column }),
                false => self.edit(&MappingEdit::Expression { column, sql }),
            },
            ("constant", Answer::Text(text), Some(column)) => self.edit(&MappingEdit::Constant { column, text }),
            ("format", Answer::Text(line), Some(column)) if self.step == Step::Mapping => {
                match cast::from_line(&line) {
                    Ok(cast) => self.edit(&MappingEdit::Cast { column, cast }),
                    Err(error) => vec![Effect::failed(&error)],
                }
            }
            ("save", Answer::Text(path), _) => {
                self.choices.saving = entered(&path);
                self.save(false)
            }
            (REPLACE, Answer::Yes, _) => self.save(true),
            ("read", Answer::Text(path), _) => match entered(&path) {
                Some(path) => vec![Effect::Start(READ_MAPPING, Box::new(ReadMapping(path)))],
                None => self.match_anew(),
            },
            ("rejects", Answer::Text(path), _) => {
                self.choices.rejects = entered(&path);
                if self.choices.rejects.is_some() { self.go(Step::Commit) } else { Vec::new() }
            }
            (topic, Answer::Text(entered), _) => self.set(topic, &entered),
            _ => Vec::new(),
        }
    }

    fn map_from(&mut self, column: String, source: usize) -> Vec<Effect> {
        let from = self.mapping.view().and_then(|view| view.source.get(source)).map(|side| side.name.clone());
        from.map(|from| self.edit(&MappingEdit::Source { column, from })).unwrap_or_default()
    }

    fn ask_value(&self, number: usize) -> Vec<Effect> {
        let Some(setting) = self.settings().get(number).copied() else { return Vec::new() };
        ask(setting.name(), setting.name(), setting.hint(), &self.value(setting))
    }

    /// Reads the files in another way: the topic is the setting's name.
    fn set(&mut self, name: &str, value: &str) -> Vec<Effect> {
        let Some(setting) = self.settings().into_iter().find(|setting| setting.name() == name) else {
            return Vec::new();
        };
        // What is read in another way is so once it could be: what does not open changes nothing.
        match (setting.change(self.choices.reading.clone(), value), self.draft.ready().cloned()) {
            (Ok(options), Some(draft)) => self.read(options, Some(draft)),
            (Ok(options), None) => {
                (self.choices.reading, self.draft) = (options, Load::Loading);
                self.open_files()
            }
            (Err(error), _) => vec![Effect::failed(&error)],
        }
    }

    fn save(&mut self, replace: bool) -> Vec<Effect> {
        let (Some(path), Some(draft)) = (self.choices.saving.clone(), self.draft.ready()) else { return Vec::new() };
        let mapping = Mapping { source: Some(draft.options()), ..draft.mapping().clone() };
        vec![Effect::Start(SAVE_MAPPING, Box::new(SaveMapping { path, mapping, replace }))]
    }

    /// A file is there already: it is replaced only when that is said.
    pub(super) fn ask_to_replace(&self) -> Vec<Effect> {
        let name = self.choices.saving.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let lines = vec![
            (text::safe(&name).into_owned(), Tone::Strong),
            ("The file exists already. It is replaced by this mapping.".into(), Tone::Plain),
        ];
        vec![Effect::show(Confirm::new(REPLACE, "Replace the file?", lines))]
    }

    pub(super) fn saved(&mut self, file: MappingFile) -> Vec<Effect> {
        let told = format!("the mapping is saved in {}", text::safe(&file.path.display().to_string()));
        self.choices.mapping = Some(file);
        vec![Effect::Notice(Notice::info(told))]
    }
}

/// Says which columns of a mapping file are not taken.
fn left_out(foreign: &[String]) -> Effect {
    let (columns, are) = if foreign.len() == 1 { ("column", "it is") } else { ("columns", "they are") };
    let names = text::safe(&foreign.join(", ")).into_owned();
    Effect::Notice(Notice::warning(format!("the table has no {columns} {names}: {are} left out of the mapping")))
}

fn mapping_offers() -> Vec<Offer> {
    let own = [
        Action::MapFrom,
        Action::Expression,
        Action::Format,
        Action::Constant,
        Action::Skip,
        Action::SaveMapping,
        Action::LoadMapping,
    ];
    let mut offers = vec![Action::Open.called("preflight")];
    offers.extend(own.map(Offer::from));
    offers
}

fn ask_source(draft: &Draft, title: &str) -> Vec<Effect> {
    let none = std::iter::once("(no source)".to_string());
    let columns = draft.source().columns.iter().map(|column| {
        let sample = column.samples.first().map(|s| format!("   \"{}\"", text::brief(s))).unwrap_or_default();
        format!("{}{sample}", column.name)
    });
    vec![Effect::show(Pick::one("source", format!("{title} is taken from"), none.chain(columns).collect()))]
}
