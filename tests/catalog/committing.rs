//! Publishing: one request, one of four outcomes, decided by where it failed.

use super::*;
use icedeck::Kind;

#[tokio::test]
async fn a_commit_moves_the_pointer_and_remembers_the_last_one() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let head = committed(commit(&connection, &base, &add_snapshot(&base, 7, NEW_YEAR + 100_000)).await);
    let loaded = connection.load(&table("a.t")).await.unwrap();
    assert_eq!(loaded.metadata(), head.metadata(), "what is returned is what was written");
    assert_eq!(loaded.metadata().current_snapshot_id(), Some(7));
    assert!(head.metadata_location().rsplit('/').next().unwrap().starts_with("00001-"));
    assert_eq!(head.metadata().metadata_log().last().unwrap().metadata_file, base.metadata_location());
    let file = env(&folder).paths().data.join("catalog.db");
    let rows = sql(&file, &["SELECT metadata_location, previous_metadata_location FROM iceberg_tables"]).await;
    assert_eq!(rows, [[Some(head.metadata_location().to_string()), Some(base.metadata_location().to_string())]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_commit_on_one_base_one_wins() {
    for round in 0..5 {
        let folder = TempDir::new().unwrap();
        let connection = connect(folder.path()).await;
        let base = make_table(&connection, "a.t", &[]).await;
        let mut tasks = tokio::task::JoinSet::new();
        for id in 1..=4 {
            let (root, base) = (folder.path().to_path_buf(), base.clone());
            tasks.spawn(async move {
                // Worlds that begin at another id: metadata files get names of their own.
                let world = Env::fixed(&root, NEW_YEAR);
                (0..id * 100).for_each(|_| {
                    world.uuid();
                });
                let own = Lake::embedded(&world).await.unwrap().connection(None).await.unwrap();
                commit(&own, &base, &add_snapshot(&base, id, NEW_YEAR + 100_000)).await
            });
        }
        let ends = tasks.join_all().await;
        let won: Vec<i64> = ends
            .iter()
            .filter_map(|o| if let Outcome::Committed(t) = o { t.metadata().current_snapshot_id() } else { None })
            .collect();
        assert_eq!(won.len(), 1, "round {round}: {ends:?}");
        for outcome in ends {
            if let Outcome::Committed(_) = outcome {
                continue;
            }
            let rejection = rejected(outcome);
            assert!(!rejection.is_final);
            let expected = format!("main has changed: expected no snapshot, found snapshot {}", won[0]);
            assert!(rejection.reason.contains(&expected), "{}", rejection.reason);
        }
        let head = connection.load(&table("a.t")).await.unwrap();
        assert_eq!(head.metadata().current_snapshot_id(), Some(won[0]));
        assert_eq!(metadata_files(base.metadata().location()).len(), 2, "the losers took their files away");
    }
}

#[tokio::test]
async fn a_stale_base_is_rejected_with_the_place_where_the_table_is() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let head = committed(commit(&connection, &base, &set_property(&base, "k", "1")).await);
    let rejection = rejected(commit(&connection, &base, &set_property(&base, "k", "2")).await);
    assert!(!rejection.is_final);
    assert!(rejection.reason.contains(head.metadata_location()), "{}", rejection.reason);
    assert_eq!(connection.load(&table("a.t")).await.unwrap().metadata().properties()["k"], "1");
}

#[tokio::test]
async fn a_table_that_is_gone_or_another_is_rejected_for_good() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    connection.drop_table(&table("a.t")).await.unwrap();
    let rejection = rejected(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert!(rejection.is_final && rejection.reason.contains("no table a.t any more"), "{rejection:?}");
    make_table(&connection, "a.t", &[]).await;
    let rejection = rejected(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert!(rejection.is_final && rejection.reason.contains("dropped and made again"), "{rejection:?}");
}

#[tokio::test]
async fn a_requirement_that_the_base_does_not_meet_is_rejected_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let wrong = TableRequirement::RefSnapshotIdMatch { r#ref: "main".into(), snapshot_id: Some(5) };
    let rejection = rejected(commit(&connection, &base, &proposal(&base, vec![wrong], vec![])).await);
    assert_eq!(rejection.reason, "main has changed: expected snapshot 5, found no snapshot");
    let wrong = TableRequirement::CurrentSchemaIdMatch { current_schema_id: 9 };
    let rejection = rejected(commit(&connection, &base, &proposal(&base, vec![wrong], vec![])).await);
    assert!(rejection.reason.contains("schema id"), "{rejection:?}");
    assert_eq!(metadata_files(base.metadata().location()).len(), 1);
}

#[tokio::test]
async fn an_update_that_cannot_be_made_is_not_sent() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let error = not_sent(commit(&connection, &base, &proposal(&base, vec![], vec![lead_main_to(404)])).await);
    assert_eq!(error.kind(), Kind::Invalid);
    assert_eq!(metadata_files(base.metadata().location()).len(), 1);
}

#[tokio::test]
async fn times_never_go_back_whatever_the_clock_says() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let base = committed(commit(&connection, &base, &add_snapshot(&base, 1, NEW_YEAR + 900_000)).await);
    assert_eq!(base.metadata().last_updated_ms(), NEW_YEAR + 900_000, "a snapshot brings its own time");
    let base = committed(commit(&connection, &base, &add_snapshot(&base, 2, NEW_YEAR + 950_000)).await);
    // The clock of this world is a quarter of an hour behind.
    let head = committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert_eq!(head.metadata().last_updated_ms(), NEW_YEAR + 950_001);
    let back = committed(commit(&connection, &head, &proposal(&head, vec![], vec![lead_main_to(1)])).await);
    assert_eq!(back.metadata().last_updated_ms(), NEW_YEAR + 950_002);
    assert_eq!(back.metadata().history().last().unwrap().timestamp_ms, NEW_YEAR + 950_002);
    assert_eq!(back.metadata().history().len(), 3);
    connection.load(&table("a.t")).await.unwrap();
}

