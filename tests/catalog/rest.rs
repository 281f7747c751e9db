//! A REST catalog: what is asked of the server, and what its answers prove. The server is scripted; a real one is in
//! `tests/services`.

use icedeck::Kind;
use icedeck::catalog::{Connection, Lake, LakeOptions, Outcome, Proposal};
use icedeck::commit::{self, Change};
use icedeck::env::Env;
use icedeck::table::Table;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::common::http::{Reply, Server};
use crate::common::lake;

fn ok(body: Value) -> Reply {
    Reply::Answer(200, body.to_string())
}

fn failed(status: u16, name: &str, message: &str) -> Reply {
    let error = json!({"error": {"message": message, "type": name, "code": status, "stack": ["at a", "at b"]}});
    Reply::Answer(status, error.to_string())
}

fn no_overrides() -> Reply {
    ok(json!({"defaults": {}, "overrides": {}}))
}

/// A connection to the server, which must have its configuration ready as the first reply.
async fn connect(folder: &std::path::Path, server: &Server, more: &str) -> icedeck::Result<Arc<Connection>> {
    let config = folder.join("rest.toml");
    std::fs::write(&config, format!("[catalog.far]\ntype = \"rest\"\nuri = \"{}\"\n{more}", server.uri)).unwrap();
    let options = LakeOptions { config: Some(config), ..LakeOptions::default() };
    Lake::open(&Env::fixed(folder, lake::START_MS), options).await?.connection(Some("far")).await
}

/// A table of the embedded warehouse, and a change of it that could be sent anywhere.
async fn proposal(lake: &lake::Lake) -> (Table, Proposal) {
    let table = lake.orders("sales.orders").await;
    let set = [("owner".to_string(), "ada".to_string())].into();
    let proposal = commit::propose(&table, &Change::SetProperties { set, remove: vec![] }, &lake.env).await.unwrap();
    (table, proposal)
}

