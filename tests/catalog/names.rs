//! Namespaces, and the table layout that Java's JdbcCatalog and PyIceberg share.

use super::*;
use icedeck::Kind;

fn shown(found: Vec<Namespace>) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_first_connection_makes_the_database_in_the_common_layout() {
    let folder = TempDir::new().unwrap();
    connect(folder.path()).await;
    let file = env(&folder).paths().data.join("catalog.db");
    let columns = sql(
        &file,
        &["SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.pk FROM sqlite_master m
           JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid"],
    );
    let columns: Vec<String> = columns.await.into_iter().flatten().flatten().collect();
    insta::assert_snapshot!(columns.join("\n"), @r"
    iceberg_namespace_properties.catalog_name VARCHAR(255) 1
    iceberg_namespace_properties.namespace VARCHAR(255) 2
    iceberg_namespace_properties.property_key VARCHAR(255) 3
    iceberg_namespace_properties.property_value VARCHAR(1000) 0
    iceberg_tables.catalog_name VARCHAR(255) 1
    iceberg_tables.table_namespace VARCHAR(255) 2
    iceberg_tables.table_name VARCHAR(255) 3
    iceberg_tables.metadata_location VARCHAR(1000) 0
    iceberg_tables.previous_metadata_location VARCHAR(1000) 0
    iceberg_tables.iceberg_type VARCHAR(5) 0
    ");
}

#[tokio::test]
async fn rows_are_stored_as_java_and_pyiceberg_store_them() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let made = make_table(&connection, "a.b.t", &[]).await;
    let file = env(&folder).paths().data.join("catalog.db");
    let rows = sql(&file, &["SELECT * FROM iceberg_tables"]).await;
    let text = |s: &str| Some(s.to_string());
    let at = text(made.metadata_location());
    assert_eq!(rows, [[text("icedeck"), text("a.b"), text("t"), at, None, text("TABLE")]]);
    let rows = sql(&file, &["SELECT * FROM iceberg_namespace_properties"]).await;
    assert_eq!(rows, [[text("icedeck"), text("a.b"), text("exists"), text("true")]]);
    assert!(made.metadata().location().ends_with("/data/icedeck/warehouse/a.b/t"), "{}", made.metadata().location());
    assert!(made.metadata_location().starts_with(&format!("{}/metadata/00000-", made.metadata().location())));
}

#[tokio::test]
async fn nested_namespaces_are_listed_level_by_level() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    for name in ["a.b.c", "a.d", "ab", "e"] {
        make_namespace(&connection, name).await;
    }
    assert_eq!(shown(connection.namespaces(&Namespace::default()).await.unwrap()), ["a", "ab", "e"]);
    assert_eq!(shown(connection.namespaces(&namespace("a")).await.unwrap()), ["a.b", "a.d"]);
    assert_eq!(shown(connection.namespaces(&namespace("a.b")).await.unwrap()), ["a.b.c"]);
    assert!(connection.namespaces(&namespace("e")).await.unwrap().is_empty());
    assert!(connection.namespace_exists(&namespace("a")).await.unwrap(), "it holds others");
    assert_eq!(kind(connection.namespaces(&namespace("zz")).await), Kind::NotFound);
    assert_eq!(kind(connection.tables(&namespace("zz")).await), Kind::NotFound);
    assert!(connection.tables(&Namespace::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn names_mean_themselves_and_nothing_to_sql() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let odd = ["a_b", "a%", "o'brien", "x\"; DROP TABLE iceberg_tables; --", "größe 🧊", "A"];
    for name in odd {
        connection.create_namespace(&Namespace(vec![name.into()]), BTreeMap::new()).await.unwrap();
    }
    for name in ["axb", "ab", "a"] {
        assert!(!connection.namespace_exists(&namespace(name)).await.unwrap(), "{name}");
    }
    let mut found: Vec<String> =
        connection.namespaces(&Namespace::default()).await.unwrap().into_iter().flat_map(|n| n.0).collect();
    let mut odd = odd.map(String::from).to_vec();
    found.sort();
    odd.sort();
    assert_eq!(found, odd);
}

#[tokio::test]
async fn names_that_would_read_back_otherwise_are_refused() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let long = "x".repeat(256);
    for level in ["a.b", "", " a", "a\tb", "\u{1b}[2J", long.as_str()] {
        let wanted = Namespace(vec![level.to_string()]);
        let error = connection.create_namespace(&wanted, BTreeMap::new()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{level:?}");
        assert!(!error.to_string().contains('\u{1b}'));
        assert!(!connection.namespace_exists(&wanted).await.unwrap());
    }
    assert!(connection.namespaces(&Namespace::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn properties_are_kept_and_the_mark_of_existence_is_not_shown() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let wanted = BTreeMap::from([("owner".to_string(), "me".to_string()), ("exists".to_string(), "no".to_string())]);
    connection.create_namespace(&namespace("a"), wanted).await.unwrap();
    let found = connection.namespace_properties(&namespace("a")).await.unwrap();
    assert_eq!(found, BTreeMap::from([("owner".to_string(), "me".to_string())]));
    assert_eq!(kind(connection.namespace_properties(&namespace("b")).await), Kind::NotFound);
    let again = connection.create_namespace(&namespace("a"), BTreeMap::new()).await;
    assert_eq!(kind(again), Kind::AlreadyExists);
}

#[tokio::test]
async fn only_an_empty_namespace_is_dropped() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    make_table(&connection, "a.t", &[]).await;
    make_namespace(&connection, "a.inner").await;
    let error = connection.drop_namespace(&namespace("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("inside namespace inner, t"), "{error}");
    connection.drop_namespace(&namespace("a.inner")).await.unwrap();
    connection.drop_table(&table("a.t")).await.unwrap();
    connection.drop_namespace(&namespace("a")).await.unwrap();
    assert_eq!(kind(connection.drop_namespace(&namespace("a")).await), Kind::NotFound);
}

#[tokio::test]
async fn a_long_list_of_what_is_inside_is_cut() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    for i in 0..8 {
        make_table(&connection, &format!("a.t{i}"), &[]).await;
    }
    let error = connection.drop_namespace(&namespace("a")).await.unwrap_err();
    assert!(error.to_string().contains("t0, t1, t2, t3, t4 and 3 more"), "{error}");
}

#[tokio::test]
async fn catalogs_of_one_database_do_not_see_each_other() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("c.db");
    let text = format!("[catalog.a]\nuri = 'sqlite:///{0}'\n[catalog.b]\nuri = 'sqlite:///{0}'\n", file.display());
    std::fs::write(folder.path().join("config.toml"), text).unwrap();
    let options = LakeOptions { config: Some(folder.path().join("config.toml")), ..LakeOptions::default() };
    let lake = Lake::open(&env(&folder), options).await.unwrap();
    let (a, b) = (lake.connection(Some("a")).await.unwrap(), lake.connection(Some("b")).await.unwrap());
    make_namespace(&a, "x").await;
    assert!(b.namespaces(&Namespace::default()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_at_once() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..12 {
        let connection = connection.clone();
        tasks.spawn(async move {
            make_namespace(&connection, &format!("n{i}.inner")).await;
            connection.drop_namespace(&namespace(&format!("n{i}.inner"))).await.unwrap();
            make_namespace(&connection, &format!("n{i}")).await;
        });
    }
    tasks.join_all().await;
    assert_eq!(connection.namespaces(&Namespace::default()).await.unwrap().len(), 12);
}

#[tokio::test]
async fn a_data_folder_may_have_any_name() {
    let folder = TempDir::new().unwrap();
    let odd = folder.path().join("My Data? 100% #1 größe");
    let connection = connect(&odd).await;
    let base = make_table(&connection, "a.t", &[]).await;
    committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert!(odd.join("data/icedeck/catalog.db").is_file());
    assert!(odd.join("data/icedeck/warehouse/a/t/metadata").is_dir());
}
