//! The doctor.

use super::*;
use icedeck::catalog::doctor::{Check, CheckState, run};

/// A world whose clock is right.
fn today(folder: &TempDir) -> Env {
    let now = folder.path().metadata().unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    Env::fixed(folder.path(), i64::try_from(now).unwrap())
}

fn of<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name}: {checks:?}"))
}

/// Every file and folder below a folder.
fn everything(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.extend(everything(&path));
        found.push(path);
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_fresh_machine_is_well_and_nothing_is_made_by_looking() {
    let folder = TempDir::new().unwrap();
    let checks = run(&today(&folder), LakeOptions::default()).await;
    assert!(checks.iter().all(|c| c.state != CheckState::Failed), "{checks:?}");
    assert_eq!(of(&checks, "catalog icedeck").state, CheckState::Skipped);
    let state = [folder.path().join("state"), folder.path().join("state/icedeck")];
    assert_eq!(everything(folder.path()), state, "the state folder alone");
}

#[tokio::test]
async fn storage_is_probed_and_left_as_it_was() {
    let folder = TempDir::new().unwrap();
    make_table(connect(folder.path()).await.as_ref(), "a.t", &[]).await;
    run(&today(&folder), LakeOptions::default()).await;
    let before = everything(folder.path());
    let checks = run(&today(&folder), LakeOptions::default()).await;
    assert!(checks.iter().all(|c| c.state == CheckState::Ok), "{checks:?}");
    assert!(of(&checks, "storage icedeck").detail.ends_with("read and written"));
    assert_eq!(of(&checks, "clock icedeck").state, CheckState::Ok);
    let reading = run(&today(&folder), LakeOptions { read_only: true, ..LakeOptions::default() }).await;
    assert!(of(&reading, "storage icedeck").detail.ends_with("writing was not tried"));
    assert_eq!(everything(folder.path()), before);
}

#[tokio::test]
async fn a_wrong_clock_fails() {
    let folder = TempDir::new().unwrap();
    make_table(connect(folder.path()).await.as_ref(), "a.t", &[]).await;
    let checks = run(&Env::fixed(folder.path(), 0), LakeOptions::default()).await;
    assert_eq!(of(&checks, "clock icedeck").state, CheckState::Failed);
}

#[tokio::test]
async fn each_trouble_is_told_and_stops_nothing_else() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("c.toml");
    let text = "[catalog.gone]\nuri = 'sqlite:////nowhere/c.db'\n[catalog.later]\ntype = 'glue'\n";
    std::fs::write(&config, text).unwrap();
    std::fs::write(folder.path().join("state"), "in the way").unwrap();
    let options = LakeOptions { config: Some(config.clone()), ..LakeOptions::default() };
    let checks = run(&today(&folder), options.clone()).await;
    assert_eq!(of(&checks, "catalog gone").state, CheckState::Failed);
    assert_eq!(of(&checks, "catalog later").state, CheckState::Skipped);
    assert_eq!(of(&checks, "state folder").state, CheckState::Failed);
    assert!(of(&checks, "state folder").hint.is_some());
    let one = run(&today(&folder), LakeOptions { catalog: Some("later".into()), ..options.clone() }).await;
    assert!(one.iter().all(|c| c.name != "catalog gone"));

    std::fs::write(&config, "[catalog.gone]\nurl = 'x'\n").unwrap();
    let checks = run(&today(&folder), options).await;
    assert_eq!(of(&checks, "configuration").state, CheckState::Failed);
    assert_eq!(of(&checks, "configuration").hint.as_deref(), Some("did you mean uri?"));
}
