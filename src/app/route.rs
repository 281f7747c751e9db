//! The address of a view as plain data. The command line speaks it too: `snapshots sales.orders@eoy`.
//! What views there are is said by `views::SCREENS`; this file must not know them.

use std::fmt;

use crate::table::{Namespace, Place, TableAddress, TableName};

/// What a view is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Subject {
    /// The program or all catalogs.
    #[default]
    Nothing,
    /// A namespace of the catalog; the empty one is the catalog itself.
    Namespace(Namespace),
    /// A table, now or at a ref, snapshot or time.
    Table(TableAddress),
}

/// The address of a view: its name, the catalog, what it is about, and a word more where that needs one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The view's name in `views::SCREENS`.
    pub screen: &'static str,
    /// The catalog; nothing means the default one.
    pub catalog: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// What else it needs to know: the path of a manifest, of a data file.
    pub detail: Option<String>,
}

impl Route {
    /// A view about nothing in particular.
    pub fn new(screen: &'static str) -> Self {
        Self { screen, catalog: None, subject: Subject::Nothing, detail: None }
    }

    /// In this catalog.
    #[must_use]
    pub fn of_catalog(mut self, catalog: Option<String>) -> Self {
        self.catalog = catalog;
        self
    }

    /// About this namespace.
    #[must_use]
    pub fn of_namespace(mut self, namespace: Namespace) -> Self {
        self.subject = Subject::Namespace(namespace);
        self
    }

    /// About this table.
    #[must_use]
    pub fn of_table(mut self, address: TableAddress) -> Self {
        self.subject = Subject::Table(address);
        self
    }

    /// With a word more.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Another view of the same subject, without the detail.
    #[must_use]
    pub fn to_screen(&self, screen: &'static str) -> Self {
        Self { screen, detail: None, ..self.clone() }
    }

    /// The table it is about.
    pub fn table(&self) -> Option<&TableAddress> {
        match &self.subject {
            Subject::Table(address) => Some(address),
            _ => None,
        }
    }

    /// The name of the table it is about, where it lies in a catalog.
    pub fn table_name(&self) -> Option<&TableName> {
        match self.table() {
            Some(TableAddress { place: Place::Table(name), .. }) => Some(name),
            _ => None,
        }
    }

    /// The namespace it is about, or that its table lies in; the root where there is none.
    pub fn namespace(&self) -> Namespace {
        match &self.subject {
            Subject::Namespace(namespace) => namespace.clone(),
            _ => self.table_name().map(|name| name.namespace.clone()).unwrap_or_default(),
        }
    }

    /// Where it is, outermost first: namespace levels, table, view, detail. The catalog is not part of it.
    pub fn crumbs(&self) -> Vec<String> {
        let mut crumbs = match &self.subject {
            Subject::Nothing => Vec::new(),
            Subject::Namespace(namespace) => namespace.0.clone(),
            Subject::Table(address) => table_crumbs(address),
        };
        crumbs.push(self.screen.to_string());
        crumbs.extend(self.detail_name());
        crumbs
    }

    /// What the detail is called: of a path its last part, of several, one a line, the first and how many more.
    pub fn detail_name(&self) -> Option<String> {
        let mut lines = self.detail.as_ref()?.split('\n');
        let first = lines.next().unwrap_or_default();
        let name = first.rsplit('/').next().unwrap_or(first);
        Some(match lines.count() {
            0 => name.to_string(),
            more => format!("{name} and {more} more"),
        })
    }
}

fn table_crumbs(address: &TableAddress) -> Vec<String> {
    let mut crumbs = match &address.place {
        Place::Table(name) => {
            let mut levels = name.namespace.0.clone();
            levels.push(name.name.clone());
            levels
        }
        Place::Path(path) => vec![path.clone()],
    };
    if let (Some(last), Some(at)) = (crumbs.last_mut(), &address.at) {
        *last = format!("{last}@{at}");
    }
    crumbs
}

/// As one types it on the command line.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.screen)?;
        match &self.subject {
            Subject::Nothing => Ok(()),
            Subject::Namespace(namespace) if namespace.is_root() => Ok(()),
            Subject::Namespace(namespace) => write!(f, " {namespace}"),
            Subject::Table(address) => write!(f, " {address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_reads_like_a_command() {
        let route = Route::new("snapshots").of_table("sales.orders@eoy".parse().unwrap());
        assert_eq!(route.to_string(), "snapshots sales.orders@eoy");
        assert_eq!(route.crumbs(), ["sales", "orders@eoy", "snapshots"]);
        assert_eq!(route.namespace().to_string(), "sales");
    }
}
