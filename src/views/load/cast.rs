//! How text is read, as one line that a person types: `%d.%m.%Y %H:%M; @Europe/Berlin`. Both ways; checks nothing that
//! the binding checks.

use crate::ingest::mapping::Cast;
use crate::ingest::parse::BinaryText;
use crate::{Error, Result};

/// What may be typed, for the prompt.
pub const HINT: &str = "parts with ; between them: a strftime pattern (%d.%m.%Y %H:%M) or epoch, epoch_ms · @Europe/Berlin for \
                        times without an offset · decimal-comma · thousands=. · yes=ja,j · no=nein,n · hex or base64";

/// The line that stands for a cast.
pub fn to_line(cast: &Cast) -> String {
    let mut parts = Vec::new();
    parts.extend(cast.format.clone());
    parts.extend(cast.zone.as_ref().map(|zone| format!("@{zone}")));
    if cast.decimal_comma {
        parts.push("decimal-comma".into());
    }
    parts.extend(cast.thousands.map(|c| format!("thousands={c}")));
    for (name, words) in [("yes", &cast.yes), ("no", &cast.no)] {
        if !words.is_empty() {
            parts.push(format!("{name}={}", words.join(",")));
        }
    }
    parts.extend(cast.binary.map(|b| format!("{b:?}").to_lowercase()));
    parts.join("; ")
}

/// The cast that a line stands for.
///
/// # Errors
/// Two patterns, or more than one character between thousands.
pub fn from_line(line: &str) -> Result<Cast> {
    let mut cast = Cast::default();
    for part in line.split(';').map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("thousands", mark)) => cast.thousands = Some(one(mark)?),
            Some(("yes", words)) => cast.yes = split(words),
            Some(("no", words)) => cast.no = split(words),
            _ => plain(part, &mut cast)?,
        }
    }
    Ok(cast)
}

fn plain(part: &str, cast: &mut Cast) -> Result<()> {
    match part {
        "decimal-comma" => cast.decimal_comma = true,
        "hex" => cast.binary = Some(BinaryText::Hex),
        "base64" => cast.binary = Some(BinaryText::Base64),
        _ => match (part.strip_prefix('@'), &cast.format) {
            (Some(zone), _) => cast.zone = Some(zone.to_string()),
            (None, None) => cast.format = Some(part.to_string()),
            (None, Some(_)) => return Err(Error::invalid(format!("{part:?} is a second pattern")).hint(HINT)),
        },
    }
    Ok(())
}

fn one(text: &str) -> Result<char> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        (None, _) => Ok(' '),
        _ => Err(Error::invalid("one character stands between thousands").hint(HINT)),
    }
}

fn split(words: &str) -> Vec<String> {
    words.split(',').map(|word| word.trim().to_string()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        for line in ["%d.%m.%Y %H:%M; @Europe/Berlin", "decimal-comma; thousands=.", "yes=ja,j; no=nein", "base64", ""]
        {
            assert_eq!(to_line(&from_line(line).unwrap()), line);
        }
        assert!(from_line("%Y; %m").is_err());
    }
}
