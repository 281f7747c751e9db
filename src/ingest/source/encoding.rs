//! Text in any encoding as a stream of UTF-8. Guesses the encoding where no byte order mark tells it.
//!
//! A byte that does not belong to the encoding comes out as `0xFF`, which UTF-8 never holds: the row it stands in
//! becomes a fault when it is decoded, instead of being changed in silence.

use std::io::Read;

use chardetng::EncodingDetector;
use encoding_rs::{
    DecoderResult, Encoding, ISO_8859_2, ISO_8859_4, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1252,
    WINDOWS_1254, WINDOWS_1257, WINDOWS_1258,
};

use crate::{Error, Result};

const CHUNK: usize = 64 * 1024;
/// Those of Latin letters that may be guessed.
const LATIN: [&Encoding; 7] =
    [WINDOWS_1252, WINDOWS_1250, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258, ISO_8859_2, ISO_8859_4];
/// What stands for a byte that is not valid.
const INVALID: u8 = 0xff;

/// The encoding named by a label of the WHATWG standard.
pub(super) fn by_label(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        Error::invalid(format!("{label:?} is not an encoding"))
            .hint("for example utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15, shift_jis")
    })
}

/// The length of the byte order mark at the start of the file, if it is that of `encoding`.
pub(super) fn mark_length(head: &[u8], encoding: &'static Encoding) -> usize {
    match Encoding::for_bom(head) {
        Some((found, length)) if found == encoding => length,
        _ => 0,
    }
}

/// What was found of a file's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) encoding: &'static Encoding,
    /// It is not UTF-8, and which of many others it is was guessed from the letters.
    pub(super) guessed: bool,
    /// Letters of UTF-8 are there, too: read as the guess they would be two wrong ones each.
    pub(super) mixed: bool,
}

impl From<&'static Encoding> for Detected {
    /// An encoding that is no guess.
    fn from(encoding: &'static Encoding) -> Self {
        Self { encoding, guessed: false, mixed: false }
    }
}

/// The encoding of a file from samples of it, the first of which is its start. Each sample but the first may begin and
/// end within a character.
pub(super) fn detect(samples: &[Vec<u8>]) -> Detected {
    let head = samples.first().map_or(&[][..], Vec::as_slice);
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding.into();
    }
    if let Some(encoding) = utf16_without_mark(head) {
        return encoding.into();
    }
    if samples.iter().all(|sample| is_utf8_inside(sample)) {
        return UTF_8.into();
    }
    let mut detector = EncodingDetector::new();
    for (i, sample) in samples.iter().enumerate() {
        detector.feed(sample, i + 1 == samples.len());
    }
    let encoding = detector.guess(None, true);
    Detected { encoding, guessed: true, mixed: LATIN.contains(&encoding) && is_mixed(samples) }
}

/// Whether many of the letters beyond ASCII are western ones in UTF-8. In one byte each, the two of such a letter are
/// `Ã`, or what other alphabets have in its place, and a sign: next to nobody writes that.
fn is_mixed(samples: &[Vec<u8>]) -> bool {
    let (mut letters, mut others) = (0, 0);
    for chunk in samples.iter().flat_map(|sample| sample.utf8_chunks()) {
        letters += chunk.valid().chars().filter(|c| ('\u{c0}'..='\u{ff}').contains(c)).count();
        others += usize::from(!chunk.invalid().is_empty());
    }
    letters > 0 && letters * 4 >= others
}

/// The line of the first byte that is not UTF-8; the last line where all are.
pub(super) fn first_invalid_line(mut text: impl Read) -> std::io::Result<u64> {
    let lines = |text: &[u8]| memchr::memchr_iter(b'\n', text).count() as u64;
    let (mut line, mut piece) = (1, Vec::with_capacity(CHUNK));
    loop {
        let read = text.by_ref().take(CHUNK as u64).read_to_end(&mut piece)?;
        let Err(e) = std::str::from_utf8(&piece) else {
            line += lines(&piece);
            piece.clear();
            if read == 0 {
                return Ok(line);
            }
            continue;
        };
        line += lines(piece.get(..e.valid_up_to()).unwrap_or_default());
        if e.error_len().is_some() || read == 0 {
            return Ok(line);
        }
        piece.drain(..e.valid_up_to());
    }
}

/// Text of western languages in UTF-16 has a zero in nearly every second byte.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let head = head.get(..head.len().min(4096))?;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half < 2 {
        None
    } else if odd * 10 > half * 7 && even * 10 < half {
        Some(UTF_16LE)
    } else if even * 10 > half * 7 && odd * 10 < half {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether bytes are UTF-8, save for a character cut at either end. A stray byte or two in a long text do not speak
/// against it: they are faults of their rows.
fn is_utf8_inside(sample: &[u8]) -> bool {
    let lead = sample.iter().take(3).take_while(|b| **b & 0xc0 == 0x80).count();
    let (mut good, mut bad, mut rest) = (0usize, 0usize, sample.get(lead..).unwrap_or_default());
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                good += text.bytes().filter(|b| !b.is_ascii()).count();
                return bad == 0 || good > bad * 20;
            }
            Err(e) => {
                let (valid, after) = rest.split_at(e.valid_up_to());
                good += valid.iter().filter(|b| !b.is_ascii()).count();
                let Some(skip) = e.error_len() else { return bad == 0 || good > bad * 20 };
                bad += 1;
                rest = after.get(skip..).unwrap_or_default();
            }
        }
    }
}

