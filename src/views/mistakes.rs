//! What is wrong in the user's key map and themes, as it was found at the start: file, line and what is wrong. Reads no
//! files of its own.

use async_trait::async_trait;

use super::list::List;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::Result;
use crate::app::route::Route;
use crate::app::settings::Mistake;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::app::view::Context;
use crate::catalog::Lake;

/// Its name on the command line.
pub const NAME: &str = "mistakes";

/// The list.
#[derive(Debug, Clone)]
pub struct Mistakes {
    /// Its address.
    pub route: Route,
    /// What was found at the start.
    pub found: Vec<Mistake>,
}

impl Look for Mistakes {
    type Row = Mistake;

    fn columns(&self, _sample: Option<&Mistake>) -> Vec<Column> {
        vec![
            Column::new("what is wrong").limit(100),
            Column::new("file").middle().least(16),
            Column::new("line").right().least(4),
        ]
    }

    fn key(&self, row: &Mistake) -> String {
        format!("{} {} {}", row.file.as_deref().unwrap_or_default(), row.line.unwrap_or_default(), row.what)
    }

    fn show(&self, row: &Mistake, _now_ms: i64) -> Vec<Shown> {
        vec![Shown::text(&row.what).tone(Tone::Warning), file(row), line(row)]
    }
}

fn file(row: &Mistake) -> Shown {
    Shown::or_missing(row.file.as_ref(), Shown::text)
}

fn line(row: &Mistake) -> Shown {
    Shown::or_missing(row.line, |line| Shown::count(line as i128))
}

#[async_trait]
impl List for Mistakes {
    fn route(&self) -> Route {
        self.route.clone()
    }

    async fn load(&self, _lake: &Lake, feed: &Feed<Vec<Mistake>>) -> Result<()> {
        feed.send(self.found.clone()).await
    }

    fn comes_again(&self) -> bool {
        true
    }

    fn watch(&mut self, cx: &Context<'_>) -> Vec<Mistake> {
        if self.found.len() == cx.mistakes.len() {
            return Vec::new();
        }
        self.found = cx.mistakes.iter().map(Mistake::from).collect();
        self.found.clone()
    }

    fn title(&self, rows: &[Mistake]) -> String {
        human::counted(rows.len(), "mistake")
    }

    fn facts(&self, row: &Mistake, _now_ms: i64) -> Vec<Fact> {
        let mut facts = vec![Fact::line(Shown::text(&row.what).tone(Tone::Warning))];
        facts.extend(row.hints.iter().map(|hint| Fact::line(Shown::text(hint))));
        facts.extend([Fact::gap(), Fact::new("file", file(row)), Fact::new("line", line(row))]);
        facts
    }

    fn detail_title(&self, _row: &Mistake) -> String {
        "what is wrong".into()
    }

    fn copied(&self, row: &Mistake) -> String {
        let line = row.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}", row.file.as_deref().unwrap_or_default(), row.what)
    }

    fn empty(&self) -> Vec<String> {
        vec!["Nothing is wrong in your key map and themes".into(), "they are read when the console starts".into()]
    }
}
