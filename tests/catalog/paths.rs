//! Tables opened by their folder or metadata file, without a catalog.

use super::*;
use icedeck::Kind;
use icedeck::table::TableAddress;

async fn open(path: &str) -> Result<Table> {
    let nowhere = TempDir::new().unwrap();
    let lake = Lake::embedded(&env(&nowhere)).await.unwrap();
    let address = TableAddress { place: icedeck::table::Place::Path(path.to_string()), at: None };
    let table = lake.table(None, &address).await;
    assert!(!nowhere.path().join("data").exists(), "no catalog was made");
    table
}

/// A table of two metadata versions; its folder, and the newest file.
async fn some_table(folder: &TempDir) -> (String, Table) {
    let connection = connect(folder.path()).await;
    let base = make_table(&connection, "sales.orders", &[]).await;
    let head = committed(commit(&connection, &base, &add_snapshot(&base, 7, NEW_YEAR + 100_000)).await);
    (head.metadata().location().trim_start_matches("file://").to_string(), head)
}

#[tokio::test]
async fn every_way_to_name_a_table_by_its_place_opens_it() {
    let folder = TempDir::new().unwrap();
    let (at, head) = some_table(&folder).await;
    let newest = head.metadata_location();
    for path in [
        at.clone(),
        format!("{at}/"),
        format!("file://{at}"),
        format!("file:{at}/"),
        format!("{at}/metadata"),
        format!("{at}/../orders"),
        newest.to_string(),
        newest.trim_start_matches("file://").to_string(),
    ] {
        let table = open(&path).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(table.metadata().current_snapshot_id(), Some(7), "{path}");
        assert!(table.read_only());
        assert_eq!(table.name().to_string(), "sales.orders");
    }
}

#[tokio::test]
async fn an_older_metadata_file_opens_as_it_was() {
    let folder = TempDir::new().unwrap();
    let (at, _) = some_table(&folder).await;
    let oldest = &metadata_files(&at)[0];
    assert_eq!(open(&format!("{at}/metadata/{oldest}")).await.unwrap().metadata().current_snapshot_id(), None);
}

#[tokio::test]
async fn tables_of_a_file_system_follow_their_hint() {
    let folder = TempDir::new().unwrap();
    let (at, _) = some_table(&folder).await;
    let inside = Path::new(&at).join("metadata");
    let files = metadata_files(&at);
    std::fs::copy(inside.join(&files[0]), inside.join("v1.metadata.json")).unwrap();
    std::fs::write(inside.join("version-hint.text"), "1\n").unwrap();
    assert!(open(&at).await.unwrap().metadata_location().ends_with("v1.metadata.json"));
    std::fs::write(inside.join("version-hint.text"), "not a number").unwrap();
    assert_eq!(open(&at).await.unwrap().metadata().current_snapshot_id(), Some(7));
}

#[tokio::test]
async fn a_moved_table_reads_its_files_where_they_are_now() {
    let folder = TempDir::new().unwrap();
    let (at, head) = some_table(&folder).await;
    let list = head.metadata().current_snapshot().unwrap().manifest_list().to_string();
    std::fs::write(local(&list), "the list").unwrap();
    let moved = folder.path().join("elsewhere");
    std::fs::rename(&at, &moved).unwrap();
    let table = open(moved.to_str().unwrap()).await.unwrap();
    assert_eq!(table.storage().read(&list).await.unwrap(), "the list");
    assert!(table.metadata().location().ends_with("sales/orders"), "the metadata stays as it is");
    let neighbour = format!("{}-2/x", table.metadata().location());
    assert_eq!(table.storage().size(&neighbour).await.unwrap(), None, "only what lies below the folder");
}

#[tokio::test]
async fn copied_metadata_alone_reads_the_files_where_they_were() {
    let folder = TempDir::new().unwrap();
    let (at, head) = some_table(&folder).await;
    let list = head.metadata().current_snapshot().unwrap().manifest_list().to_string();
    std::fs::write(local(&list), "the list").unwrap();
    let copy = folder.path().join("copy/metadata");
    std::fs::create_dir_all(&copy).unwrap();
    let newest = metadata_files(&at).pop().unwrap();
    std::fs::copy(Path::new(&at).join("metadata").join(&newest), copy.join(&newest)).unwrap();
    let table = open(folder.path().join("copy").to_str().unwrap()).await.unwrap();
    assert_eq!(table.storage().read(&list).await.unwrap(), "the list");
}

#[tokio::test]
async fn what_is_no_table_is_told() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    std::fs::create_dir_all(at("empty/metadata")).unwrap();
    std::fs::write(at("garbage.metadata.json"), "a,b\n1,2\n").unwrap();
    std::fs::write(at("later.metadata.json"), "{\"format-version\": 4}").unwrap();
    std::fs::write(at("cut.metadata.json"), "{\"format-version\": 2, \"loc").unwrap();
    for (path, expected) in [
        (at("nothing"), Kind::NotFound),
        (format!("file://{}", at("nothing")), Kind::Invalid),
        (at("empty"), Kind::Invalid),
        (at("."), Kind::Invalid),
        (at("garbage.metadata.json"), Kind::Corrupt),
        (at("cut.metadata.json"), Kind::Corrupt),
        (at("later.metadata.json"), Kind::Unsupported),
        ("s3://bucket/table".to_string(), Kind::Unsupported),
        ("file:///a//b".to_string(), Kind::Invalid),
    ] {
        let error = open(&path).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{path}: {error}");
    }
}
