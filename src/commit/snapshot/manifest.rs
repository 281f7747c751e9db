//! A manifest that is being written.

use iceberg::ErrorKind;
use iceberg::io::{FileIO, OutputFile};
use iceberg::spec::{
    DataFile, FormatVersion, ManifestContentType, ManifestFile, ManifestWriter, ManifestWriterBuilder, PartitionSpec,
    SchemaRef,
};

use crate::table::manifest::{IN_MEMORY, StandIns, mend_header, nested};

/// iceberg's writer; where it cannot write the partition values, they go by stand-ins, through memory.
pub(crate) struct OpenManifest {
    writer: ManifestWriter,
    detour: Option<Detour>,
}

struct Detour {
    stand_ins: StandIns,
    schema: SchemaRef,
    memory: FileIO,
    output: OutputFile,
}

impl OpenManifest {
    /// A new one, empty as yet.
    pub(crate) fn new(
        output: OutputFile,
        snapshot_id: i64,
        schema: SchemaRef,
        spec: PartitionSpec,
        (version, content): (FormatVersion, ManifestContentType),
    ) -> iceberg::Result<Self> {
        // iceberg's writer panics where it comes upon one.
        if let Some(field) = nested(&spec.partition_type(&schema)?) {
            let why = format!("the partition field {} is of a struct, list or map", field.name);
            return Err(iceberg::Error::new(ErrorKind::FeatureUnsupported, why));
        }
        let stand_ins = StandIns::of(&spec, &schema)?;
        let (output, written_as, detour) = if stand_ins.are_needless() {
            (output, schema, None)
        } else {
            let memory = FileIO::new_with_memory();
            let written_as = stand_ins.schema(&schema)?.into();
            (memory.new_output(IN_MEMORY)?, written_as, Some(Detour { stand_ins, schema, memory, output }))
        };
        let builder = ManifestWriterBuilder::new(output, Some(snapshot_id), written_as, spec);
        let writer = match (version, content) {
            (FormatVersion::V1, _) => builder.build_v1(),
            (FormatVersion::V2, ManifestContentType::Data) => builder.build_v2_data(),
            (FormatVersion::V2, ManifestContentType::Deletes) => builder.build_v2_deletes(),
            (FormatVersion::V3, ManifestContentType::Data) => builder.build_v3_data(),
            (FormatVersion::V3, ManifestContentType::Deletes) => builder.build_v3_deletes(),
        };
        Ok(Self { writer, detour })
    }

    /// A file that the snapshot adds.
    pub(crate) fn add(&mut self, file: DataFile, sequence_number: i64) -> iceberg::Result<()> {
        let file = self.as_written(file)?;
        self.writer.add_file(file, sequence_number)
    }

    /// A file that an older snapshot added.
    pub(crate) fn keep(
        &mut self,
        file: DataFile,
        added_by: i64,
        sequence_number: i64,
        file_sequence_number: i64,
    ) -> iceberg::Result<()> {
        let file = self.as_written(file)?;
        self.writer.add_existing_file(file, added_by, sequence_number, Some(file_sequence_number))
    }

    /// A file that the snapshot removes.
    pub(crate) fn remove(
        &mut self,
        file: DataFile,
        sequence_number: i64,
        file_sequence_number: i64,
    ) -> iceberg::Result<()> {
        let file = self.as_written(file)?;
        self.writer.add_delete_file(file, sequence_number, Some(file_sequence_number))
    }

    fn as_written(&self, file: DataFile) -> iceberg::Result<DataFile> {
        match &self.detour {
            None => Ok(file),
            Some(detour) => detour.stand_ins.put_for(file),
        }
    }

    /// Writes it.
    pub(crate) async fn close(self) -> iceberg::Result<ManifestFile> {
        let written = self.writer.write_manifest_file().await?;
        let Some(Detour { stand_ins, schema, memory, output }) = self.detour else { return Ok(written) };
        let bytes = memory.new_input(IN_MEMORY)?.read().await?;
        let bytes = mend_header(bytes, &stand_ins, &schema)?;
        let (path, length) = (output.location().to_string(), bytes.len());
        output.write(bytes).await?;
        let manifest_length = i64::try_from(length).unwrap_or(i64::MAX);
        Ok(ManifestFile { manifest_path: path, manifest_length, ..written })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use iceberg::spec::{ListType, NestedField, PrimitiveType, Schema, Transform, Type, UnboundPartitionSpec};

    use super::*;

    #[test]
    fn a_field_of_a_list_is_an_error_before_anything_is_written() {
        let element_field = NestedField::list_element(2, Type::Primitive(PrimitiveType::Int), false).into();
        let list = NestedField::optional(1, "l", Type::List(ListType { element_field }));
        let schema = Arc::new(Schema::builder().with_fields([list.into()]).build().unwrap());
        let spec = UnboundPartitionSpec::builder().add_partition_field(1, "l_null", Transform::Void).unwrap().build();
        let spec = spec.bind(schema.clone()).unwrap();
        let output = FileIO::new_with_memory().new_output(IN_MEMORY).unwrap();
        let opened = OpenManifest::new(output, 1, schema, spec, (FormatVersion::V2, ManifestContentType::Data));
        assert_eq!(opened.err().unwrap().kind(), ErrorKind::FeatureUnsupported);
    }
}
