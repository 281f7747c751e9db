//! Expiring snapshots: which go, which stay and why. Metadata only; the files are somebody else's. The rules are those
//! of Iceberg Java's `RemoveSnapshots`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iceberg::spec::{MAIN_BRANCH, SnapshotReference, SnapshotRetention, TableMetadata};
use iceberg::{TableRequirement, TableUpdate};

use super::ancestry::ancestors;
use crate::table::Moment;
use crate::table::refs::refs;
use crate::{Error, Result};

const MAX_SNAPSHOT_AGE: (&str, i64) = ("history.expire.max-snapshot-age-ms", 5 * 24 * 3_600_000);
const MIN_SNAPSHOTS: (&str, i64) = ("history.expire.min-snapshots-to-keep", 1);
const MAX_REF_AGE: (&str, i64) = ("history.expire.max-ref-age-ms", i64::MAX);

/// What is to expire.
///
/// With ids alone these go and nothing else. Otherwise age and count decide as well, and what a branch or tag says of
/// its own retention goes before what stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expire {
    /// Snapshots that go in any case; one that a branch or tag leads to is an error.
    pub snapshot_ids: Vec<i64>,
    /// Snapshots from before this moment go, in milliseconds since the epoch; nothing: those older than
    /// `history.expire.max-snapshot-age-ms` (five days).
    pub older_than_ms: Option<i64>,
    /// Each branch keeps so many at least; nothing: `history.expire.min-snapshots-to-keep` (one).
    pub retain_last: Option<u32>,
}

/// A snapshot that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSnapshot {
    /// Its id.
    pub snapshot_id: i64,
    /// Why, in a few words: "branch main leads to it".
    pub why: String,
}

/// What an expiry does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expiry {
    /// The snapshots that go, ascending.
    pub snapshots: Vec<i64>,
    /// The branches and tags that go, because they are past their age.
    pub refs: Vec<String>,
    /// The snapshots that stay, oldest first.
    pub kept: Vec<KeptSnapshot>,
}

/// What `expire` does to a table at `now_ms`.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for an id that a branch or tag leads to and for properties that are no
/// numbers, [`Kind::NotFound`](crate::Kind::NotFound) for an unknown id, [`Kind::Unsupported`](crate::Kind::Unsupported)
/// where `gc.enabled` is false.
pub fn expiry(metadata: &TableMetadata, expire: &Expire, now_ms: i64) -> Result<Expiry> {
    if metadata.properties().get("gc.enabled").is_some_and(|on| on.eq_ignore_ascii_case("false")) {
        return Err(Error::unsupported("this table says that nothing of it may be deleted: gc.enabled is false")
            .hint("another table may share its files"));
    }
    let all = refs(metadata)?;
    let rules = Rules::read(metadata, expire, now_ms)?;
    let (live, dead): (BTreeMap<_, _>, BTreeMap<_, _>) =
        all.into_iter().partition(|(name, found)| rules.by_ids_alone || !rules.outlived(metadata, name, found));
    let named = named(metadata, expire, &live)?;
    let kept = if rules.by_ids_alone { rules.others(metadata, &named) } else { rules.kept(metadata, &live) };
    let goes = |id: &i64| named.contains(id) || !kept.contains_key(id);
    let snapshots: BTreeSet<i64> = metadata.snapshots().map(|s| s.snapshot_id()).filter(goes).collect();
    let mut stays: Vec<_> = metadata.snapshots().filter(|s| !snapshots.contains(&s.snapshot_id())).collect();
    stays.sort_by_key(|snapshot| (snapshot.timestamp_ms(), snapshot.sequence_number()));
    let told = |id: i64| KeptSnapshot { snapshot_id: id, why: kept.get(&id).cloned().unwrap_or_default() };
    Ok(Expiry {
        snapshots: snapshots.into_iter().collect(),
        refs: dead.into_keys().collect(),
        kept: stays.into_iter().map(|snapshot| told(snapshot.snapshot_id())).collect(),
    })
}

/// The requirements and the updates of an expiry: every branch and tag must still be where it was.
pub(super) fn propose(
    metadata: &TableMetadata,
    expire: &Expire,
    now_ms: i64,
) -> Result<(Vec<TableRequirement>, Vec<TableUpdate>)> {
    let expiry = expiry(metadata, expire, now_ms)?;
    if expiry.snapshots.is_empty() && expiry.refs.is_empty() {
        return Err(Error::invalid("there is nothing to expire"));
    }
    let stays = |(name, found): (String, SnapshotReference)| TableRequirement::RefSnapshotIdMatch {
        r#ref: name,
        snapshot_id: Some(found.snapshot_id),
    };
    let requirements = refs(metadata)?.into_iter().map(stays).collect();
    let mut updates: Vec<TableUpdate> =
        expiry.refs.into_iter().map(|ref_name| TableUpdate::RemoveSnapshotRef { ref_name }).collect();
    for id in &expiry.snapshots {
        if metadata.statistics_for_snapshot(*id).is_some() {
            updates.push(TableUpdate::RemoveStatistics { snapshot_id: *id });
        }
        if metadata.partition_statistics_for_snapshot(*id).is_some() {
            updates.push(TableUpdate::RemovePartitionStatistics { snapshot_id: *id });
        }
    }
    if !expiry.snapshots.is_empty() {
        updates.push(TableUpdate::RemoveSnapshots { snapshot_ids: expiry.snapshots });
    }
    Ok((requirements, updates))
}