/// A reader that gives UTF-8 from text in another encoding.
pub(super) struct Utf8Reader<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    input: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    /// UTF-8 that waits for room.
    output: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf8Reader<R> {
    /// Reads `inner`, past its byte order mark, as `encoding`.
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; CHUNK],
            start: 0,
            end: 0,
            finished: false,
            output: Vec::with_capacity(CHUNK * 2),
            given: 0,
        }
    }

    /// Decodes some input into the empty output.
    fn refill(&mut self) -> std::io::Result<()> {
        self.output.clear();
        self.given = 0;
        while self.output.is_empty() && !self.finished {
            if self.start == self.end {
                self.start = 0;
                self.end = self.inner.read(&mut self.input)?;
            }
            let last = self.end == 0;
            self.decode(last);
        }
        Ok(())
    }

    fn decode(&mut self, last: bool) {
        self.output.resize(CHUNK * 2, 0);
        let input = self.input.get(self.start..self.end).unwrap_or_default();
        let room = self.output.len() - 1;
        let into = self.output.get_mut(..room).unwrap_or_default();
        let (result, read, mut written) = self.decoder.decode_to_utf8_without_replacement(input, into, last);
        self.start += read;
        match result {
            DecoderResult::InputEmpty => self.finished = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                if let Some(byte) = self.output.get_mut(written) {
                    *byte = INVALID;
                }
                written += 1;
            }
        }
        self.output.truncate(written);
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.given == self.output.len() {
            self.refill()?;
        }
        let ready = self.output.get(self.given..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    }

    #[test]
    fn encodings_are_told_from_their_bytes() {
        let western = b"name;city\nJos\xe9;K\xf6ln\nRen\xe9e;M\xfcnchen\nFran\xe7ois;Li\xe8ge\n".to_vec();
        let found = |bytes: &[u8]| detect(&[bytes.to_vec()]);
        assert_eq!(found(b"a,b\n1,2\n"), UTF_8.into());
        assert_eq!(found("größe,ß\n".as_bytes()), UTF_8.into());
        assert_eq!(found(&western), Detected { guessed: true, ..WINDOWS_1252.into() });
        assert_eq!(found(&utf16("a,b\n1,2\n", true)), UTF_16LE.into());
        assert_eq!(found(&utf16("a,b\n1,2\n", false)), UTF_16BE.into());
        assert_eq!(found(&[&[0xff, 0xfe], utf16("ж", true).as_slice()].concat()), UTF_16LE.into());
    }

    #[test]
    fn utf8_between_single_bytes_is_no_legacy_text() {
        let mixed = |bytes: &[u8]| detect(&[bytes.to_vec()]).mixed;
        assert!(mixed(b"a,b\n1,x\n2,\xe9t\xe9\n3,\xc3\xa9\n"));
        assert!(mixed(
            "name\nGr\u{fc}n\nK\u{f6}ln\n"
                .as_bytes()
                .iter()
                .chain(b"M\xfcnchen\n")
                .copied()
                .collect::<Vec<_>>()
                .as_slice()
        ));
        for legacy in [
            &b"S\xc3O PAULO;MA\xc7\xc3;\xabBEL\xc9M\xbb"[..],
            b"\x84Spa\xdf\x93, \x84Gru\xdf\x93 und \x84M\xfc\xdfe\x93",
            b"\xca\xe8\xbf\xe2, \xc2\xb3\xed\xed\xe8\xf6\xff, \xcb\xfc\xe2\xb3\xe2",
            b"\x93\xfa\x96{\x8c\xea\x82\xcc\x83e\x83L\x83X\x83g",
        ] {
            let found = detect(&[legacy.to_vec()]);
            assert!(found.guessed && !found.mixed, "{found:?}");
        }
    }

    #[test]
    fn the_first_line_that_is_no_utf8_is_found() {
        let line = |bytes: &[u8]| first_invalid_line(bytes).unwrap();
        assert_eq!(line(b"a\n\xc3\xa9\n\xe9t\n\xff"), 3);
        assert_eq!(line(&["€\n".repeat(CHUNK).as_bytes(), b"\xe2\x82"].concat()), CHUNK as u64 + 1);
    }

    #[test]
    fn a_character_cut_by_the_sample_does_not_speak_against_utf8() {
        let text = "ä€😀".repeat(10);
        for (start, end) in [(0, 5), (1, 20), (3, 17), (2, text.len() - 1)] {
            assert!(is_utf8_inside(&text.as_bytes()[start..end]), "{start}..{end}");
        }
    }

    #[test]
    fn what_is_not_valid_comes_out_as_a_byte_that_utf8_never_holds() {
        let mut bytes = utf16("ab", true);
        bytes.extend([0x00, 0xd8]);
        bytes.extend(utf16("c", true));
        let mut out = Vec::new();
        Utf8Reader::new(bytes.as_slice(), UTF_16LE).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"ab\xffc");
    }

    #[test]
    fn long_text_passes_in_small_pieces() {
        let text = "Zürich 😀 ".repeat(40_000);
        let bytes = utf16(&text, false);
        let mut reader = Utf8Reader::new(bytes.as_slice(), UTF_16BE);
        let (mut out, mut piece) = (Vec::new(), [0; 777]);
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            out.extend_from_slice(&piece[..n]);
        }
        assert_eq!(out, text.as_bytes());
    }
}
