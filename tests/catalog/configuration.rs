//! Which catalogs there are, and which is meant.

use super::*;
use icedeck::Kind;

/// A lake of these variables and files (paths within the world's folder).
async fn lake(variables: &[(&str, &str)], files: &[(&str, &str)], options: LakeOptions) -> Result<(Lake, TempDir)> {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = folder.path().to_str().unwrap();
    let variables = variables.iter().map(|(k, v)| (k.to_string(), v.replace("ROOT", root))).collect();
    let lake = Lake::open(&Env::fixed_with(folder.path(), NEW_YEAR, variables), options).await?;
    Ok((lake, folder))
}

fn names(lake: &Lake) -> Vec<String> {
    lake.catalogs().iter().map(|c| format!("{}{}", c.name, if c.is_default { "*" } else { "" })).collect()
}

fn named(name: &str) -> LakeOptions {
    LakeOptions { catalog: Some(name.into()), ..LakeOptions::default() }
}

const OWN: &str = "config/icedeck/config.toml";
const TWO: &str = "[catalog.a]\nuri = 'sqlite:///a.db'\n[catalog.b]\nuri = 'https://b'\n";

#[tokio::test]
async fn the_catalog_that_is_meant_follows_the_rule() {
    let default = LakeOptions::default;
    let (found, _folder) = lake(&[], &[], default()).await.unwrap();
    assert_eq!(names(&found), ["icedeck*"]);
    let one = [(OWN, "[catalog.a]\nuri = 'sqlite:///a.db'\n")];
    assert_eq!(names(&lake(&[], &one, default()).await.unwrap().0), ["a*", "icedeck"]);
    assert_eq!(names(&lake(&[], &[(OWN, TWO)], default()).await.unwrap().0), ["a", "b", "icedeck*"]);
    let chosen = format!("default-catalog = 'b'\n{TWO}");
    assert_eq!(names(&lake(&[], &[(OWN, &chosen)], default()).await.unwrap().0), ["a", "b*", "icedeck"]);
    assert_eq!(names(&lake(&[], &[(OWN, &chosen)], named("a")).await.unwrap().0), ["a*", "b", "icedeck"]);
}

#[tokio::test]
async fn an_unknown_catalog_is_told_with_those_there_are() {
    let error = lake(&[], &[(OWN, &TWO.replace(".b]", ".prod]"))], named("prd")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.hints(), ["did you mean prod?"]);
    let error = lake(&[], &[(OWN, "default-catalog = 'x'")], LakeOptions::default()).await.unwrap_err();
    assert_eq!(error.hints(), ["there are: icedeck"]);
    let (lake, _folder) = lake(&[], &[], LakeOptions::default()).await.unwrap();
    assert_eq!(kind(lake.connection(Some("nope")).await), Kind::NotFound);
}

#[tokio::test]
async fn the_file_may_be_named_and_must_then_exist() {
    let variables = [("ICEDECK_CONFIG", "ROOT/other.toml")];
    let files = [("other.toml", "[catalog.other]\nuri = 'sqlite:///a.db'\n"), (OWN, TWO)];
    let (found, folder) = lake(&variables, &files, LakeOptions::default()).await.unwrap();
    assert_eq!(names(&found), ["other*", "icedeck"]);
    let explicit = LakeOptions { config: Some(folder.path().join(OWN)), ..LakeOptions::default() };
    assert_eq!(names(&lake(&variables, &files, explicit).await.unwrap().0), ["a", "b", "icedeck*"]);
    assert_eq!(kind(lake(&variables, &[], LakeOptions::default()).await.map(|_| ())), Kind::NotFound);
    let missing = LakeOptions { config: Some("/nowhere/config.toml".into()), ..LakeOptions::default() };
    assert_eq!(kind(lake(&[], &[], missing).await.map(|_| ())), Kind::NotFound);
    let a_folder = LakeOptions { config: Some(folder.path().into()), ..LakeOptions::default() };
    assert_eq!(kind(lake(&[], &[], a_folder).await.map(|_| ())), Kind::Invalid);
}

#[tokio::test]
async fn a_mistake_is_told_with_file_line_column_and_the_key_that_was_meant() {
    let text = "[catalog.prod]\nuri = 'sqlite:///a.db'\nwarehose = 'x'\n";
    let error = lake(&[], &[(OWN, text)], LakeOptions::default()).await.unwrap_err();
    let told = error.report();
    for part in ["unknown key \"warehose\"", "config.toml, line 3, column 1", "hint: did you mean warehouse?"] {
        assert!(told.contains(part), "{told}");
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, b"theme = '\xff'").unwrap();
    let options = LakeOptions { config: Some(file), ..LakeOptions::default() };
    assert!(lake(&[], &[], options).await.unwrap_err().to_string().contains("UTF-8"));
}

