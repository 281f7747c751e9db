//! Databases that are locked, damaged, somebody else's or not there; a COMMIT that fails.

use std::time::Duration;

use super::*;
use icedeck::Kind;
use icedeck::catalog::{Database, Opening, Rows, SqlCatalog};
use icedeck::storage::Storage;
use sqlx::Connection as _;

const IMPATIENT: Opening = Opening { read_only: false, may_join: false, patience: Duration::from_millis(50) };

/// Another process that holds the database for itself.
async fn hold(file: &Path) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut holder = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut holder).await.unwrap();
    holder
}

/// A catalog on a database that waits for nobody.
async fn impatient(folder: &TempDir) -> (SqlCatalog, std::path::PathBuf) {
    let file = folder.path().join("c.db");
    let database = Database::open(&file, IMPATIENT).await.unwrap();
    let rows = Rows { database, catalog: "icedeck".into() };
    let warehouse = format!("file://{}/w", folder.path().display());
    (SqlCatalog::new(rows, Storage::default(), Some(warehouse), env(folder)), file)
}

fn connection_of(catalog: SqlCatalog) -> Connection {
    let info = icedeck::catalog::CatalogInfo { name: "icedeck".into(), ..Default::default() };
    let committer = Arc::new(catalog.committer());
    Connection::new(info, Storage::default(), Arc::new(catalog), committer)
}

#[tokio::test]
async fn a_locked_database_is_unavailable_and_a_commit_to_it_not_sent() {
    let folder = TempDir::new().unwrap();
    let (catalog, file) = impatient(&folder).await;
    let connection = connection_of(catalog);
    let base = make_table(&connection, "a.t", &[]).await;
    let holder = hold(&file).await;
    for error in [
        connection.load(&table("a.t")).await.unwrap_err(),
        connection.create_namespace(&namespace("b"), BTreeMap::new()).await.unwrap_err(),
        connection.create_table(creation("a.u", &[])).await.unwrap_err(),
        not_sent(commit(&connection, &base, &set_property(&base, "k", "v")).await),
        Database::open(&file, IMPATIENT).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
        assert!(error.to_string().contains("locked") && error.to_string().contains("c.db"), "{error}");
    }
    holder.close().await.unwrap();
    assert_eq!(metadata_files(base.metadata().location()).len(), 1, "the commit took its file away");
    committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
}

#[tokio::test]
async fn a_failed_commit_of_the_database_is_unknown_and_keeps_the_file() {
    let folder = TempDir::new().unwrap();
    let (catalog, file) = impatient(&folder).await;
    let connection = connection_of(catalog);
    let base = make_table(&connection, "a.t", &[]).await;
    // A constraint that SQLite checks at COMMIT, and not before.
    let trap = [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER trap AFTER UPDATE ON iceberg_tables BEGIN INSERT INTO child VALUES (1); END",
    ];
    sql(&file, &trap).await;
    let outcome = commit(&connection, &base, &set_property(&base, "k", "v")).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(connection.load(&table("a.t")).await.unwrap().metadata_location(), base.metadata_location());
    assert_eq!(metadata_files(base.metadata().location()).len(), 2, "nobody knows, so it stays");
}

#[tokio::test]
async fn what_is_not_a_catalog_is_told_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("c.db");
    std::fs::write(&file, "name,amount\nthis is no database, but it is long enough to look like one\n".repeat(20))
        .unwrap();
    let error = Database::open(&file, IMPATIENT).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.to_string().contains("not a SQLite database"), "{error}");
    assert_eq!(kind(Database::open(folder.path(), IMPATIENT).await), Kind::Invalid);
    assert_eq!(kind(Database::open(&folder.path().join("no/c.db"), IMPATIENT).await), Kind::NotFound);

    let other = folder.path().join("other.db");
    sql(&other, &["CREATE TABLE bookmarks (url TEXT)"]).await;
    assert_eq!(kind(Database::open(&other, IMPATIENT).await), Kind::NotFound);
    let tables = sql(&other, &["SELECT name FROM sqlite_master"]).await;
    assert_eq!(tables.len(), 1, "nothing was made in it");
    Database::open(&other, Opening { may_join: true, ..IMPATIENT }).await.unwrap();
}

