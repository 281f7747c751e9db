//! How names are kept in a SQL catalog: the levels of a namespace joined by dots, as Java's JdbcCatalog and PyIceberg
//! do it; and where a table's files go where nobody says.

use iceberg::NamespaceIdent;

use crate::{Error, Result};

/// The longest name that the columns hold, in bytes.
const LONGEST: usize = 255;

/// The stored form of a namespace. A level with a dot has none: it would read back as two levels.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for a level that is empty, has a dot or a control character, or is too long.
pub fn stored(namespace: &NamespaceIdent) -> Result<String> {
    for level in namespace.iter() {
        if level.contains('.') {
            return Err(Error::invalid("a SQL catalog cannot keep a namespace level with a dot in it")
                .with("level", format!("{level:?}"))
                .hint("write nested levels as a.b, or choose a name without a dot"));
        }
        check(level, "a namespace level")?;
    }
    let joined = namespace.join(".");
    if joined.len() > LONGEST {
        return Err(Error::invalid("the namespace is longer than 255 bytes").with("namespace", joined));
    }
    Ok(joined)
}

/// The namespace of a stored form; nothing where a level is empty, as in the root that Java allows.
pub fn levels(stored: &str) -> Option<Vec<String>> {
    let levels: Vec<String> = stored.split('.').map(str::to_string).collect();
    if levels.iter().any(String::is_empty) { None } else { Some(levels) }
}

/// Whether a new table may be called so.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for a name that is empty, has a control character, or is too long.
pub fn check_table(name: &str) -> Result<()> {
    check(name, "a table's name")
}

fn check(name: &str, what: &str) -> Result<()> {
    let fault = if name.is_empty() {
        "may not be empty"
    } else if name.len() > LONGEST {
        "may not be longer than 255 bytes"
    } else if name.chars().any(char::is_control) {
        "may not have control characters"
    } else if name.trim() != name {
        "may not begin or end with a space"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("{what} {fault}")).with("name", format!("{name:?}")))
}

/// The folder of a table: within the namespace's own `location`, else `{warehouse}/{namespace}/{table}`, as PyIceberg
/// has it.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) where neither is known, or a name cannot be that of a folder.
pub fn table_folder(
    warehouse: Option<&str>,
    namespace_location: Option<&str>,
    namespace: &str,
    table: &str,
) -> Result<String> {
    check_segment(table)?;
    if let Some(location) = namespace_location {
        return Ok(format!("{}/{table}", location.trim_end_matches('/')));
    }
    check_segment(namespace)?;
    let warehouse = warehouse.ok_or_else(|| {
        Error::invalid("the catalog has no warehouse to put the table in")
            .with("table", table)
            .hint("set warehouse in the catalog's configuration, or give the table a location")
    })?;
    Ok(format!("{}/{namespace}/{table}", warehouse.trim_end_matches('/')))
}

/// A folder's name must mean itself in a path and in a URL, to us and to every engine.
fn check_segment(name: &str) -> Result<()> {
    if !name.contains(['/', '\\', '?', '#', '%', '*', ':']) && name != "." && name != ".." {
        return Ok(());
    }
    Err(Error::invalid("no folder can be named after this")
        .with("name", format!("{name:?}"))
        .hint("choose a name without / \\ ? # % * : or give the table a location"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(levels: &[&str]) -> NamespaceIdent {
        NamespaceIdent::from_strs(levels).unwrap()
    }

    #[test]
    fn levels_are_joined_by_dots_and_read_back() {
        assert_eq!(stored(&ident(&["a", "b c", "ü"])).unwrap(), "a.b c.ü");
        assert_eq!(levels("a.b c.ü").unwrap(), ["a", "b c", "ü"]);
        assert_eq!(levels(""), None);
        assert_eq!(levels("a..b"), None);
    }

    #[test]
    fn what_would_read_back_otherwise_is_refused() {
        let long = "x".repeat(256);
        for bad in ["", "a.b", "a\nb", " a", "\u{1b}[31m", long.as_str()] {
            assert!(stored(&ident(&[bad])).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn folders_follow_pyiceberg() {
        assert_eq!(table_folder(Some("file:///w/"), None, "a.b", "t").unwrap(), "file:///w/a.b/t");
        assert_eq!(
            table_folder(Some("file:///w"), Some("file:///elsewhere/"), "a", "t").unwrap(),
            "file:///elsewhere/t"
        );
        assert!(table_folder(None, None, "a", "t").is_err());
    }

    #[test]
    fn no_name_leaves_the_warehouse() {
        for bad in ["..", ".", "../x", "a/b", "a\\b", "a?b", "a#b", "a%2Fb"] {
            assert!(table_folder(Some("file:///w"), None, "ns", bad).is_err(), "{bad}");
            assert!(table_folder(Some("file:///w"), None, bad, "t").is_err(), "{bad}");
        }
    }
}
