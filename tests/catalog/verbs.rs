//! The verbs of this area, as a script sees them; and many processes on one embedded warehouse.

use std::process::{Command, Output, Stdio};

use super::*;

fn icedeck(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icedeck"));
    command.env_clear().stdin(Stdio::null());
    for (name, path) in
        [("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")]
    {
        command.env(name, folder.path().join(path));
    }
    command
}

fn run(folder: &TempDir, line: &str) -> Output {
    icedeck(folder).args(line.split(' ')).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert_eq!(code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn names_are_made_listed_renamed_and_dropped() {
    let folder = TempDir::new().unwrap();
    let made = json(&run(&folder, "--yes -o json create-namespace a.b --property owner=me"));
    assert_eq!(made, serde_json::json!({"outcome": "committed", "namespace": "a.b"}));
    let world = Env::system().unwrap().within(folder.path().join("data/icedeck"));
    let connection = Lake::embedded(&world).await.unwrap().connection(None).await.unwrap();
    make_table(&connection, "a.b.t", &[]).await;
    assert_eq!(
        json(&run(&folder, "-o json ls --recursive")),
        serde_json::json!([
            {"name": "a", "type": "namespace"},
            {"name": "a.b", "type": "namespace"},
            {"name": "a.b.t", "type": "table"}
        ])
    );
    for line in ["drop-namespace a.b --dry-run", "drop-namespace a --dry-run", "drop-namespace a.b --yes"] {
        let refused = run(&folder, line);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(code(&refused) == 1 && told.contains("not empty") && told.contains("a.b"), "{line}: {told}");
    }
    let renamed = json(&run(&folder, "-o json rename a.b.t a.b.u --yes"));
    assert_eq!(renamed["renamed_to"], "a.b.u");
    assert_eq!(json(&run(&folder, "-o json ls a.b")), serde_json::json!([{"name": "a.b.u", "type": "table"}]));
    let dropped = json(&run(&folder, "-o json drop a.b.u --yes"));
    assert!(dropped["hint"].as_str().unwrap().starts_with("its files stay in file://"));
    assert!(local(dropped["metadata_location"].as_str().unwrap()).exists());
    json(&run(&folder, "-o json drop-namespace a.b --yes"));
    assert_eq!(stdout(&run(&folder, "-o json ls")).trim(), "[]");
}

#[test]
fn nothing_is_changed_unasked() {
    let folder = TempDir::new().unwrap();
    assert_eq!(code(&run(&folder, "create-namespace a")), 2, "nobody can be asked");
    let planned = json(&run(&folder, "--dry-run -o json create-namespace a"));
    assert_eq!(planned["outcome"], "planned");
    assert_eq!(code(&run(&folder, "--read-only --yes create-namespace a")), 1);
    assert_eq!(stdout(&run(&folder, "-o json ls")).trim(), "[]");
}

/// What SQLite refuses at COMMIT only: the change was made, and nobody confirms it.
const TRAP: [&str; 2] = [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
];

#[tokio::test]
async fn a_change_that_is_not_confirmed_ends_with_four_and_says_how_to_find_out() {
    let folder = TempDir::new().unwrap();
    let world = Env::system().unwrap().within(folder.path().join("data/icedeck"));
    let connection = Lake::embedded(&world).await.unwrap().connection(None).await.unwrap();
    make_table(&connection, "a.t", &[]).await;
    make_namespace(&connection, "b").await;
    let file = folder.path().join("data/icedeck/catalog.db");
    sql(&file, &TRAP).await;
    for (i, (event, table)) in [
        ("INSERT", "iceberg_namespace_properties"),
        ("DELETE", "iceberg_namespace_properties"),
        ("UPDATE", "iceberg_tables"),
        ("INSERT", "iceberg_tables"),
        ("DELETE", "iceberg_tables"),
    ]
    .into_iter()
    .enumerate()
    {
        let trigger =
            format!("CREATE TRIGGER trap{i} AFTER {event} ON {table} BEGIN INSERT INTO child VALUES (1); END");
        sql(&file, &[&trigger]).await;
    }
    let schema = folder.path().join("schema.json");
    let text =
        r#"{"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "x", "type": "long", "required": false}]}"#;
    std::fs::write(&schema, text).unwrap();
    let create = format!("--yes create a.u --schema {}", schema.display());
    for (line, how) in [
        ("--yes create-namespace c", "icedeck ls --recursive lists c if it was made"),
        ("--yes drop-namespace b", "icedeck ls --recursive lists b if it is still there"),
        ("--yes drop a.t", "icedeck show a.t shows the table if it is still there"),
        ("--yes rename a.t a.v", "icedeck show a.v shows the table if it was renamed"),
        (&create, "icedeck show a.u shows the table if it was made"),
    ] {
        let output = run(&folder, line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 4, "{line}: {told}");
        assert!(told.contains("not known") && told.contains(how), "{line}: {told}");
        assert!(output.stdout.is_empty(), "{line}");
    }
}

#[test]
fn an_empty_place_prints_nothing_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let output = run(&folder, "ls");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: make a namespace with icedeck create-namespace"));
    json(&run(&folder, "--yes -o json create-namespace a"));
    let output = run(&folder, "ls a");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("icedeck ingest FILE.. a.NAME --create"));
    assert_eq!(stdout(&run(&folder, "-o csv ls a")), "");
}

#[test]
fn what_is_missing_ends_with_a_reason() {
    let folder = TempDir::new().unwrap();
    for line in ["ls nope", "--yes drop a.t", "--yes drop-namespace a", "--yes rename a.t a.u", "--catalog x ls"] {
        let output = run(&folder, line);
        assert_eq!(code(&output), 1, "{line}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("does not exist") || told.contains("no catalog"), "{line}: {told}");
        assert!(output.stdout.is_empty(), "{line}");
    }
    assert_eq!(code(&run(&folder, "drop notable")), 2);
}

#[test]
fn catalogs_and_doctor_speak_json() {
    let folder = TempDir::new().unwrap();
    let catalogs = json(&run(&folder, "-o json catalogs"));
    assert_eq!(catalogs[0]["name"], "icedeck");
    assert!(!folder.path().join("data").exists(), "listing catalogs connects to none");
    let checks = json(&run(&folder, "-o json doctor"));
    assert_eq!(checks[0]["name"], "configuration");
    std::fs::create_dir_all(folder.path().join("config/icedeck")).unwrap();
    std::fs::write(folder.path().join("config/icedeck/config.toml"), "them = 'x'\n").unwrap();
    let output = run(&folder, "doctor");
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("did you mean theme?"), "{}", stdout(&output));
    let output = run(&folder, "catalogs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1, column 1"));
}

#[test]
fn many_processes_start_on_a_machine_without_a_warehouse() {
    let folder = TempDir::new().unwrap();
    let names: Vec<String> = (0..6).map(|i| format!("n{i}")).collect();
    let start =
        |name: &String| icedeck(&folder).args(["--yes", "create-namespace", name]).stdout(Stdio::null()).spawn();
    let children: Vec<_> = names.iter().map(|name| start(name).unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let listed = json(&run(&folder, "-o json ls"));
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names);
}
