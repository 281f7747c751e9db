//! Requests to one REST catalog. Reading is tried again once with a new token. A commit is sent once, and a second time
//! only to a server that knows by a key that it is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;

use super::answer::Answer;
use super::auth::Auth;
use super::settings::{ServerConfig, Settings};
use crate::env::Env;
use crate::{Error, Kind, Result};

/// Larger answers are refused, in bytes: a table's metadata may be very large.
const LARGEST: usize = 1 << 30;
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Names a commit, so that a server that has carried it out answers the second request as it did the first.
const KEY: &str = "idempotency-key";
/// A commit is sent again at most so long after it was first sent; no server's keys live shorter.
const KEY_LIFETIME_MS: i64 = 20_000;
const BEFORE_THE_SECOND: Duration = Duration::from_millis(500);

/// One server, and who we are for it.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    settings: Settings,
    auth: Auth,
    properties: BTreeMap<String, String>,
    takes_keys: bool,
    env: Env,
}

/// What became of a request that may be sent only once.
#[derive(Debug)]
pub(super) enum Sent {
    /// A whole answer came.
    Answered(Answer),
    /// It left, or may have left, and no whole answer came.
    Lost(Error),
    /// It never left.
    Not(Error),
}

/// Why no answer came: whether the request may have left, and what went wrong.
struct Failure {
    left: bool,
    error: Error,
}

impl Client {
    /// Asks the server for its configuration.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for properties that cannot be, [`Kind::Denied`] where the server refuses us.
    pub async fn connect(env: &Env, name: &str, own: &BTreeMap<String, String>) -> Result<Self> {
        let first = Self::of(env, own.clone()).map_err(|e| e.with("catalog", name))?;
        let warehouse = own.get("warehouse").map(|w| [("warehouse", w.as_str())]);
        let unprefixed = Settings { prefix: None, ..first.settings.clone() };
        let url = unprefixed.url(&["config"])?;
        let query = warehouse.as_ref().map_or(&[][..], |query| query);
        let answer = first.read(Method::GET, &url, query, None).await.map_err(|e| e.with("catalog", name))?;
        let config = match answer.status {
            StatusCode::NOT_FOUND if answer.told().type_name.is_empty() => ServerConfig::default(),
            _ => {
                let answer =
                    answer.success("the catalog gives no configuration").map_err(|e| e.with("catalog", name))?;
                answer.parse()?
            }
        };
        let takes_keys = config.key_lifetime.is_some();
        let client = Self::of(env, config.merged(own)).map_err(|e| e.with("catalog", name))?;
        Ok(Self { takes_keys, ..client })
    }

    fn of(env: &Env, properties: BTreeMap<String, String>) -> Result<Self> {
        let settings = Settings::of(&properties)?;
        let auth = Auth::of(&properties, &settings.uri, env)?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(settings.patience)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("icedeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::bug("the HTTP client cannot be made").caused_by(e))?;
        Ok(Self { http, settings, auth, properties, takes_keys: false, env: env.clone() })
    }

    /// The properties that hold, the server's among them.
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// How names become paths.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends a request that does no harm when it is sent twice with two tokens; the answer may be an error.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where no whole answer comes.
    pub async fn ask(&self, method: Method, parts: &[&str], query: &[(&str, &str)]) -> Result<Answer> {
        self.read(method, &self.settings.url(parts)?, query, None).await
    }

    /// As [`ask`](Self::ask), with a body.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn tell(&self, method: Method, parts: &[&str], body: &(impl Serialize + Sync)) -> Result<Answer> {
        self.read(method, &self.settings.url(parts)?, &[], Some(encoded(body)?)).await
    }

