//! The JSON of a table's metadata file, the current one or one of the log, as it stands there.

use async_trait::async_trait;
use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::manifests::last_segment;
use super::of_table;
use super::raw::RawView;
use super::widgets::load::{self, Load};
use crate::app::action::{Action, Offer};
use crate::app::effect::{Effect, Notice, Slot};
use crate::app::route::Route;
use crate::app::task::{Feed, Report, Task};
use crate::app::view::{Context, View};
use crate::catalog::Lake;
use crate::table::{inspect, read_metadata_json};
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "metadata";

/// The view: a text once it is read.
#[derive(Debug)]
pub struct MetadataView {
    route: Route,
    text: Load<RawView>,
}

impl MetadataView {
    /// The metadata of a table; the detail of the route is the path of one of its metadata files, where not the
    /// current one is meant.
    pub fn new(route: Route) -> Self {
        Self { route, text: Load::Idle }
    }

    fn title(&self) -> String {
        self.route.detail.as_deref().map_or("the current metadata", last_segment).to_string()
    }

    fn with<T: Default>(&mut self, act: impl FnOnce(&mut RawView) -> T) -> T {
        match &mut self.text {
            Load::Ready(view) => act(view),
            _ => T::default(),
        }
    }
}

/// Reads the text.
#[derive(Debug, Clone)]
pub struct ReadMetadata {
    /// Of which table, and which of its files.
    pub route: Route,
}

#[async_trait]
impl Task for ReadMetadata {
    type Part = String;

    fn title(&self) -> String {
        self.route.to_string()
    }

    async fn run(&self, lake: &Lake, feed: &Feed<String>) -> Result<()> {
        let table = of_table::table(&self.route, lake).await?;
        let text = match &self.route.detail {
            None => inspect::raw_metadata(&table, feed.monitor()).await?,
            Some(path) => {
                let json = feed.monitor().until(read_metadata_json(table.storage(), path)).await?;
                serde_json::to_string_pretty(&json)
                    .map_err(|e| Error::bug("the JSON cannot be written").caused_by(e))?
            }
        };
        feed.send(text).await
    }
}

impl View for MetadataView {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn status(&self, cx: &Context<'_>) -> String {
        self.text.ready().map(|view| view.status(cx)).unwrap_or_default()
    }

    fn offers(&self, cx: &Context<'_>) -> Vec<Offer> {
        let mut offers = self.text.ready().map(|view| view.offers(cx)).unwrap_or_default();
        offers.push(Action::Refresh.into());
        offers
    }

    fn open(&mut self, _cx: &Context<'_>) -> Vec<Effect> {
        if self.text.ready().is_none() {
            self.text = Load::Loading;
        }
        vec![Effect::start(ReadMetadata { route: self.route.clone() })]
    }

    fn act(&mut self, action: Action, cx: &Context<'_>) -> Vec<Effect> {
        self.with(|view| view.act(action, cx))
    }

    fn captures(&self) -> bool {
        self.text.ready().is_some_and(View::captures)
    }

    fn key(&mut self, key: KeyEvent, cx: &Context<'_>) -> Vec<Effect> {
        self.with(|view| view.key(key, cx))
    }

    fn paste(&mut self, text: &str, cx: &Context<'_>) -> Vec<Effect> {
        self.with(|view| view.paste(text, cx))
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &Context<'_>) -> Vec<Effect> {
        self.with(|view| view.mouse(mouse, cx))
    }

    fn back(&mut self) -> bool {
        self.with(View::back)
    }

    fn report(&mut self, _slot: Slot, report: Report, _cx: &Context<'_>) -> Vec<Effect> {
        match report {
            Report::Part(part) => {
                if let Ok(text) = part.take::<String>() {
                    self.text = Load::Ready(RawView::new(self.route.clone(), self.title(), text));
                }
            }
            Report::Failed(error) if self.text.ready().is_some() => {
                return vec![Effect::Notice(Notice::warning(format!("still what was read before: {error}")))];
            }
            Report::Failed(error) => self.text = Load::Failed(error),
            Report::Done => {}
        }
        Vec::new()
    }

    fn copied(&self, cx: &Context<'_>) -> Option<String> {
        self.text.ready().and_then(|view| view.copied(cx))
    }

    fn render(&mut self, area: Rect, buf: &mut Buffer, cx: &Context<'_>) {
        let title = self.title();
        match &mut self.text {
            Load::Ready(view) => view.render(area, buf, cx),
            other => {
                let inner = load::pane(&super::widgets::text::safe(&title), true, area, buf, cx);
                load::draw(other, inner, buf, cx, cx.progress(Slot::MAIN), |_, _| ());
            }
        }
    }

    fn cursor(&self) -> Option<Position> {
        self.text.ready().and_then(View::cursor)
    }
}