#[tokio::test]
async fn a_database_cut_short_is_corrupt() {
    let folder = TempDir::new().unwrap();
    let (catalog, file) = impatient(&folder).await;
    let connection = connection_of(catalog);
    for i in 0..60 {
        let properties = BTreeMap::from([("p".to_string(), "x".repeat(900))]);
        connection.create_namespace(&namespace(&format!("n{i}")), properties).await.unwrap();
    }
    drop(connection);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 3]).unwrap();
    let listed = async {
        let database = Database::open(&file, IMPATIENT).await?;
        let rows = Rows { database, catalog: "icedeck".into() };
        rows.namespaces(rows.database.pool()).await
    };
    assert_eq!(kind(listed.await), Kind::Corrupt);
}

#[tokio::test]
async fn reading_only_makes_nothing_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let options = LakeOptions { read_only: true, ..LakeOptions::default() };
    let lake = Lake::open(&env(&folder), options).await.unwrap();
    assert_eq!(kind(lake.connection(None).await), Kind::NotFound);
    assert!(!env(&folder).paths().data.exists());

    let base = make_table(connect(folder.path()).await.as_ref(), "a.t", &[]).await;
    let file = env(&folder).paths().data.join("catalog.db");
    let before = std::fs::read(&file).unwrap();
    let connection = connect_read_only(folder.path()).await;
    assert!(connection.read_only() && lake.catalogs()[0].read_only);
    for error in [
        connection.create_namespace(&namespace("b"), BTreeMap::new()).await.unwrap_err(),
        connection.drop_namespace(&namespace("a")).await.unwrap_err(),
        connection.create_table(creation("a.u", &[])).await.unwrap_err(),
        connection.drop_table(&table("a.t")).await.unwrap_err(),
        connection.rename_table(&table("a.t"), &table("a.u")).await.unwrap_err(),
        not_sent(commit(&connection, &base, &set_property(&base, "k", "v")).await),
    ] {
        assert_eq!(error.kind(), Kind::Denied, "{error}");
    }
    connection.load(&table("a.t")).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(metadata_files(base.metadata().location()).len(), 1);
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_told() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("data"), "in the way").unwrap();
    let lake = Lake::embedded(&env(&folder)).await.unwrap();
    let error = lake.connection(None).await.unwrap_err();
    assert!(error.report().contains("XDG_DATA_HOME"), "{}", error.report());

    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    make_namespace(&connection, "a").await;
    std::fs::write(env(&folder).paths().data.join("warehouse"), "in the way").unwrap();
    let error = connection.create_table(creation("a.t", &[])).await.unwrap_err();
    assert!(error.to_string().contains("warehouse"), "{error}");
    assert!(!connection.table_exists(&table("a.t")).await.unwrap());
}

#[tokio::test]
async fn a_row_that_leads_nowhere_is_told_with_its_place() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.t", &[]).await;
    std::fs::write(local(made.metadata_location()), "{\"format-version\": 2,").unwrap();
    let error = connection.load(&table("a.t")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.to_string().contains(made.metadata_location()), "{error}");
    std::fs::remove_file(local(made.metadata_location())).unwrap();
    let error = connection.load(&table("a.t")).await.unwrap_err();
    assert!(error.to_string().contains("does not exist") && error.to_string().contains("a.t"), "{error}");
    let file = env(&folder).paths().data.join("catalog.db");
    sql(&file, &["UPDATE iceberg_tables SET metadata_location = NULL"]).await;
    assert_eq!(kind(connection.load(&table("a.t")).await), Kind::Corrupt);
}
