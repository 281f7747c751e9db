//! The way of errors through the `iceberg` crate and back: an error of ours keeps its kind, context and hints inside.

use std::error::Error as _;
use std::fmt;

use iceberg::ErrorKind;

use crate::{Error, Kind};

/// Wraps an error of ours for its way through iceberg; it survives inside as the source.
pub fn to_iceberg(error: Error) -> iceberg::Error {
    let kind = match error.kind() {
        Kind::NotFound => ErrorKind::DataInvalid,
        Kind::AlreadyExists => ErrorKind::PreconditionFailed,
        Kind::Unsupported => ErrorKind::FeatureUnsupported,
        _ => ErrorKind::Unexpected,
    };
    iceberg::Error::new(kind, error.to_string()).with_source(error)
}

/// Turns an error of iceberg into one of ours; `what` says what was being done ("cannot read the manifest"). An error of
/// ours that travelled through iceberg comes back with its own sentence, kind, context and hints.
pub fn from_iceberg(error: iceberg::Error, what: &str) -> Error {
    if let Some(own) = own_cause(&error) {
        let mut back = Error::new(own.kind(), own.message());
        for (name, value) in own.context() {
            back = back.with(name, value);
        }
        for hint in own.hints() {
            back = back.hint(hint);
        }
        return if own.source().is_some() { back.caused_by(Carried(error)) } else { back };
    }
    let kind = match error.kind() {
        ErrorKind::PreconditionFailed => Kind::Unavailable,
        ErrorKind::DataInvalid => Kind::Corrupt,
        ErrorKind::NamespaceAlreadyExists | ErrorKind::TableAlreadyExists => Kind::AlreadyExists,
        ErrorKind::NamespaceNotFound | ErrorKind::TableNotFound => Kind::NotFound,
        ErrorKind::FeatureUnsupported => Kind::Unsupported,
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{what}: {}", error.message().trim_end_matches('.'))).caused_by(error)
}

/// What caused an error of ours that travelled through iceberg: the journey itself is not told.
#[derive(Debug)]
struct Carried(iceberg::Error);

impl Carried {
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        own_cause(&self.0).and_then(|own| own.source())
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().map_or(Ok(()), |cause| write!(f, "{cause}"))
    }
}

impl std::error::Error for Carried {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause().and_then(|cause| cause.source())
    }
}

fn own_cause(error: &iceberg::Error) -> Option<&Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(own) = cause.downcast_ref::<Error>() {
            return Some(own);
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_ours_comes_back_as_it_went() {
        let cause = std::io::Error::other("the disk says no");
        let ours =
            Error::new(Kind::Denied, "permission denied").with("file", "/a").hint("ask the owner").caused_by(cause);
        let before = ours.report();
        let back = from_iceberg(to_iceberg(ours), "cannot read");
        assert_eq!(back.report(), before);
        assert_eq!(back.kind(), Kind::Denied);
        assert_eq!(back.to_string(), "permission denied (file /a)");
        assert_eq!(back.hints(), ["ask the owner"]);
    }

    #[test]
    fn a_foreign_error_says_what_was_done() {
        let error = iceberg::Error::new(ErrorKind::TableNotFound, "no table t.");
        let back = from_iceberg(error, "cannot load the table");
        assert_eq!((back.kind(), back.to_string().as_str()), (Kind::NotFound, "cannot load the table: no table t"));
    }
}
