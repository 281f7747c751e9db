//! Words for true and false.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, BooleanBufferBuilder, StringViewArray};

use super::{ParseFormat, Parsed, Reason, nulls_with};
use crate::{Error, Result};

const YES: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
const NO: [&str; 6] = ["false", "f", "no", "n", "off", "0"];

/// The words in use, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Words {
    yes: Vec<String>,
    no: Vec<String>,
    not: Reason,
}

impl Words {
    pub(super) fn new(format: &ParseFormat) -> Result<Self> {
        let lower = |words: &[String]| words.iter().map(|w| w.trim().to_lowercase()).collect::<Vec<_>>();
        let (yes, no) = match &format.booleans {
            Some(words) => (lower(&words.yes), lower(&words.no)),
            None => (YES.map(String::from).to_vec(), NO.map(String::from).to_vec()),
        };
        if yes.is_empty() || no.is_empty() {
            return Err(Error::invalid("there must be a word for true and one for false"));
        }
        if let Some(both) = yes.iter().find(|w| no.contains(w)) {
            return Err(Error::invalid(format!("{both} cannot mean both true and false")));
        }
        let not = match &format.booleans {
            Some(_) => Reason::not(format!("neither {} nor {}", yes.join(", "), no.join(", "))),
            None => Reason::not("not a boolean (true or false)"),
        };
        Ok(Self { yes, no, not })
    }

    pub(super) fn parse(&self, text: &StringViewArray) -> Parsed {
        let mut bad = Vec::new();
        let mut values = BooleanBufferBuilder::new(text.len());
        for (row, cell) in text.iter().enumerate() {
            let value = cell.map(|cell| self.meaning(cell.trim()));
            if value == Some(None) {
                bad.push((row, self.not.clone()));
            }
            values.append(value.flatten().unwrap_or_default());
        }
        let nulls = nulls_with(text.nulls(), &bad, text.len());
        Parsed { array: Arc::new(BooleanArray::new(values.finish(), nulls)), bad }
    }

    fn meaning(&self, cell: &str) -> Option<bool> {
        let among = |words: &[String]| words.iter().any(|w| same(w, cell));
        if among(&self.yes) {
            Some(true)
        } else if among(&self.no) {
            Some(false)
        } else {
            None
        }
    }
}

/// Whether a cell is the word, which is in lower case, without regard to case.
fn same(word: &str, cell: &str) -> bool {
    word.eq_ignore_ascii_case(cell) || (!cell.is_ascii() && word == cell.to_lowercase())
}