/// The ids that were named, each one that may go.
fn named(
    metadata: &TableMetadata,
    expire: &Expire,
    live: &BTreeMap<String, SnapshotReference>,
) -> Result<HashSet<i64>> {
    for id in &expire.snapshot_ids {
        if metadata.snapshot_by_id(*id).is_none() {
            return Err(Error::not_found("the table has no such snapshot").with("snapshot", id));
        }
        if let Some((name, _)) = live.iter().find(|(_, found)| found.snapshot_id == *id) {
            return Err(Error::invalid("a branch or tag leads to this snapshot")
                .with("snapshot", id)
                .with("ref", name)
                .hint("drop it or lead it elsewhere first"));
        }
    }
    Ok(expire.snapshot_ids.iter().copied().collect())
}

struct Rules {
    now_ms: i64,
    by_ids_alone: bool,
    older_than_ms: i64,
    retain_last: usize,
    max_ref_age_ms: i64,
}

impl Rules {
    fn read(metadata: &TableMetadata, expire: &Expire, now_ms: i64) -> Result<Self> {
        let property = |(name, usual): (&'static str, i64)| match metadata.properties().get(name) {
            None => Ok(usual),
            Some(text) => text.trim().parse::<i64>().map_err(|_| {
                Error::invalid("a property of the table is no number").with("property", name).with("value", text)
            }),
        };
        let age = property(MAX_SNAPSHOT_AGE)?;
        let least = property(MIN_SNAPSHOTS)?;
        Ok(Self {
            now_ms,
            by_ids_alone: !expire.snapshot_ids.is_empty()
                && expire.older_than_ms.is_none()
                && expire.retain_last.is_none(),
            older_than_ms: expire.older_than_ms.unwrap_or_else(|| now_ms.saturating_sub(age)),
            retain_last: expire.retain_last.map_or(usize::try_from(least).unwrap_or(1), |n| n as usize).max(1),
            max_ref_age_ms: property(MAX_REF_AGE)?,
        })
    }

    /// Whether a ref is older than it may become, or leads nowhere.
    fn outlived(&self, metadata: &TableMetadata, name: &str, found: &SnapshotReference) -> bool {
        let max = match &found.retention {
            SnapshotRetention::Branch { max_ref_age_ms, .. } | SnapshotRetention::Tag { max_ref_age_ms } => {
                max_ref_age_ms
            }
        };
        let Some(snapshot) = metadata.snapshot_by_id(found.snapshot_id) else { return name != MAIN_BRANCH };
        let age = self.now_ms.saturating_sub(snapshot.timestamp_ms());
        name != MAIN_BRANCH && age > max.unwrap_or(self.max_ref_age_ms)
    }

    fn others(&self, metadata: &TableMetadata, named: &HashSet<i64>) -> HashMap<i64, String> {
        let others = metadata.snapshots().map(|snapshot| snapshot.snapshot_id()).filter(|id| !named.contains(id));
        others.map(|id| (id, "it was not named".to_string())).collect()
    }

    /// What stays, each with its reason.
    fn kept(&self, metadata: &TableMetadata, live: &BTreeMap<String, SnapshotReference>) -> HashMap<i64, String> {
        let mut kept = HashMap::new();
        let mut referenced = HashSet::new();
        for (name, found) in live {
            let what = if found.is_branch() { "branch" } else { "tag" };
            referenced.insert(found.snapshot_id);
            kept.insert(found.snapshot_id, format!("{what} {name} leads to it"));
        }
        for (name, found) in live {
            if let SnapshotRetention::Branch { min_snapshots_to_keep, max_snapshot_age_ms, .. } = &found.retention {
                let least = min_snapshots_to_keep.and_then(|n| usize::try_from(n).ok()).unwrap_or(self.retain_last);
                let since = max_snapshot_age_ms.map_or(self.older_than_ms, |age| self.now_ms.saturating_sub(age));
                referenced.extend(ancestors(metadata, Some(found.snapshot_id)).map(|s| s.snapshot_id()));
                keep_branch(metadata, name, found.snapshot_id, least, since, &mut kept);
            }
        }
        for snapshot in metadata.snapshots().filter(|s| !referenced.contains(&s.snapshot_id())) {
            if snapshot.timestamp_ms() >= self.older_than_ms {
                let why = format!("no branch leads to it, and it is not older than {}", Moment(self.older_than_ms));
                kept.insert(snapshot.snapshot_id(), why);
            }
        }
        kept
    }
}

/// The newest of a branch, as far as its count or its age reaches without a gap.
fn keep_branch(
    metadata: &TableMetadata,
    name: &str,
    head: i64,
    least: usize,
    since: i64,
    kept: &mut HashMap<i64, String>,
) {
    for (n, snapshot) in ancestors(metadata, Some(head)).enumerate() {
        let why = if n < least {
            format!("branch {name} keeps its last {least}")
        } else if snapshot.timestamp_ms() >= since {
            format!("branch {name} keeps what is not older than {}", Moment(since))
        } else {
            return;
        };
        kept.entry(snapshot.snapshot_id()).or_insert(why);
    }
}
