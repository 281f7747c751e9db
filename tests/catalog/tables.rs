//! Tables made, loaded, renamed and dropped.

use super::*;
use icedeck::Kind;
use icedeck::catalog::DropPlan;

#[tokio::test]
async fn a_table_is_made_loaded_listed_and_dropped() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.t", &[("k", "v")]).await;
    let loaded = connection.load(&table("a.t")).await.unwrap();
    assert_eq!(made.metadata(), loaded.metadata());
    assert_eq!(loaded.metadata().last_updated_ms() / 60_000, NEW_YEAR / 60_000, "the clock is Env's");
    assert!(!loaded.read_only());
    assert_eq!(connection.tables(&namespace("a")).await.unwrap(), [table("a.t")]);
    connection.drop_table(&table("a.t")).await.unwrap();
    assert_eq!(kind(connection.load(&table("a.t")).await), Kind::NotFound);
    assert_eq!(kind(connection.drop_table(&table("a.t")).await), Kind::NotFound);
    assert!(local(made.metadata_location()).exists(), "the files stay");
    assert!(connection.namespace_exists(&namespace("a")).await.unwrap());
}

#[tokio::test]
async fn a_taken_name_is_refused_and_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.t", &[]).await;
    assert_eq!(kind(connection.create_table(creation("a.t", &[])).await), Kind::AlreadyExists);
    assert_eq!(metadata_files(made.metadata().location()).len(), 1);
    let error = connection.create_table(creation("nope.t", &[])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.report().contains("icedeck create-namespace nope"), "{}", error.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_make_one_table_one_wins() {
    let folder = TempDir::new().unwrap();
    make_namespace(connect(folder.path()).await.as_ref(), "a").await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8 {
        let root = folder.path().to_path_buf();
        tasks.spawn(async move {
            // The ids of fixed worlds count from one: an own folder keeps each table apart.
            let wanted =
                TableCreation { location: Some(format!("file://{}/t{i}", root.display())), ..creation("a.t", &[]) };
            connect(&root).await.create_table(wanted).await
        });
    }
    let ends = tasks.join_all().await;
    assert_eq!(ends.iter().filter(|e| e.is_ok()).count(), 1);
    assert!(ends.into_iter().filter_map(Result::err).all(|e| e.kind() == Kind::AlreadyExists));
    let left: usize = (0..8).map(|i| metadata_files(&format!("file://{}/t{i}", folder.path().display())).len()).sum();
    assert_eq!(left, 1, "the losers took their files away");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_handles_work_at_once() {
    let folder = TempDir::new().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8 {
        let root = folder.path().to_path_buf();
        tasks.spawn(async move {
            let connection = connect(&root).await;
            for j in 0..4 {
                make_table(&connection, &format!("n{i}.t{j}"), &[]).await;
            }
        });
    }
    tasks.join_all().await;
    let connection = connect(folder.path()).await;
    let mut tables = 0;
    for namespace in connection.namespaces(&Namespace::default()).await.unwrap() {
        tables += connection.tables(&namespace).await.unwrap().len();
    }
    assert_eq!(tables, 32);
}

#[tokio::test]
async fn no_two_tables_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let first = make_table(&connection, "a.t", &[]).await;
    connection.rename_table(&table("a.t"), &table("a.old")).await.unwrap();
    let second = make_table(&connection, "a.t", &[]).await;
    assert_ne!(first.metadata().location(), second.metadata().location());
    assert_eq!(connection.load(&table("a.old")).await.unwrap().metadata().uuid(), first.metadata().uuid());
}

#[tokio::test]
async fn renaming_moves_the_name_alone() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.t", &[]).await;
    make_table(&connection, "b.taken", &[]).await;
    assert_eq!(kind(connection.rename_table(&table("a.t"), &table("b.taken")).await), Kind::AlreadyExists);
    assert_eq!(kind(connection.rename_table(&table("a.t"), &table("c.t")).await), Kind::NotFound);
    assert_eq!(kind(connection.rename_table(&table("a.x"), &table("b.x")).await), Kind::NotFound);
    connection.rename_table(&table("a.t"), &table("b.t")).await.unwrap();
    let loaded = connection.load(&table("b.t")).await.unwrap();
    assert_eq!(loaded.metadata_location(), made.metadata_location());
    assert!(!connection.table_exists(&table("a.t")).await.unwrap());
}

