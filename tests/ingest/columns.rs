//! Which columns are loaded and which are not: a load never leaves one out without a word. And schemas that cannot be.

use icedeck::ingest::draft::Draft;
use icedeck::ingest::mapping::{Mapping, MappingEdit, Rule};
use icedeck::ingest::source::SourceOptions;
use icedeck::monitor::Monitor;

use super::binary::Home;
use super::file;
use crate::common::Lake;

/// A table `n.t` of the optional columns i, l and s, and a file `NAME.csv`.
fn home(name: &str, text: &str) -> Home {
    let home = Home::new();
    std::fs::write(home.path("like.csv"), "i,l,s\n1,2,x\n").unwrap();
    std::fs::write(home.path(&format!("{name}.csv")), text).unwrap();
    assert_eq!(home.code(&["create", "n.t", "--like", "like.csv", "--yes"]), 0);
    home
}

#[test]
fn a_file_of_which_no_column_fits_is_refused() {
    let home = home("xy", "x,y,ss\n1,2,3\n");
    let (code, told) = home.json(&["ingest", "xy.csv", "n.t", "--yes"]);
    assert_eq!((code, &told["outcome"]), (5, &"not-sent".into()), "{told}");
    let problem = told["problems"][0].as_str().unwrap();
    assert!(problem.contains("the source has x, y, ss, the table has i, l, s"), "{problem}");
    assert!(problem.contains("perhaps") && problem.contains("s from ss"), "{problem}");
    assert!(told["hint"].as_str().unwrap().contains("--mapping"), "{told}");
    assert_eq!(home.json(&["rows", "n.t"]), (0, serde_json::json!([])));
    // A constant is a value.
    std::fs::write(home.path("m.toml"), "[[column]]\nname = \"s\"\nconstant = \"x\"\n").unwrap();
    assert_eq!(home.code(&["ingest", "xy.csv", "n.t", "--mapping", "m.toml", "--yes"]), 0);
}

#[test]
fn what_is_left_out_is_told() {
    let home = home("ix", "i,x\n1,2\n");
    let notes = ["the source column x is not loaded", "the columns l, s get no value"];
    for how in ["--preflight", "--dry-run", "--yes"] {
        let (code, told) = home.json(&["ingest", "ix.csv", "n.t", how]);
        assert_eq!((code, &told["notes"]), (0, &serde_json::json!(notes)), "{how}: {told}");
        let out = home.run(&["ingest", "ix.csv", "n.t", how]);
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(notes.iter().all(|note| said.contains(note)), "{how}: {said}");
    }
    let skip = "[[column]]\nname = \"s\"\nskip = true\n";
    std::fs::write(home.path("m.toml"), skip).unwrap();
    let (_, told) = home.json(&["ingest", "ix.csv", "n.t", "--mapping", "m.toml", "--dry-run"]);
    assert_eq!(told["notes"][1], "the column l gets no value", "what the mapping skips is known: {told}");
}

