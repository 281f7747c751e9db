//! The first screen: every catalog of the configuration with its state. Each is connected to on its own, so that one
//! that does not answer keeps no other from being shown.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::list::List;
use super::tables;
use super::widgets::human;
use super::widgets::listing::Look;
use super::widgets::shown::{Column, Fact, Shown};
use crate::app::route::Route;
use crate::app::task::Feed;
use crate::app::theme::Tone;
use crate::catalog::{CatalogInfo, Lake};
use crate::table::Namespace;
use crate::{Error, Result};

/// Its name on the command line.
pub const NAME: &str = "catalogs";

/// The list: it is about nothing but the configuration.
#[derive(Debug, Clone)]
pub struct Catalogs {
    /// Its address.
    pub route: Route,
}

/// How a catalog answers.
#[derive(Debug, Clone)]
pub enum State {
    /// It was asked and has not answered.
    Connecting,
    /// It answered.
    Ready {
        /// Its outermost namespaces.
        namespaces: usize,
    },
    /// It did not, or said no.
    Failed(Arc<Error>),
}

/// A catalog and its state.
#[derive(Debug, Clone)]
pub struct Line {
    /// What the configuration says of it.
    pub info: CatalogInfo,
    /// How it answers.
    pub state: State,
}

impl Line {
    fn name(&self) -> Shown {
        let tone = if self.info.is_default { Tone::Current } else { Tone::Accent };
        Shown::text(&self.info.name).tone(tone)
    }

    fn state(&self) -> Shown {
        match &self.state {
            State::Connecting => Shown::word("connecting …").tone(Tone::Dim),
            State::Ready { .. } => Shown::word("● ready").tone(Tone::Added),
            State::Failed(error) => Shown::text(format!("✖ {}", error.message())).tone(Tone::Danger),
        }
    }

    fn namespaces(&self) -> Shown {
        match &self.state {
            State::Ready { namespaces } => Shown::count(*namespaces as i128),
            _ => Shown::missing(),
        }
    }

    fn mode(&self) -> Shown {
        match self.info.read_only {
            true => Shown::word("read-only").tone(Tone::Warning),
            false => Shown::word("read-write"),
        }
    }
}

/// Connects to a catalog and asks for its namespaces: the least that shows it works.
async fn probe(lake: &Lake, info: CatalogInfo) -> Line {
    let asked = async {
        let connection = lake.connection(Some(&info.name)).await?;
        connection.namespaces(&Namespace::default()).await
    };
    let state = match asked.await {
        Ok(namespaces) => State::Ready { namespaces: namespaces.len() },
        Err(error) => State::Failed(Arc::new(error)),
    };
    Line { info, state }
}

impl Look for Catalogs {
    type Row = Line;

    fn columns(&self, _sample: Option<&Line>) -> Vec<Column> {
        vec![
            Column::new("catalog").limit(40).least(12),
            Column::new("state").limit(60).least(13),
            Column::new("kind"),
            Column::new("namespaces").right().spare(2),
            Column::new("mode").spare(1),
            Column::new("warehouse").middle().limit(60).least(16).spare(3),
            Column::new("uri").middle().limit(60).least(16).spare(4),
        ]
    }

    fn key(&self, row: &Line) -> String {
        row.info.name.clone()
    }

    fn show(&self, row: &Line, _now_ms: i64) -> Vec<Shown> {
        vec![
            row.name(),
            row.state(),
            Shown::text(&row.info.kind),
            row.namespaces(),
            row.mode(),
            Shown::or_missing(row.info.warehouse.as_ref(), Shown::text),
            Shown::or_missing(row.info.uri.as_ref(), Shown::text),
        ]
    }
}

#[async_trait]
impl List for Catalogs {
    fn route(&self) -> Route {
        self.route.clone()
    }

    fn comes_again(&self) -> bool {
        true
    }

    async fn load(&self, lake: &Lake, feed: &Feed<Vec<Line>>) -> Result<()> {
        let infos = lake.catalogs();
        feed.send(infos.iter().map(|info| Line { info: info.clone(), state: State::Connecting }).collect()).await?;
        let mut probes: FuturesUnordered<_> = infos.into_iter().map(|info| probe(lake, info)).collect();
        while let Some(line) = probes.next().await {
            feed.send(vec![line]).await?;
        }
        Ok(())
    }

    fn title(&self, rows: &[Line]) -> String {
        let failed = rows.iter().filter(|row| matches!(row.state, State::Failed(_))).count();
        let all = human::counted(rows.len(), "catalog");
        if failed == 0 { all } else { format!("{all} · ✖ {failed} not reached") }
    }

    fn facts(&self, row: &Line, _now_ms: i64) -> Vec<Fact> {
        let info = &row.info;
        let mut facts = vec![
            Fact::new("catalog", row.name()),
            Fact::new("default", Shown::word(if info.is_default { "yes" } else { "no" })),
            Fact::new("kind", Shown::text(&info.kind)),
            Fact::new("mode", row.mode()),
            Fact::new("namespaces", row.namespaces()),
            Fact::new("configured in", Shown::text(&info.origin)),
            Fact::heading("uri"),
            Fact::line(Shown::or_missing(info.uri.as_ref(), Shown::text)),
            Fact::heading("warehouse"),
            Fact::line(Shown::or_missing(info.warehouse.as_ref(), Shown::text)),
            Fact::heading("state"),
        ];
        match &row.state {
            State::Failed(error) => facts.extend(error_facts(error)),
            _ => facts.push(Fact::line(row.state())),
        }
        facts
    }

    fn enter(&self, row: &Line) -> Option<(&'static str, Route)> {
        let root = Route::new(tables::NAME).of_namespace(Namespace::default());
        Some(("namespaces", root.of_catalog(Some(row.info.name.clone()))))
    }

    fn empty(&self) -> Vec<String> {
        vec!["No catalog is configured".into(), "icedeck doctor says what was read".into()]
    }
}

/// An error in a detail: what happened, to what, what to do.
pub fn error_facts(error: &Error) -> Vec<Fact> {
    let mut facts = vec![Fact::line(Shown::text(format!("✖ {error}")).tone(Tone::Danger))];
    facts.extend(error.hints().iter().map(|hint| Fact::line(Shown::text(hint))));
    facts
}
