//! Unpacking gzip and Zstandard as a stream, told by the first bytes. Memory stays bounded whatever the file unpacks to.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::GzDecoder;

use super::settings::Compression;
use crate::{Error, Kind, Result};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Read from disk at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// How a file is packed, by its first bytes. A Zstandard file may begin with a skippable frame.
pub(super) fn sniff(head: &[u8]) -> Compression {
    let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    if head.starts_with(GZIP) {
        Compression::Gzip
    } else if head.starts_with(ZSTD) || skippable {
        Compression::Zstd
    } else {
        Compression::None
    }
}

/// Counts the bytes that pass, for progress.
struct Counted {
    inner: File,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The members of a gzip file, one after the other. Zeros behind the last are padding, as tapes and archives leave it.
struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)) }
    }

    /// The member behind one that has ended.
    fn next(mut packed: R) -> std::io::Result<Option<GzDecoder<R>>> {
        let mut padded = false;
        loop {
            let bytes = packed.fill_buf()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            match bytes.len() {
                0 => return Ok(None),
                length if zeros < length && (padded || zeros > 0) => {
                    return Err(std::io::Error::new(ErrorKind::InvalidData, "more than zeros behind its end"));
                }
                length if zeros < length => return Ok(Some(GzDecoder::new(packed))),
                length => packed.consume(length),
            }
            padded = true;
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(ended) = self.member.take() {
                self.member = Self::next(ended.into_inner())?;
            }
        }
        Ok(0)
    }
}

/// Opens a file for reading.
pub(super) fn open_file(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| unreadable(path, e))
}

/// The unpacked bytes of a file. `skip` bytes are passed over first: at no cost where the file is not packed. `count`
/// follows the bytes read from disk.
pub(super) fn unpacked(
    path: &Path,
    compression: Compression,
    skip: u64,
    count: Arc<AtomicU64>,
) -> Result<Box<dyn Read + Send>> {
    let mut file = open_file(path)?;
    if compression == Compression::None {
        file.seek(SeekFrom::Start(skip)).map_err(|e| unreadable(path, e))?;
        count.store(skip, Ordering::Relaxed);
        return Ok(Box::new(Counted { inner: file, count }));
    }
    let packed = BufReader::with_capacity(CHUNK, Counted { inner: file, count });
    let mut plain: Box<dyn Read + Send> = match compression {
        Compression::Gzip => Box::new(Members::new(packed)),
        _ => Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(|e| damaged(path, compression, e))?),
    };
    let passed = std::io::copy(&mut plain.by_ref().take(skip), &mut std::io::sink())
        .map_err(|e| damaged(path, compression, e))?;
    if passed < skip {
        return Err(
            Error::new(Kind::Unavailable, "the file became shorter while it was read").with("file", path.display())
        );
    }
    Ok(plain)
}

/// The error for a file that cannot be opened or read.
pub(super) fn unreadable(path: &Path, e: std::io::Error) -> Error {
    let error = match e.kind() {
        ErrorKind::NotFound => Error::not_found("the file does not exist")
            .hint("check the path; a relative one starts at the current folder"),
        ErrorKind::PermissionDenied => {
            Error::new(Kind::Denied, "the file may not be read").hint("ask for read permission on it")
        }
        ErrorKind::IsADirectory => is_a_folder(),
        _ => Error::new(Kind::Unavailable, format!("the file cannot be read: {e}")),
    };
    error.with("file", path.display()).caused_by(e)
}

/// The error for a folder in the place of a file.
pub(super) fn is_a_folder() -> Error {
    Error::invalid("this is a folder, not a file").hint("name the files in it, for example with FOLDER/*.csv")
}

/// The error for a read that failed on the way: the disk, or packed data that is damaged.
pub(super) fn damaged(path: &Path, compression: Compression, e: std::io::Error) -> Error {
    let io = e.raw_os_error().is_some();
    let error = match compression {
        Compression::None => return unreadable(path, e),
        _ if io => return unreadable(path, e),
        _ if e.kind() == ErrorKind::UnexpectedEof => Error::corrupt(format!("the {compression} data is cut short"))
            .hint("the file was not copied or written to its end: fetch it again"),
        _ => Error::corrupt(format!("the {compression} data is damaged: {e}"))
            .hint(format!("test it with {} -t", if compression == Compression::Gzip { "gzip" } else { "zstd" })),
    };
    error.with("file", path.display()).caused_by(e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(path: &Path, compression: Compression, skip: u64) -> Result<Vec<u8>> {
        let mut plain = unpacked(path, compression, skip, Arc::default())?;
        let mut out = Vec::new();
        plain.read_to_end(&mut out).map_err(|e| damaged(path, compression, e))?;
        Ok(out)
    }

    #[test]
    fn members_and_frames_one_after_the_other_are_one_stream() {
        let dir = tempfile::tempdir().unwrap();
        let (gz, zst) = (dir.path().join("a"), dir.path().join("b"));
        let mut gzip = Vec::new();
        let mut zstd = Vec::new();
        for part in [b"one\n".as_slice(), b"two\n"] {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(part).unwrap();
            gzip.extend(encoder.finish().unwrap());
            zstd.extend(zstd::encode_all(part, 1).unwrap());
        }
        std::fs::write(&gz, &gzip).unwrap();
        std::fs::write(&zst, &zstd).unwrap();
        assert_eq!(
            (sniff(&gzip), sniff(&zstd), sniff(b"a,b")),
            (Compression::Gzip, Compression::Zstd, Compression::None)
        );
        assert_eq!(read_all(&gz, Compression::Gzip, 0).unwrap(), b"one\ntwo\n");
        assert_eq!(read_all(&zst, Compression::Zstd, 4).unwrap(), b"two\n");
    }

    #[test]
    fn zeros_behind_gzip_are_padding_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"one\n").unwrap();
        let whole = encoder.finish().unwrap();
        let read = |behind: &[&[u8]]| {
            std::fs::write(&path, [&whole, &behind.concat()[..]].concat()).unwrap();
            read_all(&path, Compression::Gzip, 0)
        };
        for zeros in [1, 7, 512, CHUNK, 3 * CHUNK + 5] {
            assert_eq!(read(&[&vec![0; zeros]]).unwrap(), b"one\n", "{zeros}");
        }
        assert_eq!(read(&[&whole, &[0; 512]]).unwrap(), b"one\none\n");
        for odd in [&[&[0; 512][..], b"x"][..], &[&vec![0; CHUNK], &whole], &[b"more than ten bytes"], &[b"\x1f\x8b"]] {
            assert_eq!(read(odd).unwrap_err().kind(), Kind::Corrupt);
        }
    }

    #[test]
    fn a_cut_stream_is_told_from_a_damaged_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.zst");
        let whole = zstd::encode_all(vec![b'x'; 100_000].as_slice(), 1).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        assert!(read_all(&path, Compression::Zstd, 0).unwrap_err().message().contains("cut short"));
        std::fs::write(&path, [ZSTD, b"garbage that is no frame"].concat()).unwrap();
        let error = read_all(&path, Compression::Zstd, 0).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
    }
}