    /// Sends a commit: once, or, where no answer came and the server knows commits by their keys, a second time. The
    /// second answer counts only where it says yes: anything else proves nothing of what the first request did.
    pub async fn commit(&self, parts: &[&str], body: &(impl Serialize + Sync)) -> Sent {
        let prepared = self.settings.url(parts).and_then(|url| Ok((url, encoded(body)?)));
        let (url, body) = match prepared {
            Ok(prepared) => prepared,
            Err(e) => return Sent::Not(e),
        };
        let key = self.takes_keys.then(|| self.env.uuid().to_string());
        let since = self.env.now_ms();
        let first = self.post(&url, &body, key.as_deref()).await;
        let is_open = match &first {
            Sent::Lost(_) => true,
            Sent::Answered(answer) => answer.status.is_server_error(),
            Sent::Not(_) => false,
        };
        if !is_open || key.is_none() || self.env.now_ms().saturating_sub(since) > KEY_LIFETIME_MS {
            return first;
        }
        tokio::time::sleep(BEFORE_THE_SECOND).await;
        match self.post(&url, &body, key.as_deref()).await {
            Sent::Answered(answer) if answer.status.is_success() => Sent::Answered(answer),
            _ => first,
        }
    }

    async fn post(&self, url: &reqwest::Url, body: &Bytes, key: Option<&str>) -> Sent {
        let token = match self.auth.token(&self.http).await {
            Ok(token) => token,
            Err(e) => return Sent::Not(e),
        };
        let mut request = self.request(Method::POST, url, token.as_deref()).body(body.clone());
        if let Some(key) = key {
            request = request.header(KEY, key);
        }
        match self.send(request).await {
            Ok(answer) => {
                if answer.status == StatusCode::UNAUTHORIZED {
                    self.auth.refused(token.as_deref()).await;
                }
                Sent::Answered(answer)
            }
            Err(Failure { left: true, error }) => Sent::Lost(error),
            Err(Failure { left: false, error }) => Sent::Not(error),
        }
    }

    async fn read(
        &self,
        method: Method,
        url: &reqwest::Url,
        query: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<Answer> {
        let mut again = true;
        loop {
            let token = self.auth.token(&self.http).await?;
            let mut request = self.request(method.clone(), url, token.as_deref());
            if !query.is_empty() {
                request = request.query(query);
            }
            if let Some(body) = &body {
                request = request.body(body.clone());
            }
            let answer = self.send(request).await.map_err(|failure| failure.error)?;
            let refused = answer.status == StatusCode::UNAUTHORIZED;
            if !(refused && again && self.auth.refused(token.as_deref()).await) {
                return Ok(answer);
            }
            again = false;
        }
    }

    fn request(&self, method: Method, url: &reqwest::Url, token: Option<&str>) -> RequestBuilder {
        let request = self
            .http
            .request(method, url.clone())
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .headers(self.settings.headers.clone());
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> std::result::Result<Answer, Failure> {
        let response = request.send().await.map_err(|e| {
            let left = !(e.is_connect() || e.is_builder());
            Failure { left, error: self.silent(e, left) }
        })?;
        let status = response.status();
        let body = self.body(response).await.map_err(|error| Failure { left: true, error })?;
        Ok(Answer { status, body })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.silent(e, true))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Error::corrupt("the catalog's answer never ends").with("host", self.host()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn silent(&self, error: reqwest::Error, left: bool) -> Error {
        let what = match (left, error.is_timeout()) {
            (false, _) => "the catalog cannot be reached",
            (true, true) => "the catalog did not answer in time",
            (true, false) => "the connection to the catalog broke before its answer was whole",
        };
        let told = Error::new(Kind::Unavailable, what).with("host", self.host()).caused_by(error.without_url());
        if left { told } else { told.hint("check the catalog's uri, and whether the server runs") }
    }

    fn host(&self) -> String {
        let uri = &self.settings.uri;
        let host = uri.host_str().unwrap_or_default();
        uri.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"))
    }
}

fn encoded(body: &impl Serialize) -> Result<Bytes> {
    let bytes = serde_json::to_vec(body);
    bytes.map(Bytes::from).map_err(|e| Error::bug("the request cannot be written as JSON").caused_by(e))
}