#[test]
fn a_mapping_file_need_only_tell_what_names_do_not() {
    let home = home("odd", "i,number,s\n1,7,a\n");
    std::fs::write(home.path("m.toml"), "[[column]]\nname = \"l\"\nfrom = \"number\"\n").unwrap();
    std::fs::write(home.path("empty.toml"), "").unwrap();
    assert_eq!(home.code(&["ingest", "odd.csv", "n.t", "--mapping", "m.toml", "--yes"]), 0);
    assert_eq!(home.json(&["rows", "n.t"]).1, serde_json::json!([{"i": 1, "l": 7, "s": "a"}]));
    let skip = "[[column]]\nname = \"s\"\nskip = true\n";
    std::fs::write(home.path("skip.toml"), skip).unwrap();
    for (file, s) in [("empty.toml", serde_json::json!("a")), ("skip.toml", serde_json::Value::Null)] {
        let overwrite = ["ingest", "odd.csv", "n.t", "--mapping", file, "--mode", "overwrite", "--yes"];
        assert_eq!(home.code(&overwrite), 0);
        assert_eq!(home.json(&["rows", "n.t"]).1, serde_json::json!([{"i": 1, "l": null, "s": s}]), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_without_a_source_stays_so_when_its_mapping_is_saved() {
    let lake = Lake::new().await;
    let table = lake.orders("sales.orders").await;
    let path = file(&lake, "orders.csv", "id,amount\n1,2.5\n");
    let saved = lake.folder.path().join("m.toml");
    let work = move || {
        let draft = Draft::open(table, "main".into(), &SourceOptions::of([&path]), &Monitor::new()).unwrap();
        let cleared = draft.edited(&MappingEdit::Clear { column: "amount".into() });
        assert_eq!(cleared.mapping().column("amount").unwrap().rule, Rule::Skip);
        cleared.mapping().save(&saved).unwrap();
        assert_eq!(draft.with_mapping(Mapping::load(&saved).unwrap()).mapping(), cleared.mapping());
        assert!(draft.with_mapping(Mapping::default()).is_as_matched(), "no word of a column: its name tells");
        let nothing = ["id", "amount"].map(|column| MappingEdit::Skip { column: column.into() });
        let view = nothing.iter().fold(draft, |draft, edit| draft.edited(edit)).view();
        assert!(view.table.iter().all(|side| !side.has_source), "{view:?}");
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[test]
fn words_that_cannot_be_files_are_told() {
    let home = home("a", "i\n1\n");
    let told = |arguments: &[&str]| {
        let out = home.run(arguments);
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = told(&["ingest", "a.csv", "./a.csv", "n.t", "--yes"]);
    assert!(code == 1 && said.contains("named twice"), "{code} {said}");
    let (code, said) = told(&["ingest", "-", "n.t", "--yes"]);
    assert!(code == 2 && said.contains("needs a file"), "{code} {said}");
    let (code, said) = told(&["ingest", "a.csv", "n.t", "--mapping", "/dev/zero", "--yes"]);
    assert!(code == 1 && said.contains("larger than"), "{code} {said}");
    let (code, said) = told(&["create", "n.z", "--schema", "/dev/zero", "--yes"]);
    assert!(code == 1 && said.contains("larger than"), "{code} {said}");
}

#[test]
fn schemas_that_cannot_be_are_refused_by_field() {
    let home = Home::new();
    let refused = |kind: &str| {
        let field = format!(r#"{{"id": 1, "name": "much", "required": false, "type": {kind}}}"#);
        let text = format!(r#"{{"type": "struct", "schema-id": 0, "fields": [{field}]}}"#);
        std::fs::write(home.path("schema.json"), text).unwrap();
        let out = home.run(&["create", "n.t", "--schema", "schema.json", "--yes"]);
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.code() == Some(1) && said.contains("much"), "{kind}: {said}");
        said
    };
    for (kind, why) in [("decimal(40,2)", "1 to 38"), ("decimal(5,9)", "behind the point"), ("fixed[0]", "1 at least")]
    {
        let said = refused(&format!("\"{kind}\""));
        assert!(said.contains(why), "{said}");
    }
    assert!(refused("\"varchar\"").contains("not a type of Iceberg"));
    let open = r#"{"type": "struct", "fields": [{"id": 2, "name": "x", "required": true, "type": "#;
    for levels in [32, 42, 60] {
        let (lists, end) =
            (r#"{"type": "list", "element-id": 2, "element-required": true, "element": "#, "}".repeat(levels));
        assert!(refused(&format!("{}\"int\"{end}", lists.repeat(levels))).contains("deeper than 32"));
    }
    assert!(refused(&format!("{}\"int\"{}", open.repeat(34), "}]}".repeat(34))).contains("deeper than 32"));
    assert_eq!(home.json(&["ls"]), (0, serde_json::json!([])), "nothing is made");
}
