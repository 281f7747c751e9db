//! A REST catalog on loopback before the embedded warehouse of a test lake: real answers, until it is told otherwise.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use icedeck::catalog::{Outcome, Proposal};
use icedeck::table::{Table, TableName};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::common::Lake;
use crate::common::http::{Reply, read};

/// The one table that it serves.
pub const TABLE: &str = "sales.orders";

/// What happens to one commit.
#[derive(Debug, Clone)]
pub enum Weather {
    /// This status, and nothing is done.
    Says(u16),
    /// It is done, and the answer is this status.
    DoneSays(u16),
    /// The connection closes, and nothing is done.
    Closes,
    /// It is done, and the connection closes without a word.
    DoneCloses,
    /// It is done, and the answer ends after so many bytes.
    DoneCut(usize),
    /// It is done at once, and answered after this time.
    DoneSaysAfter(Duration),
    /// It is done after this time, and nobody is there any more to hear of it.
    DoneAfter(Duration),
    /// Nothing is done, and no answer comes.
    Silence,
}

/// The server; it ends with the runtime.
pub struct Front {
    pub uri: String,
    pub lake: Arc<Lake>,
    weather: Mutex<VecDeque<Weather>>,
    /// What becomes of commits once the others are used up; nothing: they are carried out.
    pub climate: Mutex<Option<Weather>>,
    /// Nothing is answered but 503.
    pub is_down: AtomicBool,
    /// Whether it goes down with the next commit.
    pub goes_down: AtomicBool,
    /// Commits that came in.
    pub commits: AtomicUsize,
}

impl Front {
    pub async fn before(lake: Lake, weather: impl IntoIterator<Item = Weather>) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let weather = Mutex::new(weather.into_iter().collect());
        let [is_down, goes_down] = [AtomicBool::new(false), AtomicBool::new(false)];
        let (climate, commits, lake) = (Mutex::default(), AtomicUsize::new(0), Arc::new(lake));
        let front = Arc::new(Self { uri, lake, weather, climate, is_down, goes_down, commits });
        front.configure();
        let serving = front.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        front
    }

    fn configure(&self) {
        let folder = self.root().join("config/icedeck");
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "default-catalog = \"far\"\n[catalog.far]\ntype = \"rest\"\nuri = \"{}\"\nrest.timeout = \"1\"\n",
            self.uri
        );
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    pub fn root(&self) -> &Path {
        self.lake.folder.path()
    }

    pub async fn now(&self) -> Table {
        self.lake.load(&name()).await
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = read(&mut stream).await else { return };
        let reply = match asked.line.split_once(' ').unwrap() {
            _ if self.is_down.load(Ordering::SeqCst) => Reply::Answer(503, "<html>down</html>".into()),
            ("GET", path) if path.starts_with("/v1/config") => {
                Reply::Answer(200, json!({"defaults": {}, "overrides": {}}).to_string())
            }
            ("GET", "/v1/namespaces/sales/tables/orders") => self.table().await,
            ("POST", "/v1/namespaces/sales/tables/orders") => self.commit(&asked.body).await,
            _ => failed(404, "NoSuchTableException", "there is one table only"),
        };
        reply.send(stream).await;
    }

    async fn table(&self) -> Reply {
        match self.lake.connection.load(&name()).await {
            Ok(table) => told(&table),
            Err(e) => failed(404, "NoSuchTableException", &e.to_string()),
        }
    }

    async fn commit(&self, body: &str) -> Reply {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let weather = self.weather.lock().unwrap().pop_front().or_else(|| self.climate.lock().unwrap().clone());
        if self.goes_down.load(Ordering::SeqCst) {
            self.is_down.store(true, Ordering::SeqCst);
        }
        let moved = "Requirement failed: branch main has changed: expected id 1 != 2";
        match weather {
            None => self.carry_out(body).await,
            Some(Weather::Says(409)) => failed(409, "CommitFailedException", moved),
            Some(Weather::Says(401)) => failed(401, "NotAuthorizedException", "who are you?"),
            Some(Weather::Says(403)) => failed(403, "ForbiddenException", "not yours"),
            Some(Weather::Says(status)) => Reply::Answer(status, "<html>a proxy</html>".into()),
            Some(Weather::DoneSays(409)) => {
                let _ = self.carry_out(body).await;
                failed(409, "CommitFailedException", moved)
            }
            Some(Weather::DoneSays(status)) => {
                let _ = self.carry_out(body).await;
                Reply::Answer(status, "<html>a proxy</html>".into())
            }
            Some(Weather::Closes) => Reply::Close,
            Some(Weather::DoneCloses) => {
                let _ = self.carry_out(body).await;
                Reply::Close
            }
            Some(Weather::DoneCut(at)) => match self.carry_out(body).await {
                Reply::Answer(_, whole) => Reply::Cut(whole, at),
                other => other,
            },
            Some(Weather::DoneSaysAfter(time)) => {
                let answer = self.carry_out(body).await;
                tokio::time::sleep(time).await;
                answer
            }
            Some(Weather::DoneAfter(time)) => {
                tokio::time::sleep(time).await;
                let _ = self.carry_out(body).await;
                Reply::Close
            }
            Some(Weather::Silence) => Reply::Silence,
        }
    }

    /// Checks the requirements against the table as it is now, as REST servers do, and applies the updates.
    async fn carry_out(&self, body: &str) -> Reply {
        let body: Value = serde_json::from_str(body).unwrap();
        let proposal = Proposal {
            table: name(),
            requirements: serde_json::from_value(body["requirements"].clone()).unwrap(),
            updates: serde_json::from_value(body["updates"].clone()).unwrap(),
            snapshot_id: None,
            metadata_files: Vec::new(),
        };
        let now = match self.lake.connection.load(&name()).await {
            Ok(now) => now,
            Err(e) => return failed(404, "NoSuchTableException", &e.to_string()),
        };
        match self.lake.connection.committer().commit(&now, &proposal).await {
            Outcome::Committed(table) => told(&table),
            Outcome::Rejected(rejection) => failed(409, "CommitFailedException", &rejection.reason),
            Outcome::NotSent(e) | Outcome::Unknown(e) => failed(400, "ValidationException", &e.to_string()),
        }
    }
}

pub fn name() -> TableName {
    TABLE.parse().unwrap()
}

fn told(table: &Table) -> Reply {
    let metadata = serde_json::to_value(table.metadata()).unwrap();
    Reply::Answer(200, json!({"metadata-location": table.metadata_location(), "metadata": metadata}).to_string())
}

fn failed(status: u16, name: &str, message: &str) -> Reply {
    let error = json!({"error": {"message": message, "type": name, "code": status, "stack": ["at a", "at b"]}});
    Reply::Answer(status, error.to_string())
}
