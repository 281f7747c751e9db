//! The screens in the manual are those of the golden files: a screen that changes is changed in the manual too.
//!
//! In a page of the manual `<!-- screen: FILE, SECTION -->` stands above a block that holds that section of the golden
//! file. `INSTA_UPDATE=always` writes the blocks anew.

use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- screen: ";
const FENCE: &str = "```";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// What the golden file shows under this heading.
fn golden(file: &str, section: &str) -> String {
    let path = root().join(format!("tests/snapshots/all__views__golden__{file}.snap"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let heading = format!("=== {section}\n");
    let (_, after) = text.split_once(&heading).unwrap_or_else(|| panic!("{file} has no section {section}"));
    let screen = after.split("\n=== ").next().unwrap();
    screen.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_string()
}

/// The page with every block as the golden files have it, and how many there are.
fn renewed(page: &str) -> (String, usize) {
    let mut parts = page.split(BEGIN);
    let (mut out, mut blocks) = (parts.next().unwrap().to_string(), 0);
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap_or_else(|| panic!("a screen without a name: {part:.60}"));
        let (file, section) = name.split_once(", ").unwrap_or_else(|| panic!("FILE, SECTION: {name}"));
        let rest = rest.strip_prefix(FENCE).map_or(rest, |block| {
            let (_, after) = block.split_once(&format!("\n{FENCE}\n")).unwrap_or_else(|| panic!("{name} does not end"));
            after
        });
        out.push_str(&format!("{BEGIN}{name} -->\n{FENCE}text\n{}\n{FENCE}\n{rest}", golden(file, section)));
        blocks += 1;
    }
    (out, blocks)
}

#[test]
fn the_manual_shows_the_screens_that_there_are() {
    let path = root().join("docs/recovery.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (renewed, blocks) = renewed(&page);
    assert!(blocks >= 10, "only {blocks} screens");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|wish| wish == "always") {
        std::fs::write(&path, &renewed).unwrap();
        return;
    }
    assert!(page == renewed, "docs/recovery.md shows old screens: INSTA_UPDATE=always cargo test manual");
}
