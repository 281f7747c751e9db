//! What a server answered: its status, its body, and the error that the body tells, if it tells one.

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Kind, Result};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Vec<u8>,
}

/// The error of a body, as the protocol shapes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The exception's name: `CommitFailedException`. Empty where the body tells none.
    pub type_name: String,
    /// What it says, one line, shortened.
    pub message: String,
}

/// Characters of a message that are shown; the rest is in the log.
const SHOWN: usize = 400;

impl Answer {
    /// The error that the body tells. A body that is none (a proxy's page, nothing at all) gives the status alone.
    pub fn told(&self) -> Told {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let field = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
        if let Some(stack) = body.pointer("/error/stack").filter(|stack| !stack.is_null()) {
            tracing::debug!(%stack, "the catalog's stack");
        }
        // OAuth's servers answer {"error": "invalid_client", "error_description": ".."}.
        let oauth = body.get("error").and_then(Value::as_str);
        let described = body.get("error_description").and_then(Value::as_str);
        let message = field("message").or(described).or(oauth);
        Told {
            type_name: field("type").unwrap_or_default().to_string(),
            message: message.map(one_line).unwrap_or_else(|| format!("the catalog answered {}", self.status)),
        }
    }

    /// The body as a value.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] where it is none.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Error::corrupt("the catalog's answer cannot be understood").with("because", one_line(&e.to_string()))
        })
    }

    /// The answer itself where it is a success, else its error; `missing` and `taken` say what 404 and 409 are about.
    ///
    /// # Errors
    /// By the status and the exception's name.
    pub fn success(self, what: &str) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        let told = self.told();
        let kind = kind(self.status, &told.type_name);
        let error = Error::new(kind, what).with("because", &told.message).with("status", self.status.as_u16());
        Err(match kind {
            Kind::Denied => error.hint("check the catalog's credential or token, and what it may do there"),
            Kind::Unavailable => error.hint("try again; the server may be overloaded or starting"),
            _ => error,
        })
    }
}

fn kind(status: StatusCode, type_name: &str) -> Kind {
    match (status.as_u16(), type_name) {
        (404, _) => Kind::NotFound,
        (409, "NamespaceNotEmptyException") => Kind::Invalid,
        (409, _) => Kind::AlreadyExists,
        (401 | 403 | 407, _) => Kind::Denied,
        (408 | 425 | 429, _) => Kind::Unavailable,
        (405 | 406 | 501, _) => Kind::Unsupported,
        (400..=499, _) => Kind::Invalid,
        _ => Kind::Unavailable,
    }
}

/// A server's text as one line without control characters, shortened.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN + 1).collect();
    match plain.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default()),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: StatusCode::from_u16(status).unwrap(), body: body.into() }
    }

    #[test]
    fn an_error_is_told_in_one_safe_line() {
        let body = r#"{"error": {"message": "no\u001b[2J\nsuch table", "type": "NoSuchTableException", "code": 404, "stack": ["a"]}}"#;
        let told = answer(404, body).told();
        assert_eq!((told.type_name.as_str(), told.message.as_str()), ("NoSuchTableException", "no [2J such table"));
        assert_eq!(answer(503, "<html>").told().message, "the catalog answered 503 Service Unavailable");
        let oauth = answer(401, r#"{"error": "invalid_client", "error_description": "wrong secret"}"#).told();
        assert_eq!(oauth.message, "wrong secret");
        assert!(
            answer(400, &format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(9000))).told().message.len() < 1000
        );
    }

    #[test]
    fn the_kind_goes_by_status_and_name() {
        for (status, body, expected) in [
            (404, "", Kind::NotFound),
            (409, r#"{"error":{"type":"AlreadyExistsException"}}"#, Kind::AlreadyExists),
            (409, r#"{"error":{"type":"NamespaceNotEmptyException"}}"#, Kind::Invalid),
            (401, "", Kind::Denied),
            (429, "", Kind::Unavailable),
            (500, "<html>", Kind::Unavailable),
            (302, "", Kind::Unavailable),
        ] {
            assert_eq!(answer(status, body).success("cannot").unwrap_err().kind(), expected, "{status}");
        }
    }
}
