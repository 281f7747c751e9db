//! Numbers in sentences, words on command lines.

/// The verbs that hints name in commands of icedeck: `icedeck recover rebase 7f`. A word behind `icedeck` that is none of
/// them belongs to a sentence: "icedeck reads Parquet only".
pub(crate) const VERBS: [&str; 40] = [
    "alter",
    "bisect",
    "branch",
    "catalogs",
    "cherry-pick",
    "completions",
    "create",
    "create-namespace",
    "delete",
    "demo",
    "diff",
    "doctor",
    "drop",
    "drop-namespace",
    "entries",
    "expire",
    "fast-forward",
    "files",
    "history",
    "ingest",
    "ls",
    "man",
    "manifests",
    "metadata-log",
    "orphans",
    "partitions",
    "preview",
    "properties",
    "recover",
    "redo",
    "refs",
    "rename",
    "restore",
    "rollback",
    "rows",
    "schema",
    "show",
    "snapshots",
    "tag",
    "undo",
];

/// A hint whose commands begin as `called` says (`icedeck --home DIR`), so that they can be copied as they stand.
pub(crate) fn reaching(hint: &str, called: &str) -> String {
    const PROGRAM: &str = "icedeck ";
    let mut told = String::with_capacity(hint.len());
    let mut rest = hint;
    while let Some((before, after)) = rest.split_once(PROGRAM) {
        told.push_str(before);
        let is_word = |c: char| c.is_alphanumeric() || "-_/.".contains(c);
        let verb = after.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let begins = !before.chars().next_back().is_some_and(is_word);
        match begins && VERBS.contains(&verb) {
            true => told.push_str(&format!("{called} ")),
            false => told.push_str(PROGRAM),
        }
        rest = after;
    }
    told.push_str(rest);
    told
}

/// `1 file`, `2 files`.
pub(crate) fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@=,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// `1 snapshot leaves`, `2 snapshots leave`: a number of things and what they do, by the verb for one and for several.
pub(crate) fn many_do(n: u64, what: &str, one: &str, several: &str) -> String {
    format!("{} {}", many(n, what), if n == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a/b.csv"), "a/b.csv");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn commands_in_hints_reach_the_lake() {
        let told = |hint| reaching(hint, "icedeck --home '/my lake'");
        assert_eq!(
            told("look again with: icedeck recover assess 7"),
            "look again with: icedeck --home '/my lake' recover assess 7"
        );
        assert_eq!(
            told("icedeck show a.b, icedeck ls."),
            "icedeck --home '/my lake' show a.b, icedeck --home '/my lake' ls."
        );
        for plain in
            ["icedeck reads CSV", "another icedeck works on it", "icedeck", "/x/icedeck show", "icedeck.show a"]
        {
            assert_eq!(told(plain), plain);
        }
    }

    #[test]
    fn verbs_agree_with_numbers() {
        assert_eq!(many_do(1, "snapshot", "leaves", "leave"), "1 snapshot leaves");
        assert_eq!(many_do(0, "snapshot", "leaves", "leave"), "0 snapshots leave");
        assert_eq!(many_do(2, "file", "is", "are"), "2 files are");
    }
}
