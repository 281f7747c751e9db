//! One error type for the whole program. Its [`Kind`] says what the operator does next.
//!
//! Conversions from other crates' errors live at the edges (the module that calls the crate), where context and hints
//! can be added; this file must not know those crates.

use std::fmt;

/// What the operator does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The input is wrong: mend it and try again.
    Invalid,
    /// The named thing does not exist.
    NotFound,
    /// The named thing exists already.
    AlreadyExists,
    /// Credentials or permissions are missing, or this connection is read-only.
    Denied,
    /// Something outside does not answer, is locked or is full: try again.
    Unavailable,
    /// A change was sent and nobody knows whether it was made: look before it is tried again.
    Unknown,
    /// icedeck, the catalog or the format cannot do this.
    Unsupported,
    /// Stored bytes are not what they should be.
    Corrupt,
    /// The operator stopped it.
    Cancelled,
    /// A fault of icedeck: report it.
    Bug,
}

/// A failure: what happened, to what, and what to do next.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    context: Vec<(&'static str, String)>,
    hints: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in icedeck that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of `kind`; the message is one sentence without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), context: Vec::new(), hints: Vec::new(), source: None }
    }

    /// Wrong input.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// A thing that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Something that cannot be done here.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// Stored bytes that are not what they should be.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::Corrupt, message)
    }

    /// A fault of icedeck itself.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }

    /// The operator stopped it.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "cancelled")
    }

    /// Names a thing that the failure is about: `("file", path)`, `("line", 12)`, `("table", name)`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// The same failure as another kind: what an answer means depends on what it answers.
    #[must_use]
    pub fn as_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Says what to do next. What was said already is not said again.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// The same failure with a thing called by the name that the operator knows.
    #[must_use]
    pub fn calling(mut self, thing: &str, name: &str) -> Self {
        let told = self.context.iter_mut().map(|(_, value)| value).chain(&mut self.hints);
        told.chain([&mut self.message]).for_each(|text| *text = text.replace(thing, name));
        self
    }

    /// Keeps the cause, for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the operator does next.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence alone, without context.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next, in order.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The things it is about.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }

    /// Whether the operator stopped it.
    pub fn is_cancelled(&self) -> bool {
        self.kind == Kind::Cancelled
    }

    /// The whole story over several lines: the sentence, its causes and hints. For the log and for standard error.
    pub fn report(&self) -> String {
        let mut out = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(e) = cause {
            let text = e.to_string();
            if !out.contains(&text) {
                out.push_str(&format!("\n  cause: {text}"));
            }
            cause = e.source();
        }
        for hint in &self.hints {
            out.push_str(&format!("\n  hint: {hint}"));
        }
        out
    }
}

/// One line: the sentence and its context.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (i, (name, value)) in self.context.iter().enumerate() {
            write!(f, "{}{name} {value}", if i == 0 { " (" } else { ", " })?;
        }
        if self.context.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e.as_ref() as _)
    }
}

/// Adds context to the error of a result.
pub trait Context<T> {
    /// Names a thing that the failure is about.
    fn context(self, name: &'static str, value: impl fmt::Display) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context(self, name: &'static str, value: impl fmt::Display) -> Result<T> {
        self.map_err(|e| e.with(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_the_things_it_is_about() {
        let e = Error::invalid("the quote never closes").with("file", "a.csv").with("line", 7);
        assert_eq!(e.to_string(), "the quote never closes (file a.csv, line 7)");
    }

    #[test]
    fn a_hint_is_said_once() {
        let e = Error::invalid("no").hint("nothing was committed").hint("try again").hint("nothing was committed");
        assert_eq!(e.hints(), ["nothing was committed", "try again"]);
    }

    #[test]
    fn the_report_adds_causes_and_hints() {
        let io = std::io::Error::other("disk on fire");
        let e = Error::new(Kind::Unavailable, "cannot write").caused_by(io).hint("free some space");
        assert_eq!(e.report(), "cannot write\n  cause: disk on fire\n  hint: free some space");
    }
}
