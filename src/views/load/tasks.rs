//! The work behind the load view, as plain data. Everything here runs on threads that may wait; nothing draws.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::app::route::Route;
use crate::app::task::{Cancel, Feed, Task};
use crate::catalog::Lake;
use crate::ingest::draft::Draft;
use crate::ingest::fit::Example;
use crate::ingest::mapping::MappingView;
use crate::ingest::preflight::PreflightReport;
use crate::ingest::preview::{Preview, PreviewOptions, Previewer};
use crate::ingest::run::{IngestRequest, OnError};
use crate::ingest::source::SourceOptions;
use crate::monitor::Monitor;
use crate::recovery::{self, Loaded, OnConflict, Policy};
use crate::table::refs::MAIN;
use crate::table::{Table, inspect};
use crate::{Error, Result};

/// Rows of the source at any place, shared by the tasks that look at them.
pub type SharedPreviewer = Arc<Mutex<Previewer>>;

/// Runs work that waits on a thread of its own; the monitor reaches it there.
async fn blocking<T: Send + 'static>(
    monitor: &Monitor,
    work: impl FnOnce(&Monitor) -> Result<T> + Send + 'static,
) -> Result<T> {
    let monitor = monitor.clone();
    let done = tokio::task::spawn_blocking(move || work(&monitor)).await;
    done.map_err(|e| Error::bug("the work broke off").caused_by(e))?
}

/// What opening gave.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What was said of how the files are read.
    pub options: SourceOptions,
    /// The load as it stands now.
    pub draft: Arc<Draft>,
    /// Its rows.
    pub previewer: SharedPreviewer,
}

/// Opens the files for the table; or reads those of a draft in another way.
#[derive(Debug, Clone)]
pub struct Open {
    /// The table, and the files as its detail, one a line.
    pub route: Route,
    /// How they are read, as far as that is said.
    pub options: SourceOptions,
    /// What is read once more, or in another way.
    pub again: Option<Arc<Draft>>,
}

/// The files of a route: its detail, one a line.
pub fn paths(route: &Route) -> Vec<PathBuf> {
    route.detail.iter().flat_map(|detail| detail.split('\n')).map(PathBuf::from).collect()
}

#[async_trait]
impl Task for Open {
    type Part = Opened;

    fn title(&self) -> String {
        format!("open the files for {}", self.route)
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Opened>) -> Result<()> {
        let draft = match &self.again {
            Some(draft) => {
                let (draft, options) = (draft.clone(), self.of_files());
                blocking(feed.monitor(), move |monitor| draft.reread(&options, monitor)).await?
            }
            None => self.open(lake, feed.monitor()).await?,
        };
        let previewer = Previewer::new(draft.source().clone())?;
        let (options, previewer) = (self.options.clone(), Arc::new(Mutex::new(previewer)));
        feed.send(Opened { options, draft: Arc::new(draft), previewer }).await
    }
}

impl Open {
    async fn open(&self, lake: &Lake, monitor: &Monitor) -> Result<Draft> {
        let address = self.route.table().ok_or_else(|| Error::invalid("no table is named to load into"))?;
        let table = lake.table(self.route.catalog.as_deref(), address).await?;
        let branch = branch(&table, address.at.as_deref())?;
        let options = self.of_files();
        blocking(monitor, move |monitor| Draft::open(table, branch, &options, monitor)).await
    }

    fn of_files(&self) -> SourceOptions {
        SourceOptions { paths: paths(&self.route), ..self.options.clone() }
    }
}

/// The branch that a load goes to: the one that stands behind the table's name, else main.
///
/// # Errors
/// Invalid where a tag, a snapshot or a time stands there: rows are loaded into branches only. Not found where nothing is
/// meant by it.
pub fn branch(table: &Table, at: Option<&str>) -> Result<String> {
    let Some(at) = at.filter(|at| *at != MAIN) else { return Ok(MAIN.into()) };
    let refs = inspect::refs(table)?;
    let found = refs.iter().find(|found| found.name == at);
    if found.is_some_and(|found| found.kind == "BRANCH") {
        return Ok(at.into());
    }
    table.resolve(Some(at))?;
    let what = match found {
        Some(_) => "is a tag, and tags stay where they are",
        None => "is a state of the past",
    };
    let branches: Vec<_> =
        refs.iter().filter(|found| found.kind == "BRANCH").map(|found| found.name.as_str()).collect();
    let hint = format!(
        ":ingest {}@BRANCH loads into a branch; there {}: {}. A new one is made among the snapshots (:snapshots)",
        table.name(),
        if branches.len() == 1 { "is" } else { "are" },
        branches.join(", ")
    );
    Err(Error::invalid(format!("nothing can be loaded there: {at} {what}")).with("table", table.name()).hint(hint))
}

