//! How the files are read, as lines to show and as choices to change: each detected, each overridable.

use crate::ingest::source::{Format, Mark, SourceOptions, SourceSettings};
use crate::views::widgets::text;
use crate::{Error, Result};

/// One thing about how files are read that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// CSV, NDJSON or Parquet.
    Format,
    /// What stands between fields.
    Delimiter,
    /// What encloses fields.
    Quote,
    /// Whether the first row holds names.
    Header,
    /// What means null.
    Nulls,
    /// The encoding.
    Encoding,
    /// Lines to pass over.
    SkipLines,
    /// Look at all rows for the types.
    AllRows,
}

impl Setting {
    /// All of them.
    pub const ALL: [Setting; 8] = [
        Setting::Delimiter,
        Setting::Quote,
        Setting::Header,
        Setting::Nulls,
        Setting::Encoding,
        Setting::SkipLines,
        Setting::AllRows,
        Setting::Format,
    ];

    /// Those that can be changed for this format.
    pub fn of(settings: &SourceSettings) -> Vec<Setting> {
        use Setting::{AllRows, Encoding, Format as Kind};
        match settings.format {
            Format::Csv => Self::ALL.to_vec(),
            Format::NdJson => vec![Encoding, AllRows, Kind],
            Format::Parquet => vec![Kind],
        }
    }

    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Setting::Format => "format",
            Setting::Delimiter => "delimiter",
            Setting::Quote => "quote",
            Setting::Header => "header",
            Setting::Nulls => "null strings",
            Setting::Encoding => "encoding",
            Setting::SkipLines => "lines to skip",
            Setting::AllRows => "types from",
        }
    }

    /// What may be entered.
    pub fn hint(self) -> &'static str {
        match self {
            Setting::Format => "csv, ndjson or parquet; empty detects it",
            Setting::Delimiter => "one character, or tab; empty detects it",
            Setting::Quote => "one character, or none to switch quoting off; empty detects it",
            Setting::Header => "yes or no; empty detects it",
            Setting::Nulls => "strings that mean null, with | between them; empty detects them",
            Setting::Encoding => "utf-8, utf-16le, windows-1252, ..; empty detects it",
            Setting::SkipLines => "how many lines stand before the header or the first row",
            Setting::AllRows => "all looks at every row before the types are told; sample at some",
        }
    }

    /// What holds now, as it may be entered.
    pub fn value(self, settings: &SourceSettings, all_rows: bool) -> String {
        let dialect = settings.dialect.as_ref();
        match self {
            Setting::Format => format!("{:?}", settings.format).to_lowercase(),
            Setting::Encoding => settings.encoding.to_lowercase(),
            Setting::AllRows => if all_rows { "all" } else { "sample" }.into(),
            Setting::Delimiter => dialect.map(|d| mark(Mark(Some(d.delimiter)))).unwrap_or_default(),
            Setting::Quote => dialect.map(|d| mark(d.quote)).unwrap_or_default(),
            Setting::Header => dialect.map(|d| if d.header { "yes" } else { "no" }.to_string()).unwrap_or_default(),
            Setting::Nulls => dialect.map(|d| d.nulls.join("|")).unwrap_or_default(),
            Setting::SkipLines => dialect.map(|d| d.skip_lines.to_string()).unwrap_or_default(),
        }
    }

    /// What was said of it, as it may be entered; empty where it is to be detected.
    pub fn said(self, options: &SourceOptions) -> String {
        let word = |yes: bool| if yes { "yes" } else { "no" }.to_string();
        match self {
            Setting::Format => options.format.map(|format| format!("{format:?}").to_lowercase()),
            Setting::Delimiter => options.delimiter.map(mark),
            Setting::Quote => options.quote.map(mark),
            Setting::Header => options.header.map(word),
            Setting::Nulls => options.nulls.as_ref().map(|nulls| nulls.join("|")),
            Setting::Encoding => options.encoding.clone(),
            Setting::SkipLines => options.skip_lines.map(|lines| lines.to_string()),
            Setting::AllRows => options.infer_from_all.then(|| "all".to_string()),
        }
        .unwrap_or_default()
    }

    /// The options with this one changed to what was entered.
    ///
    /// # Errors
    /// What was entered is none of what may be.
    pub fn change(self, mut options: SourceOptions, entered: &str) -> Result<SourceOptions> {
        let entered = if matches!(self, Setting::Delimiter | Setting::Nulls) { entered } else { entered.trim() };
        let given = (!entered.is_empty()).then_some(entered);
        let no = || Error::invalid(format!("the {} cannot be {entered:?}", self.name())).hint(self.hint());
        match self {
            Setting::Format => options.format = given.map(str::parse).transpose()?,
            Setting::Delimiter => options.delimiter = given.map(str::parse).transpose()?,
            Setting::Quote => options.quote = given.map(str::parse).transpose()?,
            Setting::Header => options.header = given.map(|g| yes(g).ok_or_else(no)).transpose()?,
            Setting::Nulls => options.nulls = given.map(|g| g.split('|').map(str::to_string).collect()),
            Setting::Encoding => options.encoding = given.map(str::to_string),
            Setting::SkipLines => options.skip_lines = given.map(|g| g.parse().map_err(|_| no())).transpose()?,
            Setting::AllRows => options.infer_from_all = given.is_some_and(|g| g == "all"),
        }
        Ok(options)
    }
}