#[tokio::test]
async fn metadata_is_written_gzip_where_the_table_asks_for_it() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[("write.metadata.compression-codec", "gzip")]).await;
    assert!(base.metadata_location().ends_with(".gz.metadata.json"));
    let head = committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert!(head.metadata_location().ends_with(".gz.metadata.json"));
    assert!(std::fs::read(local(head.metadata_location())).unwrap().starts_with(&[0x1f, 0x8b]));
    assert_eq!(connection.load(&table("a.t")).await.unwrap().metadata().properties()["k"], "v");
    let plain =
        committed(commit(&connection, &head, &set_property(&head, "write.metadata.compression-codec", "none")).await);
    assert!(std::fs::read(local(plain.metadata_location())).unwrap().starts_with(b"{"));
    let odd = set_property(&plain, "write.metadata.compression-codec", "zstd");
    assert_eq!(not_sent(commit(&connection, &plain, &odd).await).kind(), Kind::Unsupported);
}

#[tokio::test]
async fn old_metadata_is_forgotten_and_deleted_as_the_table_asks() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let limits =
        [("write.metadata.previous-versions-max", "2"), ("write.metadata.delete-after-commit.enabled", "true")];
    let mut base = make_table(&connection, "a.t", &limits).await;
    for i in 0..5 {
        base = committed(commit(&connection, &base, &set_property(&base, "k", &i.to_string())).await);
    }
    assert_eq!(base.metadata().metadata_log().len(), 2);
    let files = metadata_files(base.metadata().location());
    assert!(files.len() == 3 && files[0].starts_with("00003-") && files[2].starts_with("00005-"), "{files:?}");
}

#[tokio::test]
async fn the_table_says_where_its_metadata_goes() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let elsewhere = format!("file://{}/meta", folder.path().display());
    let base = make_table(&connection, "a.t", &[("write.metadata.path", &elsewhere)]).await;
    let head = committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    assert!(head.metadata_location().starts_with(&format!("{elsewhere}/00001-")), "{}", head.metadata_location());
}

