//! A proposal as the exact JSON a REST catalog would be sent: for `--dry-run`, the `y` key and the command log.

use serde_json::{Value, json};

use crate::catalog::Proposal;
use crate::{Error, Result};

const HIDDEN: &str = "***";

/// The body of the commit request: `identifier`, `requirements`, `updates`. Values of properties whose names look like
/// secrets are hidden; everything else is exact.
///
/// # Errors
/// [`Kind::Bug`](crate::Kind::Bug) where it does not serialise.
pub fn request(proposal: &Proposal) -> Result<Value> {
    let bug = |e: serde_json::Error| Error::bug("the request cannot be written as JSON").caused_by(e);
    let requirements = serde_json::to_value(&proposal.requirements).map_err(bug)?;
    let mut updates = serde_json::to_value(&proposal.updates).map_err(bug)?;
    updates.as_array_mut().into_iter().flatten().for_each(hide_secrets);
    Ok(json!({
        "identifier": { "namespace": proposal.table.namespace.0, "name": proposal.table.name },
        "requirements": requirements,
        "updates": updates,
    }))
}

/// The same as indented text.
pub fn exact_request(proposal: &Proposal) -> String {
    match request(proposal) {
        Ok(body) => format!("{body:#}"),
        Err(e) => e.to_string(),
    }
}

fn hide_secrets(update: &mut Value) {
    if update.get("action").and_then(Value::as_str) != Some("set-properties") {
        return;
    }
    for (name, value) in update.get_mut("updates").and_then(Value::as_object_mut).into_iter().flatten() {
        if looks_secret(name) {
            *value = HIDDEN.into();
        }
    }
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["secret", "password", "token", "credential", "sas", "account-key", "private-key"].iter().any(|w| name.contains(w))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use iceberg::TableUpdate;

    use super::*;
    use crate::table::Namespace;

    #[test]
    fn a_secret_property_is_not_shown() {
        let updates = HashMap::from([
            ("s3.secret-access-key".to_string(), "hunter2".to_string()),
            ("owner".to_string(), "ada".to_string()),
        ]);
        let proposal = Proposal {
            table: Namespace(vec!["a".into()]).table("t"),
            requirements: Vec::new(),
            updates: vec![TableUpdate::SetProperties { updates }],
            snapshot_id: None,
            metadata_files: Vec::new(),
        };
        let text = exact_request(&proposal);
        assert!(!text.contains("hunter2") && text.contains("ada"), "{text}");
    }
}
