//! How data files are written: what the table's properties say, within what memory allows. Plain values.

use std::collections::HashMap;
use std::str::FromStr;

use iceberg::spec::TableMetadata;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::metrics::MetricsModes;
use crate::{Error, Result};

/// How data files are written.
#[derive(Debug, Clone)]
pub struct WriteSettings {
    /// A file is closed once it is this large, in bytes.
    pub target_file_bytes: u64,
    /// A row group is closed once it is this large, encoded, in bytes.
    pub row_group_bytes: usize,
    /// What Parquet's writer is told.
    pub parquet: WriterProperties,
    /// Which statistics are recorded.
    pub metrics: MetricsModes,
}

/// Larger row groups gain readers little and cost memory for each open file.
const LARGEST_ROW_GROUP: usize = 64 << 20;

impl WriteSettings {
    /// What the table's properties say; `memory` is how much all open files together may take, in bytes.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a value that cannot be,
    /// [`Kind::Unsupported`](crate::Kind::Unsupported) where the table asks for another file format.
    pub fn of(metadata: &TableMetadata, memory: usize) -> Result<Self> {
        let properties = Properties(metadata.properties());
        properties.check_format()?;
        let metrics = MetricsModes::of(metadata)?;
        let wanted: usize = properties.number("write.parquet.row-group-size-bytes", 128 << 20)?;
        let row_group_bytes = wanted.clamp(1, LARGEST_ROW_GROUP.min((memory / 6).max(1 << 20)));
        Ok(Self {
            target_file_bytes: properties.number("write.target-file-size-bytes", 512 << 20)?,
            row_group_bytes,
            parquet: properties.parquet(row_group_bytes, &metrics)?,
            metrics,
        })
    }
}

struct Properties<'a>(&'a HashMap<String, String>);

impl Properties<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A number above zero.
    fn number<T: FromStr + PartialOrd + From<u8>>(&self, name: &str, default: T) -> Result<T> {
        match self.text(name).map(str::parse) {
            None => Ok(default),
            Some(Ok(number)) if number > T::from(0) => Ok(number),
            Some(_) => Err(self.bad(name)),
        }
    }

    fn bad(&self, name: &str) -> Error {
        Error::invalid("a table property cannot be understood")
            .with("property", name)
            .with("value", self.text(name).unwrap_or_default())
    }

    fn check_format(&self) -> Result<()> {
        match self.text("write.format.default") {
            None => Ok(()),
            Some(format) if format.eq_ignore_ascii_case("parquet") => Ok(()),
            Some(format) => {
                Err(Error::unsupported("this table wants its files in a format that icedeck does not write")
                    .with("write.format.default", format)
                    .hint("icedeck writes Parquet; change the property if that will do"))
            }
        }
    }

    fn parquet(&self, row_group_bytes: usize, metrics: &MetricsModes) -> Result<WriterProperties> {
        let mut builder = WriterProperties::builder()
            .set_created_by(format!("icedeck version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(self.compression()?)
            .set_max_row_group_bytes(Some(row_group_bytes))
            .set_max_row_group_row_count(Some(self.number("write.parquet.row-group-limit", 1 << 20)?))
            .set_data_page_size_limit(self.number("write.parquet.page-size-bytes", 1 << 20)?)
            .set_data_page_row_count_limit(self.number("write.parquet.page-row-limit", 20_000)?)
            .set_dictionary_page_size_limit(self.number("write.parquet.dict-size-bytes", 2 << 20)?)
            .set_statistics_truncate_length(metrics.bytes_needed());
        for column in self.bloom_columns() {
            builder = builder.set_column_bloom_filter_enabled(column, true);
        }
        Ok(builder.build())
    }

    fn bloom_columns(&self) -> Vec<ColumnPath> {
        let enabled = self.0.iter().filter(|(_, value)| value.eq_ignore_ascii_case("true"));
        let names = enabled.filter_map(|(name, _)| name.strip_prefix("write.parquet.bloom-filter-enabled.column."));
        names.map(|name| ColumnPath::new(name.split('.').map(str::to_string).collect())).collect()
    }

    fn compression(&self) -> Result<Compression> {
        const CODEC: &str = "write.parquet.compression-codec";
        const LEVEL: &str = "write.parquet.compression-level";
        let level = match self.text(LEVEL) {
            None | Some("null") => None,
            Some(text) => Some(text.parse::<i32>().map_err(|_| self.bad(LEVEL))?),
        };
        let unsigned = level.map(u32::try_from).transpose().map_err(|_| self.bad(LEVEL))?;
        let at = |_| self.bad(LEVEL);
        Ok(match self.text(CODEC).unwrap_or("zstd").to_ascii_lowercase().as_str() {
            "zstd" => Compression::ZSTD(level.map_or(Ok(ZstdLevel::default()), ZstdLevel::try_new).map_err(at)?),
            "gzip" => Compression::GZIP(unsigned.map_or(Ok(GzipLevel::default()), GzipLevel::try_new).map_err(at)?),
            "brotli" => {
                Compression::BROTLI(unsigned.map_or(Ok(BrotliLevel::default()), BrotliLevel::try_new).map_err(at)?)
            }
            "snappy" => Compression::SNAPPY,
            "lz4" | "lz4_raw" => Compression::LZ4_RAW,
            "uncompressed" | "none" => Compression::UNCOMPRESSED,
            _ => return Err(self.bad(CODEC).hint("zstd, gzip, snappy, lz4, brotli or uncompressed")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    #[test]
    fn zstd_is_the_default_codec() {
        assert!(matches!(Properties(&properties(&[])).compression().unwrap(), Compression::ZSTD(_)));
        let told = properties(&[("write.parquet.compression-codec", "GZIP"), ("write.parquet.compression-level", "9")]);
        let level = GzipLevel::try_new(9).unwrap();
        assert_eq!(Properties(&told).compression().unwrap(), Compression::GZIP(level));
    }

    #[test]
    fn a_value_that_cannot_be_names_its_property() {
        for (name, value) in [
            ("write.parquet.compression-codec", "lzo"),
            ("write.parquet.compression-level", "high"),
            ("write.parquet.compression-level", "99"),
            ("write.parquet.page-size-bytes", "0"),
            ("write.parquet.row-group-limit", "-1"),
        ] {
            let told = properties(&[(name, value)]);
            let error = Properties(&told).parquet(1 << 20, &MetricsModes::default()).unwrap_err();
            assert!(error.context().contains(&("property", name.to_string())), "{error}");
        }
    }
}