#[tokio::test]
async fn pyicebergs_catalogs_appear_as_they_are() {
    let yaml = "default-catalog: Local\ncatalog:\n  local:\n    uri: sqlite:///l.db\n    s3:\n      region: x\n  rest:\n    \
                uri: https://r\n    token: hunter2\n  shared: {type: glue}\n";
    let variables = [
        ("PYICEBERG_CATALOG__LOCAL__URI", "sqlite:///other.db"),
        ("PYICEBERG_CATALOG__FROM_ENV__S3__ACCESS_KEY_ID", "hunter2"),
        ("PYICEBERG_DEFAULT_CATALOG", "local"),
        ("PYICEBERG_HOME", "ROOT/nowhere"),
    ];
    let files = [(".pyiceberg.yaml", yaml), (OWN, "[catalog.shared]\nuri = 'sqlite:///s.db'\n")];
    let (lake, folder) = lake(&variables, &files, LakeOptions::default()).await.unwrap();
    let shown = serde_json::to_string_pretty(&lake.catalogs()).unwrap();
    insta::assert_snapshot!(shown.replace(folder.path().to_str().unwrap(), "ROOT"), @r#"
    [
      {
        "name": "shared",
        "type": "sql",
        "uri": "sqlite:///s.db",
        "warehouse": null,
        "read_only": false,
        "default": false,
        "origin": "ROOT/config/icedeck/config.toml"
      },
      {
        "name": "from-env",
        "type": "unknown",
        "uri": null,
        "warehouse": null,
        "read_only": false,
        "default": false,
        "origin": "environment"
      },
      {
        "name": "local",
        "type": "sql",
        "uri": "sqlite:///other.db",
        "warehouse": null,
        "read_only": false,
        "default": true,
        "origin": "ROOT/.pyiceberg.yaml"
      },
      {
        "name": "rest",
        "type": "rest",
        "uri": "https://r",
        "warehouse": null,
        "read_only": false,
        "default": false,
        "origin": "ROOT/.pyiceberg.yaml"
      },
      {
        "name": "icedeck",
        "type": "sql",
        "uri": "sqlite:///ROOT/data/icedeck/catalog.db",
        "warehouse": "file://ROOT/data/icedeck/warehouse",
        "read_only": false,
        "default": false,
        "origin": "embedded"
      }
    ]
    "#);
    assert!(!format!("{lake:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_broken_yaml_is_told_with_its_place_and_without_its_text() {
    let yaml = "catalog:\n  a:\n    token: hunter2\n   b: [hunter2\n";
    let error = lake(&[], &[(".pyiceberg.yaml", yaml)], LakeOptions::default()).await.unwrap_err();
    let told = error.report();
    assert!(told.contains(".pyiceberg.yaml, line ") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn catalogs_that_cannot_be_spoken_to_yet_are_listed_and_told() {
    let text = "[catalog.rest]\nuri = 'http://me:hunter2@127.0.0.1:9'\ntoken = 'hunter2'\n[catalog.glue]\ntype = 'glue'\n\
                [catalog.my]\nuri = 'mysql+pymysql://me:hunter2@h/d'\ntype = 'sql'\n[catalog.pg]\n\
                uri = 'postgresql+psycopg2://me:hunter2@127.0.0.1:9/d'\n[catalog.none]\nwarehouse = 'x'\n\
                [catalog.memory]\nuri = 'sqlite:///:memory:'\n[catalog.unset]\nuri = 'sqlite:///${NOPE}'\n";
    let (lake, _folder) = lake(&[], &[(OWN, text)], LakeOptions::default()).await.unwrap();
    assert_eq!(lake.catalogs().len(), 8);
    for (name, expected, says) in [
        ("rest", Kind::Unavailable, "cannot be reached"),
        ("glue", Kind::Unsupported, "type glue are not supported yet"),
        ("my", Kind::Unsupported, "sql on mysql are not supported yet"),
        ("pg", Kind::Unavailable, "127.0.0.1:9/d"),
        ("none", Kind::Invalid, "neither type nor uri"),
        ("memory", Kind::Invalid, "in memory"),
        ("unset", Kind::Invalid, "variable NOPE is not set"),
    ] {
        let error = lake.connection(Some(name)).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{name}");
        let told = error.report();
        assert!(told.contains(says) && !told.contains("hunter2"), "{told}");
    }
    assert!(!format!("{:?} {lake:?}", lake.catalogs()).contains("hunter2"));
}

#[tokio::test]
async fn a_catalog_may_be_read_only_by_its_configuration() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("c.db");
    let text = |more: &str| format!("[catalog.a]\nuri = 'sqlite:///{}'\n{more}", file.display());
    let (writing, _f) = lake(&[], &[(OWN, &text(""))], LakeOptions::default()).await.unwrap();
    make_namespace(writing.connection(None).await.unwrap().as_ref(), "n").await;
    let (reading, _f) =
        lake(&[], &[(OWN, &text("read-only = true\ntheme = 'red'\n"))], LakeOptions::default()).await.unwrap();
    assert_eq!(reading.catalogs()[0].theme.as_deref(), Some("red"));
    let connection = reading.connection(None).await.unwrap();
    assert!(connection.namespace_exists(&namespace("n")).await.unwrap());
    let error = connection.writable().unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    let again = reading.connection(Some("a")).await.unwrap();
    assert!(Arc::ptr_eq(&connection, &again), "one connection a catalog");
}