/// What a command must say for files to be read as they are now (`now` says all of that): what was said, or, of what a
/// mapping's file says, what is otherwise now.
pub fn beside(said: &SourceOptions, now: &SourceOptions, held: Option<&SourceOptions>) -> SourceOptions {
    fn differs<T: Clone + PartialEq>(said: &Option<T>, now: &Option<T>, held: Option<&Option<T>>) -> Option<T> {
        match held.and_then(Option::as_ref) {
            Some(held) => now.clone().filter(|now| now != held),
            None => said.clone(),
        }
    }
    SourceOptions {
        paths: Vec::new(),
        format: differs(&said.format, &now.format, held.map(|held| &held.format)),
        compression: said.compression,
        encoding: differs(&said.encoding, &now.encoding, held.map(|held| &held.encoding)),
        delimiter: differs(&said.delimiter, &now.delimiter, held.map(|held| &held.delimiter)),
        quote: differs(&said.quote, &now.quote, held.map(|held| &held.quote)),
        escape: differs(&said.escape, &now.escape, held.map(|held| &held.escape)),
        header: differs(&said.header, &now.header, held.map(|held| &held.header)),
        nulls: differs(&said.nulls, &now.nulls, held.map(|held| &held.nulls)),
        quoted_nulls: None,
        line_end: None,
        skip_lines: differs(&said.skip_lines, &now.skip_lines, held.map(|held| &held.skip_lines)),
        infer_from_all: said.infer_from_all,
    }
}

/// Whether a command with a mapping's file can read files as they are read now: for these two there is no option.
pub fn can_be_told(now: &SourceOptions, held: &SourceOptions) -> bool {
    held.quoted_nulls.is_none_or(|held| now.quoted_nulls == Some(held))
        && held.line_end.is_none_or(|held| now.line_end == Some(held))
}

/// The options of `ingest` that say this, as plain words.
pub fn words(said: &SourceOptions) -> Vec<String> {
    let flag = |on: bool, name: &str| on.then(|| vec![name.to_string()]);
    let option = |name: &str, value: Option<String>| value.map(|value| vec![name.to_string(), value]);
    let parts = [
        option("--format", said.format.map(|format| format.to_string())),
        option("--encoding", said.encoding.clone()),
        option("--delimiter", said.delimiter.map(|mark| mark.to_string())),
        option("--quote", said.quote.map(|mark| mark.to_string())),
        option("--escape", said.escape.map(|mark| mark.to_string())),
        flag(said.header == Some(true), "--header"),
        flag(said.header == Some(false), "--no-header"),
        option("--skip-lines", said.skip_lines.map(|lines| lines.to_string())),
        flag(said.infer_from_all, "--infer-from-all"),
    ];
    let nulls = said.nulls.iter().flatten().map(|null| vec!["--null".to_string(), null.clone()]);
    parts.into_iter().flatten().chain(nulls).flatten().collect()
}

fn yes(word: &str) -> Option<bool> {
    match word {
        "yes" | "y" | "true" => Some(true),
        "no" | "n" | "false" => Some(false),
        _ => None,
    }
}

fn mark(mark: Mark) -> String {
    match mark.0 {
        None => "none".into(),
        Some(b'\t') => "tab".into(),
        Some(byte) => char::from(byte).to_string(),
    }
}

/// How the files are read, in one line: "csv, utf-8, delimiter ',', header".
pub fn summary(settings: &SourceSettings) -> String {
    let mut parts = vec![format!("{:?}", settings.format).to_lowercase(), settings.encoding.to_lowercase()];
    if let Some(dialect) = &settings.dialect {
        parts.push(format!("delimiter {}", mark(Mark(Some(dialect.delimiter)))));
        parts.push(format!("quote {}", mark(dialect.quote)));
        parts.push(if dialect.header { "header" } else { "no header" }.into());
    }
    if settings.compression != crate::ingest::source::Compression::None {
        parts.push(format!("{:?}", settings.compression).to_lowercase());
    }
    text::safe(&parts.join(" · ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(nulls: &str) -> SourceOptions {
        SourceOptions { nulls: Some(vec![nulls.into()]), ..SourceOptions::default() }
    }

    #[test]
    fn what_a_mapping_holds_is_not_said_again_and_what_it_holds_otherwise_is() {
        let (none, x) = (SourceOptions::default(), csv("x"));
        let now = SourceOptions { header: Some(true), ..csv("x") };
        assert_eq!(beside(&x, &now, None), x);
        assert_eq!(beside(&x, &now, Some(&none)), x);
        assert_eq!(beside(&x, &now, Some(&now)), none);
        // Changed, or left to detection again, after the mapping was saved.
        assert_eq!(beside(&x, &now, Some(&csv("y"))), x);
        assert_eq!(beside(&none, &now, Some(&csv("y"))), x);
        let quoted = SourceOptions { quoted_nulls: Some(true), ..SourceOptions::default() };
        assert!(can_be_told(&now, &csv("y")) && can_be_told(&quoted, &quoted) && !can_be_told(&now, &quoted));
    }

    #[test]
    fn what_is_shown_can_be_entered() {
        let settings = SourceSettings {
            format: Format::Csv,
            compression: crate::ingest::source::Compression::None,
            encoding: "UTF-8".into(),
            dialect: Some(crate::ingest::source::Dialect::default()),
        };
        for setting in Setting::of(&settings) {
            let value = setting.value(&settings, false);
            setting.change(SourceOptions::default(), &value).unwrap();
        }
        assert!(Setting::Header.change(SourceOptions::default(), "maybe").is_err());
    }
}