/// Looks at rows of the source.
#[derive(Debug, Clone)]
pub struct Window {
    /// The rows.
    pub previewer: SharedPreviewer,
    /// Which of them.
    pub options: PreviewOptions,
}

#[async_trait]
impl Task for Window {
    type Part = Preview;

    fn title(&self) -> String {
        "rows of the source".into()
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<Preview>) -> Result<()> {
        let (previewer, options) = (self.previewer.clone(), self.options);
        let look =
            move |monitor: &Monitor| previewer.lock().unwrap_or_else(PoisonError::into_inner).window(&options, monitor);
        feed.send(blocking(feed.monitor(), look).await?).await
    }
}

/// A mapping beside its source and table, with how some values of one column come out.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// Both sides.
    pub view: MappingView,
    /// The column that the examples are of.
    pub column: Option<String>,
    /// How its values come out.
    pub examples: Vec<Example>,
}

/// Binds a mapping.
#[derive(Debug, Clone)]
pub struct Bind {
    /// The load.
    pub draft: Arc<Draft>,
    /// The column to give examples of; the first one where nothing is said.
    pub column: Option<String>,
}

#[async_trait]
impl Task for Bind {
    type Part = Bound;

    fn title(&self) -> String {
        format!("match the columns of {}", self.draft.table())
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<Bound>) -> Result<()> {
        let (draft, column) = (self.draft.clone(), self.column.clone());
        let bind = move |_: &Monitor| {
            let view = draft.view();
            let column = column.or_else(|| view.table.first().map(|side| side.name.clone()));
            let examples = column.as_deref().map(|column| draft.examples(column)).transpose()?.unwrap_or_default();
            Ok(Bound { view, column, examples })
        };
        feed.send(blocking(feed.monitor(), bind).await?).await
    }
}

/// Checks every row.
#[derive(Debug, Clone)]
pub struct Check(pub Arc<Draft>);

#[async_trait]
impl Task for Check {
    type Part = PreflightReport;

    fn title(&self) -> String {
        format!("check every row for {}", self.0.table())
    }

    async fn run(&self, _lake: &Lake, feed: &Feed<PreflightReport>) -> Result<()> {
        let draft = self.0.clone();
        feed.send(blocking(feed.monitor(), move |monitor| draft.preflight(monitor)).await?).await
    }
}

/// Loads: stages the files and publishes them.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The catalog.
    pub catalog: Option<String>,
    /// The load.
    pub draft: Arc<Draft>,
    /// What was said of how the files are read. Each file is looked at for itself, as it was for the preview.
    pub reading: SourceOptions,
    /// Where rows go that do not fit; nothing where there are none.
    pub rejects: Option<PathBuf>,
}

#[async_trait]
impl Task for Commit {
    type Part = Loaded;

    fn title(&self) -> String {
        format!("load into {}", self.draft.table())
    }

    fn cancel(&self) -> Cancel {
        Cancel::Cooperative
    }

    async fn run(&self, lake: &Lake, feed: &Feed<Loaded>) -> Result<()> {
        let connection = lake.connection(self.catalog.as_deref()).await?;
        let source = SourceOptions { paths: self.draft.paths(), ..self.reading.clone() };
        let request = IngestRequest {
            branch: self.draft.branch().to_string(),
            mapping: Some(self.draft.mapping().clone()),
            on_error: self.rejects.clone().map_or(OnError::Fail, OnError::Reject),
            ..IngestRequest::append(source, self.draft.table().clone())
        };
        let on_conflict = lake.settings().on_conflict.as_deref().map_or(Ok(OnConflict::default()), str::parse)?;
        let policy = Policy { on_conflict, ..Policy::default() };
        let loaded = recovery::run(request, &connection, &policy, lake.env(), feed.monitor()).await?;
        feed.last(loaded).await
    }
}