#[tokio::test]
async fn names_cannot_lead_out_of_the_warehouse() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    make_namespace(&connection, "a").await;
    for name in ["..", ".", "../x", "/etc/x", "a/b", "a\\b", "", "a?b", "a#b", "a\nb"] {
        let name = TableName { namespace: namespace("a"), name: name.into() };
        let wanted = TableCreation { name, ..creation("a.t", &[]) };
        assert_eq!(kind(connection.create_table(wanted.clone()).await), Kind::Invalid, "{:?}", wanted.name);
    }
    let warehouse = env(&folder).paths().data.join("warehouse");
    assert!(!warehouse.exists(), "nothing was written");
}

#[tokio::test]
async fn the_namespace_may_say_where_its_tables_go() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let elsewhere = format!("file://{}/elsewhere/", folder.path().display());
    let properties = BTreeMap::from([("location".to_string(), elsewhere.clone())]);
    connection.create_namespace(&namespace("a"), properties).await.unwrap();
    let made = connection.create_table(creation("a.t", &[])).await.unwrap();
    assert_eq!(made.metadata().location(), format!("{elsewhere}t"));
}

#[tokio::test]
async fn the_format_version_is_a_property_upon_creation() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    for version in ["1", "2", "3"] {
        let made = make_table(&connection, &format!("a.v{version}"), &[("format-version", version)]).await;
        assert_eq!(made.metadata().format_version().to_string(), format!("v{version}"));
        assert!(!made.metadata().properties().contains_key("format-version"));
    }
    assert_eq!(kind(connection.create_table(creation("a.v4", &[("format-version", "4")])).await), Kind::Invalid);
}

#[tokio::test]
async fn a_database_without_the_type_column_is_used_as_it_is() {
    let folder = TempDir::new().unwrap();
    let file = env(&folder).paths().data.join("catalog.db");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let old = [
        "CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,
         table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000),
         PRIMARY KEY (catalog_name, table_namespace, table_name))",
        "CREATE TABLE iceberg_namespace_properties (catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,
         property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT NULL,
         PRIMARY KEY (catalog_name, namespace, property_key))",
    ];
    sql(&file, &old).await;
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    connection.rename_table(&table("a.t"), &table("a.u")).await.unwrap();
    assert_eq!(connection.load(&table("a.u")).await.unwrap().metadata().properties()["k"], "v");
    connection.drop_table(&table("a.u")).await.unwrap();
    let columns = sql(&file, &["SELECT name FROM pragma_table_info('iceberg_tables')"]).await;
    assert_eq!(columns.len(), 5, "nothing was altered");
}

#[tokio::test]
async fn a_view_is_no_table_but_holds_its_name() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    make_namespace(&connection, "a").await;
    let file = env(&folder).paths().data.join("catalog.db");
    sql(&file, &["INSERT INTO iceberg_tables VALUES ('icedeck', 'a', 'v', 'file:///v.json', NULL, 'VIEW')"]).await;
    assert!(connection.tables(&namespace("a")).await.unwrap().is_empty());
    assert!(!connection.table_exists(&table("a.v")).await.unwrap());
    assert_eq!(kind(connection.load(&table("a.v")).await), Kind::NotFound);
    assert_eq!(kind(connection.drop_table(&table("a.v")).await), Kind::NotFound);
    assert_eq!(kind(connection.create_table(creation("a.v", &[])).await), Kind::AlreadyExists);
    assert!(connection.drop_namespace(&namespace("a")).await.unwrap_err().to_string().contains("inside v"));
}

#[tokio::test]
async fn a_plan_to_drop_says_what_goes_even_of_a_broken_table() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.t", &[]).await;
    let plan = DropPlan::of(&connection, &table("a.t")).await.unwrap();
    assert!(plan.question().starts_with("drop table a.t (0 snapshots); its files stay in file://"), "{plan:?}");
    std::fs::remove_file(local(made.metadata_location())).unwrap();
    let plan = DropPlan::of(&connection, &table("a.t")).await.unwrap();
    assert!(plan.question().contains("cannot be read"), "{plan:?}");
    connection.drop_table(&table("a.t")).await.unwrap();
    assert_eq!(kind(DropPlan::of(&connection, &table("a.t")).await), Kind::NotFound);
}