/// What comes of sending a change that is answered so; the requests after the first.
async fn sent(reply: Reply, more: &str) -> (Outcome, Server) {
    let lake = lake::Lake::new().await;
    let (table, proposal) = proposal(&lake).await;
    let server = Server::start([no_overrides(), reply]).await;
    let connection = connect(lake.folder.path(), &server, more).await.unwrap();
    (connection.committer().commit(&table, &proposal).await, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_one_request_with_updates_and_requirements() {
    let lake = lake::Lake::new().await;
    let (table, proposal) = proposal(&lake).await;
    let metadata = serde_json::to_value(table.metadata()).unwrap();
    let answer = ok(json!({"metadata-location": table.metadata_location(), "metadata": metadata}));
    let server = Server::start([no_overrides(), answer]).await;
    let connection =
        connect(lake.folder.path(), &server, "token = \"t0ken\"\nheader.x-team = \"lake\"\n").await.unwrap();
    let outcome = connection.committer().commit(&table, &proposal).await;
    assert!(matches!(outcome, Outcome::Committed(_)), "{outcome:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].line, "POST /v1/namespaces/sales/tables/orders");
    assert!(asked[1].headers.iter().any(|h| h == "authorization: Bearer t0ken"), "{:?}", asked[1].headers);
    assert!(asked[1].headers.iter().any(|h| h == "x-team: lake"));
    assert!(!asked[1].headers.iter().any(|h| h.starts_with("idempotency-key")), "this server knows no keys");
    let body: Value = serde_json::from_str(&asked[1].body).unwrap();
    assert_eq!(body["requirements"][0]["type"], "assert-table-uuid");
    assert_eq!(body["updates"][0]["updates"]["owner"], "ada");
    assert_eq!(body["identifier"], json!({"namespace": ["sales"], "name": "orders"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_proves_goes_by_its_position() {
    let lost = |status| failed(status, "CommitStateUnknownException", "who knows");
    for reply in [lost(500), lost(502), lost(503), lost(504), lost(429), lost(408), Reply::Close] {
        let (outcome, server) = sent(reply.clone(), "").await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{reply:?}: {outcome:?}");
        assert_eq!(server.asked().len(), 2, "{reply:?} was sent again");
    }
    let page = Reply::Answer(500, "<html>no</html>".into());
    let cut = Reply::Cut(json!({"metadata-location": "x", "metadata": {}}).to_string(), 20);
    let nonsense = ok(json!({"metadata-location": 7}));
    let elsewhere = Reply::Redirect("http://127.0.0.1:9/".into());
    for reply in [page, cut, nonsense, elsewhere] {
        let (outcome, server) = sent(reply.clone(), "").await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{reply:?}: {outcome:?}");
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_where_another_try_is_of_no_use() {
    let moved = "Requirement failed: branch main has changed: expected id 1 != 2";
    for (reply, expected) in [
        (failed(409, "CommitFailedException", moved), false),
        (failed(404, "NoSuchTableException", "Table does not exist: sales.orders"), true),
        (failed(400, "ValidationException", "Snapshot already exists for id: 7"), true),
        (failed(403, "ForbiddenException", "not yours"), true),
        (failed(401, "NotAuthorizedException", "who?"), false),
    ] {
        let (outcome, _) = sent(reply.clone(), "token = \"t\"\n").await;
        let Outcome::Rejected(rejection) = outcome else { panic!("{reply:?}: {outcome:?}") };
        assert_eq!(rejection.is_final, expected, "{rejection:?}");
        assert!(!rejection.reason.contains("at a"), "{rejection:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_as_unknown_and_a_closed_door_as_not_sent() {
    let (outcome, _) = sent(Reply::Silence, "rest.timeout = \"0.2\"\n").await;
    let Outcome::Unknown(error) = outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().contains("in time"), "{error}");

    let lake = lake::Lake::new().await;
    let (table, proposal) = proposal(&lake).await;
    let gone = ok(json!({"overrides": {"uri": "http://127.0.0.1:9/"}}));
    let server = Server::start([gone]).await;
    let connection = connect(lake.folder.path(), &server, "").await.unwrap();
    let outcome = connection.committer().commit(&table, &proposal).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_buys_tokens_and_a_refused_one_is_bought_anew_for_reading() {
    let folder = tempfile::tempdir().unwrap();
    let bought = |token: &str| ok(json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}));
    let refused = failed(401, "NotAuthorizedException", "expired");
    let listed = ok(json!({"namespaces": [["a"]]}));
    let server = Server::start([bought("one"), no_overrides(), bought("two"), refused, bought("three"), listed]).await;
    let more = "credential = \"me:hunter2\"\nscope = \"PRINCIPAL_ROLE:ALL\"\n";
    let connection = connect(folder.path(), &server, more).await.unwrap();
    assert_eq!(connection.namespaces(&"".parse().unwrap_or_default()).await.unwrap().len(), 1);
    let asked = server.asked();
    let lines: Vec<_> = asked.iter().map(|a| a.line.as_str()).collect();
    let token = "POST /v1/oauth/tokens";
    let list = "GET /v1/namespaces";
    assert_eq!(lines, [token, "GET /v1/config", token, list, token, list]);
    assert!(asked[0].body.contains("client_secret=hunter2") && asked[0].body.contains("PRINCIPAL_ROLE%3AALL"));
    assert!(asked[5].headers.iter().any(|h| h == "authorization: Bearer three"));
    assert!(!format!("{connection:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_and_those_that_repeat_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let page = |name: &str, next: Option<&str>| ok(json!({"namespaces": [[name]], "next-page-token": next}));
    let config = ok(json!({"overrides": {"prefix": "p", "namespace-separator": "%2E"}}));
    let server = Server::start([config, page("a", Some("2 3")), page("b", None)]).await;
    let connection = connect(folder.path(), &server, "warehouse = \"wh\"\n").await.unwrap();
    let outer = "x.y".parse().unwrap();
    assert_eq!(connection.namespaces(&outer).await.unwrap().len(), 2);
    let lines: Vec<_> = server.asked().iter().map(|a| a.line.clone()).collect();
    assert_eq!(lines[0], "GET /v1/config?warehouse=wh");
    assert_eq!(lines[1..], ["GET /v1/p/namespaces?parent=x.y", "GET /v1/p/namespaces?parent=x.y&pageToken=2+3"]);
    server.then(page("a", Some("again")));
    server.then(page("a", Some("again")));
    let error = connection.namespaces(&outer).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_reading_say_what_the_server_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([no_overrides()]).await;
    let connection = connect(folder.path(), &server, "").await.unwrap();
    let name = "a.t".parse().unwrap();
    for (reply, kind) in [
        (failed(404, "NoSuchTableException", "Table does not exist: a.t"), Kind::NotFound),
        (failed(403, "ForbiddenException", "not yours"), Kind::Denied),
        (Reply::Answer(500, "<html>".into()), Kind::Unavailable),
        (Reply::Close, Kind::Unavailable),
        (ok(json!({"metadata-location": "file:///x", "metadata": {"format-version": 4}})), Kind::Corrupt),
        (Reply::Cut("{\"metadata\": {".repeat(99), 50), Kind::Unavailable),
    ] {
        server.then(reply.clone());
        let error = connection.load(&name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{reply:?}: {}", error.report());
    }
}

/// A server that knows commits by their keys; how the change ended, and the keys that it was sent with.
async fn with_keys(replies: impl FnOnce(&Table) -> Vec<Reply>) -> (Outcome, Vec<String>) {
    let lake = lake::Lake::new().await;
    let (table, proposal) = proposal(&lake).await;
    let config = ok(json!({"defaults": {}, "overrides": {}, "idempotency-key-lifetime": "PT30M"}));
    let server = Server::start([vec![config], replies(&table)].concat()).await;
    let connection = connect(lake.folder.path(), &server, "").await.unwrap();
    let outcome = connection.committer().commit(&table, &proposal).await;
    let sent = server.asked().into_iter().filter(|asked| asked.line.starts_with("POST"));
    let key = |asked: crate::common::http::Asked| {
        asked.headers.iter().find_map(|h| h.strip_prefix("idempotency-key: ").map(String::from)).unwrap_or_default()
    };
    (outcome, sent.map(key).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again_under_the_same_key() {
    let committed = |table: &Table| {
        let metadata = serde_json::to_value(table.metadata()).unwrap();
        ok(json!({"metadata-location": table.metadata_location(), "metadata": metadata}))
    };
    for first in [Reply::Close, failed(503, "ServiceUnavailableException", "busy")] {
        let (outcome, keys) = with_keys(|table| vec![first.clone(), committed(table)]).await;
        assert!(matches!(outcome, Outcome::Committed(_)), "{first:?}: {outcome:?}");
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], keys[1]);
        assert_eq!(uuid::Uuid::parse_str(&keys[0]).unwrap().get_version_num(), 7);
    }
    let conflict = failed(409, "CommitFailedException", "branch main has changed");
    let (outcome, keys) = with_keys(|_| vec![Reply::Close, conflict.clone()]).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "the first request may be why: {outcome:?}");
    assert_eq!(keys.len(), 2);
    let (outcome, keys) = with_keys(|_| vec![conflict.clone()]).await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    assert_eq!(keys.len(), 1, "a clear answer is never asked for twice");
    let (outcome, keys) = with_keys(|_| vec![Reply::Close, Reply::Close]).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(keys.len(), 2, "and no third time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_behind_https_is_unavailable_and_nothing_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start([]).await;
    server.uri = server.uri.replace("http://", "https://");
    let error = connect(folder.path(), &server, "token = \"t0ken\"\n").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{}", error.report());
    assert!(!error.report().to_string().contains("scheme"), "{}", error.report());
}
