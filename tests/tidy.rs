//! The rules of the house that a script can check: walls between folders, lengths, what may not be called.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE: usize = 500;
const MAX_FUNCTION: usize = 80;
const LAKE_CRATES: [&str; 6] =
    ["iceberg", "arrow", "parquet", "datafusion_common", "datafusion_expr", "datafusion_physical_expr"];
const SCREEN_CRATES: [&str; 2] = ["ratatui", "crossterm"];
/// Lower floors first: a module may use what stands before it, never what stands behind.
const FLOORS: [&str; 12] =
    ["sql", "storage", "table", "catalog", "commit", "query", "ingest", "recovery", "demo", "app", "views", "cli"];

struct Source {
    path: String,
    floor: String,
    /// Up to the unit tests, comments taken out.
    code: Vec<String>,
    text: String,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
            found.push(path);
        }
    }
}

fn read(path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).unwrap();
    let relative = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap().display().to_string();
    let floor = relative.split('/').next().unwrap().trim_end_matches(".rs").to_string();
    let code = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| line.split("//").next().unwrap_or_default().to_string())
        .collect();
    Source { path: relative, floor, code, text }
}

/// Whether the code names a crate as the first segment of a path.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

fn refuse(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn crates_stay_behind_their_walls() {
    let mut faults = Vec::new();
    for source in sources() {
        let screens = ["app", "views"].contains(&source.floor.as_str());
        let plain = screens || source.floor == "cli";
        for (n, line) in source.code.iter().enumerate() {
            let banned: &[&str] = if plain { &LAKE_CRATES } else { &[] };
            let unseen: &[&str] = if screens { &[] } else { &SCREEN_CRATES };
            for name in banned.iter().chain(unseen).filter(|name| names_crate(line, name)) {
                faults.push(format!("{}:{}: {name} may not be used here", source.path, n + 1));
            }
        }
    }
    refuse(faults);
}

#[test]
fn arrows_point_one_way() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some(own) = FLOORS.iter().position(|f| *f == source.floor) else { continue };
        // The verbs stand beside the console, not upon its screens; the console knows no verbs.
        for (height, above) in FLOORS.iter().enumerate().filter(|(height, _)| *height > own) {
            let siblings = source.floor == "app" && *above == "views" || source.floor == "query" && height < own;
            for (n, line) in source.code.iter().enumerate() {
                if !siblings && line.contains(&format!("crate::{above}::")) {
                    faults.push(format!("{}:{}: {} stands below {above}", source.path, n + 1, source.floor));
                }
            }
        }
    }
    refuse(faults);
}

#[test]
fn files_and_functions_stay_short() {
    let mut faults = Vec::new();
    for source in sources() {
        let lines = source.code.iter().filter(|line| !line.trim().is_empty()).count();
        if lines > MAX_FILE {
            faults.push(format!("{}: {lines} lines", source.path));
        }
        faults.extend(long_functions(&source));
    }
    refuse(faults);
}

fn long_functions(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (n, line) in source.code.iter().enumerate() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let declares = line.split_whitespace().take(5).any(|word| word == "fn");
        match &open {
            Some((from, depth)) if *line == format!("{depth}}}") => {
                if n - from + 1 > MAX_FUNCTION {
                    faults.push(format!("{}:{}: a function of {} lines", source.path, from + 1, n - from + 1));
                }
                open = None;
            }
            None if declares && !line.trim_end().ends_with([';', '}']) => open = Some((n, indent)),
            _ => {}
        }
    }
    faults
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |source: &Source| !source.text.trim_start().starts_with("//!");
    refuse(sources().iter().filter(|s| silent(s)).map(|s| format!("{}: no //! at the top", s.path)).collect());
}

#[test]
fn only_committers_publish() {
    let publishes = |line: &str| line.contains("UPDATE iceberg_tables");
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| s.floor != "catalog") {
        faults.extend(source.code.iter().filter(|l| publishes(l)).map(|l| format!("{}: {l}", source.path)));
    }
    refuse(faults);
}
