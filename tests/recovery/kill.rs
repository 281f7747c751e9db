//! The real program, killed at a random moment of a load; then what an operator does. Nothing is lost, nothing doubled.
//!
//! Twenty rounds as a rule; `ICEDECK_KILL_ROUNDS=200` for the night.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::binary::{icedeck, json};
use crate::common::rounds;

/// Rows of each load.
const ROWS: i64 = 20_000;

/// A small generator: the rounds differ, and the same number of rounds is the same rounds.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn write(root: &Path, round: u64) -> String {
    let mut text = String::from("id,round\n");
    let first = i64::try_from(round).unwrap() * ROWS;
    for id in first..first + ROWS {
        writeln!(text, "{id},{round}").unwrap();
    }
    let name = format!("{round}.csv");
    std::fs::write(root.join(&name), text).unwrap();
    name
}

/// How many rows each round has in the table.
fn counts(root: &Path) -> BTreeMap<i64, i64> {
    let (code, rows) = json(root, &["rows", "sales.rounds", "--columns", "round", "--limit", "10000000"]);
    assert_eq!(code, 0);
    let mut found = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        *found.entry(row["round"].as_i64().unwrap()).or_insert(0) += 1;
    }
    found
}

#[test]
fn a_program_killed_at_any_moment_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let first = write(root, 0);
    let made = icedeck(root, &["ingest", &first, "sales.rounds", "--create", "--yes"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut spans = (Duration::ZERO, Duration::ZERO);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut wanted = BTreeMap::from([(0, ROWS)]);
    let mut states = BTreeMap::<String, u32>::new();
    for round in 1..=rounds("ICEDECK_KILL_ROUNDS").unwrap_or(20) {
        let name = write(root, round);
        let ended = match round {
            1 => undisturbed(root, &name, &mut spans),
            _ => killed(root, &name, spans, &mut chance),
        };
        let (landed, state) = settle(root, ended, chance.below(3));
        *states.entry(state).or_default() += 1;
        if landed {
            wanted.insert(i64::try_from(round).unwrap(), ROWS);
        }
    }
    println!("killed in the states: {states:?}");
    assert_eq!(counts(root), wanted, "{states:?}");
    let (code, open) = json(root, &["recover", "list"]);
    assert_eq!((code, open.as_array().unwrap().len()), (0, 0), "{open}");
    let (code, audit) = json(root, &["recover", "audit"]);
    assert_eq!((code, audit.as_array().unwrap().len()), (0, wanted.len()), "{audit}");
    every_leftover_is_listed(root);
}

/// Each Parquet file on the disk is in the table, or among its orphans; and none is in both.
fn every_leftover_is_listed(root: &Path) {
    let paths = |words: &[&str]| {
        let (code, files) = json(root, words);
        assert_eq!(code, 0, "{files}");
        let path = |file: &serde_json::Value| file["file_path"].as_str().unwrap().replace("file://", "");
        files.as_array().unwrap().iter().map(path).filter(|path| path.contains(".parquet")).collect::<BTreeSet<_>>()
    };
    let live = paths(&["files", "sales.rounds"]);
    let orphans = paths(&["orphans", "sales.rounds", "--dry-run", "--older-than", "0s"]);
    let folder = Path::new(live.first().unwrap()).parent().unwrap();
    let on_disk = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path().display().to_string());
    assert!(live.is_disjoint(&orphans), "{orphans:?}");
    println!("{} orphans", orphans.len());
    assert_eq!(on_disk.collect::<BTreeSet<_>>(), live.union(&orphans).cloned().collect());
}

fn journals(root: &Path) -> usize {
    std::fs::read_dir(root.join("state/icedeck/journal")).map_or(0, Iterator::count)
}

fn begun(root: &Path, name: &str) -> std::process::Child {
    let mut command = icedeck(root, &["ingest", name, "sales.rounds", "--yes"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
}

/// Waits until a load has begun its journal, or has ended without.
fn wait_for_journal(root: &Path, before: usize, child: &mut std::process::Child) {
    while journals(root) == before && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// Measures how long a load takes to its journal, and from there to its end.
fn undisturbed(root: &Path, name: &str, spans: &mut (Duration, Duration)) -> bool {
    let (started, before) = (std::time::Instant::now(), journals(root));
    let mut child = begun(root, name);
    wait_for_journal(root, before, &mut child);
    spans.0 = started.elapsed();
    let ended = child.wait().unwrap();
    spans.1 = started.elapsed() - spans.0;
    ended.success()
}

/// Kills a load: one in five at any moment, the others while there is something to lose.
fn killed(root: &Path, name: &str, spans: (Duration, Duration), chance: &mut Chance) -> bool {
    let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap().max(1);
    let before = journals(root);
    let mut child = begun(root, name);
    let most = match chance.below(5) {
        0 => micros(spans.0 + spans.1),
        _ => {
            wait_for_journal(root, before, &mut child);
            micros(spans.1) * 11 / 10
        }
    };
    std::thread::sleep(Duration::from_micros(chance.below(most)));
    child.kill().unwrap();
    child.wait().unwrap().success()
}

/// Does what an operator does, and says whether the rows must be in the table, and in which state the load was.
fn settle(root: &Path, succeeded: bool, choice: u64) -> (bool, String) {
    let (code, open) = json(root, &["recover", "list"]);
    assert_eq!(code, 0, "{open}");
    let Some(row) = open.as_array().unwrap().first() else {
        // Either nothing was begun, or it is done with: the newest journal says which, where it is of this round.
        let committed = succeeded || newest_is_of_this_round(root);
        return (committed, if committed { "done" } else { "not begun" }.into());
    };
    let (id, state) = (row["ingest_id"].as_str().unwrap(), row["state"].as_str().unwrap().to_string());
    let (code, assessed) = json(root, &["recover", "assess", id]);
    let verdict = assessed["verdict"].as_str().unwrap();
    assert_eq!(code, 0, "{assessed}");
    let deed = match (choice, state.as_str()) {
        (_, "planned" | "staging") => "discard",
        (0, _) => "discard",
        _ => "rebase",
    };
    let (code, done) = json(root, &["recover", deed, id, "--yes"]);
    let landed = match (code, done["outcome"].as_str().unwrap()) {
        (0, "committed") => true,
        (0, "discarded") => false,
        // A request that may still be on its way is not given up; it can be sent again.
        (4, "unknown") if deed == "discard" => {
            let (code, done) = json(root, &["recover", "rebase", id, "--yes"]);
            assert_eq!((code, &done["outcome"]), (0, &"committed".into()), "{done}");
            true
        }
        other => panic!("{state}, {verdict}, {deed}: {other:?} {done}"),
    };
    assert!(verdict != "landed" || landed);
    (landed, format!("{state}/{verdict}"))
}

fn newest_is_of_this_round(root: &Path) -> bool {
    let (_, all) = json(root, &["recover", "list", "--all"]);
    let Some(newest) = all.as_array().unwrap().first() else { return false };
    let (_, shown) = json(root, &["recover", "show", newest["ingest_id"].as_str().unwrap()]);
    let source = shown["sources"][0].as_str().unwrap();
    let files = std::fs::read_dir(root).unwrap().filter_map(|f| f.unwrap().file_name().into_string().ok());
    let round = |name: &str| name.strip_suffix(".csv").and_then(|n| n.parse::<u64>().ok());
    let last = files.filter_map(|name| round(&name)).max();
    newest["state"] == "closed" && round(source) == last
}
