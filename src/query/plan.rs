//! Which data files a snapshot has, and which deletes apply to each. Data manifests are read one at a time as files
//! are asked for; delete manifests before the first of them.

use std::collections::VecDeque;
use std::sync::Arc;

use iceberg::spec::{
    DataContentType, DataFileFormat, ManifestContentType, ManifestEntryRef, ManifestFile, Schema, SnapshotRef,
};

use crate::monitor::Monitor;
use crate::table::{Table, manifest};
use crate::{Error, Result};

/// A data file to be read.
#[derive(Debug, Clone)]
pub struct PlannedFile {
    /// What the manifest says of it.
    pub entry: ManifestEntryRef,
    /// The partition spec it was written under.
    pub spec_id: i32,
    /// The delete files that apply to it.
    pub deletes: Vec<Arc<Delete>>,
}

/// A delete file.
#[derive(Debug)]
pub struct Delete {
    /// What the manifest says of it.
    pub entry: ManifestEntryRef,
    /// The partition spec it was written under.
    pub spec_id: i32,
    /// Whether that spec has no fields: its equality deletes apply to the whole table.
    pub global: bool,
}

/// The data files of a snapshot, in the order in which its manifests name them.
#[derive(Debug)]
pub struct Plan {
    table: Table,
    manifests: VecDeque<ManifestFile>,
    at_hand: VecDeque<ManifestEntryRef>,
    spec_id: i32,
    deletes: Vec<Arc<Delete>>,
}

impl Plan {
    /// Reads the manifest list and the delete manifests.
    ///
    /// # Errors
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) for deletes that iceberg's reader would apply wrongly, what
    /// reading manifests says.
    pub async fn new(table: &Table, snapshot: &SnapshotRef, schema: &Schema, monitor: &Monitor) -> Result<Self> {
        let reader = table.inner().manifest_list_reader(snapshot);
        let list = monitor
            .until(async {
                let loaded = reader.load().await;
                loaded.map_err(|e| table.unreadable(e, "cannot read the manifest list", snapshot.manifest_list()))
            })
            .await?;
        let (data, deletes): (Vec<_>, Vec<_>) =
            list.consume_entries().into_iter().partition(|manifest| manifest.content == ManifestContentType::Data);
        let mut plan = Self {
            table: table.clone(),
            manifests: data.into(),
            at_hand: VecDeque::new(),
            spec_id: 0,
            deletes: Vec::new(),
        };
        for manifest in deletes {
            plan.read_deletes(&manifest, schema, monitor).await?;
        }
        Ok(plan)
    }

    async fn read_deletes(&mut self, manifest: &ManifestFile, schema: &Schema, monitor: &Monitor) -> Result<()> {
        let spec = self.table.metadata().partition_spec_by_id(manifest.partition_spec_id);
        let global = spec.is_some_and(|spec| spec.is_unpartitioned());
        for entry in read(&self.table, manifest, monitor).await? {
            refuse_wrong_deletes(&entry, schema).map_err(|e| e.with("table", self.table.name()))?;
            self.deletes.push(Arc::new(Delete { entry, spec_id: manifest.partition_spec_id, global }));
        }
        Ok(())
    }

    /// The next data file; nothing at the end.
    ///
    /// # Errors
    /// A manifest that cannot be read, cancellation.
    pub async fn next(&mut self, monitor: &Monitor) -> Result<Option<PlannedFile>> {
        loop {
            monitor.check()?;
            if let Some(entry) = self.at_hand.pop_front() {
                let deletes = self.deletes.iter().filter(|delete| delete.applies_to(&entry, self.spec_id)).cloned();
                let deletes = deletes.collect();
                return Ok(Some(PlannedFile { entry, spec_id: self.spec_id, deletes }));
            }
            let Some(manifest) = self.manifests.pop_front() else { return Ok(None) };
            self.spec_id = manifest.partition_spec_id;
            self.at_hand = read(&self.table, &manifest, monitor).await?.into();
        }
    }
}

impl Delete {
    /// By sequence number and partition, as the specification has it ("Scan Planning").
    fn applies_to(&self, data: &ManifestEntryRef, spec_id: i32) -> bool {
        let (ours, theirs) = (self.entry.sequence_number(), data.sequence_number());
        let file = self.entry.data_file();
        let same_partition = self.spec_id == spec_id && file.partition() == data.data_file().partition();
        match self.entry.content_type() {
            DataContentType::EqualityDeletes => ours > theirs && (self.global || same_partition),
            _ => {
                let about = file.referenced_data_file();
                ours >= theirs && same_partition && about.is_none_or(|about| about == data.file_path())
            }
        }
    }
}

/// The live entries of one manifest.
async fn read(table: &Table, manifest: &ManifestFile, monitor: &Monitor) -> Result<Vec<ManifestEntryRef>> {
    let load = async {
        let loaded = manifest::load(table, manifest).await;
        loaded.map_err(|e| table.unreadable(e, "cannot read the manifest", &manifest.manifest_path))
    };
    let (entries, _) = monitor.until(load).await?.into_parts();
    Ok(entries.into_iter().filter(|entry| entry.is_alive()).collect())
}

/// Deletion vectors are not read by iceberg 0.10.1; its equality deletes also take rows whose key is null.
fn refuse_wrong_deletes(entry: &ManifestEntryRef, schema: &Schema) -> Result<()> {
    let file = entry.data_file();
    if file.file_format() == DataFileFormat::Puffin {
        let why = "this snapshot has deletion vectors, which icedeck cannot read yet: deleted rows would be shown";
        return Err(Error::unsupported(why).hint("its files and statistics can be looked at"));
    }
    if file.file_format() != DataFileFormat::Parquet {
        let why = format!("this snapshot has delete files in {}, which icedeck cannot read", file.file_format());
        return Err(Error::unsupported(why).with("file", file.file_path()));
    }
    if file.content_type() != DataContentType::EqualityDeletes {
        return Ok(());
    }
    let keys = file.equality_ids().unwrap_or_default();
    let may_be_null = |id: &i32| !schema.field_by_id(*id).is_some_and(|field| field.required);
    match keys.iter().find(|id| may_be_null(id)) {
        None if !keys.is_empty() => Ok(()),
        key => {
            let name = key.and_then(|id| schema.name_by_field_id(*id)).unwrap_or("?");
            let why = "this snapshot has equality deletes on a column that may be null: rows without a key would be \
                       missing";
            Err(Error::unsupported(why).with("column", name).hint("read it with another engine, or compact the table"))
        }
    }
}
