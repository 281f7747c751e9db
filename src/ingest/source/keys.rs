//! Keys that stand twice within one JSON object: decoders keep the last value and drop the others, so such a line is no row.
//!
//! Looks at sound JSON only; what it makes of anything else does not matter. Keys are compared as they are written.

use memchr::memchr2;

/// Keys of one object up to which each is compared with each; more are sorted.
const FEW: usize = 16;

/// Finds keys that stand twice; its room is used again for each line.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    /// The keys of the objects that are open, the outermost first.
    keys: Vec<&'a [u8]>,
    /// Where those of each open object begin.
    starts: Vec<usize>,
}

impl<'a> Keys<'a> {
    /// The first key found to be there twice within one object of the line.
    pub(super) fn twice_in(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        self.keys.clear();
        self.starts.clear();
        let mut at = 0;
        while let Some(byte) = line.get(at) {
            at += 1;
            match byte {
                b'{' => self.starts.push(self.keys.len()),
                b'}' => {
                    let start = self.starts.pop().unwrap_or_default();
                    if let Some(twice) = twice(self.keys.get_mut(start..).unwrap_or_default()) {
                        return Some(twice);
                    }
                    self.keys.truncate(start);
                }
                b'"' => {
                    let end = string_end(line, at);
                    let behind = line.get(end + 1..).unwrap_or_default().trim_ascii_start();
                    if behind.first() == Some(&b':') {
                        self.keys.push(line.get(at..end).unwrap_or_default());
                    }
                    at = end + 1;
                }
                _ => {}
            }
        }
        None
    }
}

/// The keys of one sound JSON object, as they are written, each with its value as it stands.
pub(super) fn members(object: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut members, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    let (mut key, mut from) = (None, 0);
    while let Some(byte) = object.get(at) {
        match byte {
            b'"' => {
                let end = string_end(object, at + 1);
                if depth == 1 && key.is_none() {
                    key = object.get(at + 1..end);
                }
                at = end;
            }
            b':' if depth == 1 => from = at + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' => {
                if depth == 1
                    && let Some(key) = key.take()
                {
                    members.push((key, object.get(from..at).unwrap_or_default().trim_ascii()));
                }
                depth = depth.saturating_sub(usize::from(*byte != b','));
            }
            _ => {}
        }
        at += 1;
    }
    members
}

/// Where the string that begins at `from` has its closing quote.
fn string_end(line: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = line.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if line.get(at + found) == Some(&b'"') {
            return at + found;
        }
        at += found + 2;
    }
    line.len()
}

fn twice<'a>(keys: &mut [&'a [u8]]) -> Option<&'a [u8]> {
    if keys.len() > FEW {
        keys.sort_unstable();
        let mut pairs = keys.iter().zip(keys.iter().skip(1));
        return pairs.find(|(a, b)| a == b).map(|(a, _)| *a);
    }
    keys.iter().enumerate().find(|(i, key)| keys.iter().take(*i).any(|other| other == *key)).map(|(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice_in(line: &str) -> Option<String> {
        Keys::default().twice_in(line.as_bytes()).map(|key| String::from_utf8_lossy(key).into_owned())
    }

    #[test]
    fn only_keys_of_one_object_are_twice() {
        for fine in [
            r#"{}"#,
            r#"{"a": "a", "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}], "d": "{\"a\": 1, \"a\": 2}"}"#,
            r#"{"a": "\\", "b": "\"a\":", "a\"": 1}"#,
        ] {
            assert_eq!(twice_in(fine), None, "{fine}");
        }
        assert_eq!(twice_in(r#"{"a": 1, "b": 2, "a" : 3}"#).as_deref(), Some("a"));
        assert_eq!(twice_in(r#"{"o": [{"x": 1, "y": "x", "x": 2}]}"#).as_deref(), Some("x"));
        assert_eq!(twice_in(r#"{"a": {"b": 1}, "c": "}", "a": null}"#).as_deref(), Some("a"));
        let many: Vec<_> = (0..100).map(|i| format!("\"k{}\": 1", i % 99)).collect();
        assert_eq!(twice_in(&format!("{{{}}}", many.join(","))).as_deref(), Some("k0"));
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        for odd in ["", "}", "\"", "{\"a", "{\"a\\", "}}}\"a\":1,\"a\":2}", "[[["] {
            let _ = twice_in(odd);
        }
    }
}