#[tokio::test]
async fn an_empty_path_for_metadata_is_none() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[("write.metadata.path", "/")]).await;
    let home = format!("{}/metadata/00000-", base.metadata().location());
    assert!(base.metadata_location().starts_with(&home), "{}", base.metadata_location());
}

#[tokio::test]
async fn a_table_with_metadata_named_as_hadoop_does_is_committed_on() {
    for (n, name) in ["v3.metadata.json", "v3.gz.metadata.json"].into_iter().enumerate() {
        let folder = TempDir::new().unwrap();
        let connection = connect(folder.path()).await;
        let codec = ["none", "gzip"][n];
        let base = make_table(&connection, "a.t", &[("write.metadata.compression-codec", codec)]).await;
        let hadoop = format!("{}/metadata/{name}", base.metadata().location());
        std::fs::rename(local(base.metadata_location()), local(&hadoop)).unwrap();
        let file = env(&folder).paths().data.join("catalog.db");
        sql(&file, &[&format!("UPDATE iceberg_tables SET metadata_location = '{hadoop}'")]).await;
        let base = connection.load(&table("a.t")).await.unwrap();
        let head = committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
        let next = head.metadata_location().rsplit('/').next().unwrap();
        let ending = [".metadata.json", ".gz.metadata.json"][n];
        assert!(next.starts_with("00004-") && next.ends_with(ending), "{next}");
        assert_eq!(next.len(), "00004-".len() + 36 + ending.len(), "a number and a UUID: {next}");
        assert_eq!(head.metadata().metadata_log().last().unwrap().metadata_file, hadoop);
        assert_eq!(connection.load(&table("a.t")).await.unwrap().metadata(), head.metadata());
    }
}

#[tokio::test]
async fn a_commit_that_would_lose_refs_of_version_1_is_not_sent() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[("format-version", "1")]).await;
    let head = committed(commit(&connection, &base, &set_property(&base, "k", "v")).await);
    // As Java writes it: version 1 with refs.
    let at = local(head.metadata_location());
    let mut raw: serde_json::Value = serde_json::from_slice(&std::fs::read(at).unwrap()).unwrap();
    raw["refs"] =
        serde_json::json!({"main": {"snapshot-id": 1, "type": "branch"}, "eoy": {"snapshot-id": 1, "type": "tag"}});
    std::fs::write(at, raw.to_string()).unwrap();
    let error = not_sent(commit(&connection, &head, &set_property(&head, "k", "w")).await);
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("refs eoy"), "{error}");
}

#[tokio::test]
async fn a_table_opened_by_its_path_takes_no_commit() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let lake = Lake::embedded(&env(&folder)).await.unwrap();
    let opened = lake.table(None, &base.metadata().location().parse().unwrap()).await.unwrap();
    assert!(opened.read_only());
    assert_eq!(not_sent(commit(&connection, &opened, &set_property(&opened, "k", "v")).await).kind(), Kind::Denied);
}

#[tokio::test]
async fn metadata_that_cannot_be_written_is_not_sent() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    std::fs::write(folder.path().join("in-the-way"), "").unwrap();
    let nowhere = format!("file://{}/in-the-way/metadata", folder.path().display());
    let error = not_sent(commit(&connection, &base, &set_property(&base, "write.metadata.path", &nowhere)).await);
    assert!(error.to_string().contains("in-the-way"), "{error}");
    assert_eq!(connection.load(&table("a.t")).await.unwrap().metadata_location(), base.metadata_location());
}

#[tokio::test]
async fn a_change_that_this_version_could_not_read_back_is_not_sent() {
    let folder = TempDir::new().unwrap();
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "a.t", &[]).await;
    let error = not_sent(commit(&connection, &base, &set_property(&base, "encryption.key-id", "k")).await);
    assert_eq!(error.kind(), Kind::Unsupported);
    assert_eq!(metadata_files(base.metadata().location()).len(), 1);
}
