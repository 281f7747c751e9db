//! A server on loopback that answers as it is told, request by request, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// With a status and a body.
    Answer(u16, String),
    /// The connection is closed without a word.
    Close,
    /// The body is cut after so many bytes.
    Cut(String, usize),
    /// Nothing ever comes.
    Silence,
    /// Elsewhere.
    Redirect(String),
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET /v1/config?warehouse=x`.
    pub line: String,
    /// Header lines, lower case names.
    pub headers: Vec<String>,
    /// The body as text.
    pub body: String,
}

/// The server; it ends with the runtime.
#[derive(Debug, Clone)]
pub struct Server {
    pub uri: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// A server that gives these replies in this order, then 418.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        let server = Self { uri, replies, asked: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        server
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// More replies.
    pub fn then(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some(asked) = read(&mut stream).await else { return };
        self.asked.lock().unwrap().push(asked);
        let reply = self.replies.lock().unwrap().pop_front();
        reply.unwrap_or(Reply::Answer(418, "nothing more was scripted".into())).send(stream).await;
    }
}

impl Reply {
    /// Answers so.
    pub async fn send(self, mut stream: TcpStream) {
        let (status, extra, body, cut) = match self {
            Reply::Answer(status, body) => (status, String::new(), body, None),
            Reply::Cut(body, at) => (200, String::new(), body, Some(at)),
            Reply::Redirect(to) => (307, format!("location: {to}\r\n"), String::new(), None),
            Reply::Close => return,
            Reply::Silence => return std::future::pending().await,
        };
        let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{extra}content-length: {}\r\n\r\n", body.len());
        let whole = head + &body;
        let sent = cut.map_or(whole.len(), |cut| whole.len() - body.len() + cut);
        let _ = stream.write_all(&whole.as_bytes()[..sent]).await;
        let _ = stream.shutdown().await;
    }
}

/// Reads a whole request; nothing where the other side went away.
pub async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 8192];
        let got = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        if bytes.is_empty() && !chunk[0].is_ascii_uppercase() {
            return None; // somebody speaks TLS
        }
        bytes.extend_from_slice(&chunk[..got]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_string();
        let headers: Vec<_> = lines.map(|line| line.to_ascii_lowercase()).collect();
        let length = headers.iter().find_map(|h| h.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        if body.len() >= length {
            let original = head.lines().skip(1).map(str::to_string).collect();
            return Some(Asked { line, headers: original, body: body.to_string() });
        }
    }
}
