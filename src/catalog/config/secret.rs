//! What must never be shown: secrets in properties and in URIs.

/// What stands where a secret was.
const HIDDEN: &str = "***";

const TELLING: [&str; 14] = [
    "token",
    "credential",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "account-key",
    "access-key",
    "api-key",
    "sas",
    "signature",
    "connection-string",
    "private",
];

/// Whether a property of this name holds a secret.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('_', "-");
    TELLING.iter().any(|word| key.contains(word)) || key == "pwd" || key == "sig" || key == "key"
}

/// A property's value as it may be shown.
pub fn shown(key: &str, value: &str) -> String {
    if is_secret(key) { HIDDEN.to_string() } else { redact_uri(value) }
}

/// A URI without user, password and the secrets of its query. What is no URI comes back as it is.
pub fn redact_uri(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_string() };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let is_path = scheme.starts_with("sqlite") || scheme == "file";
    if !is_path && query.is_some_and(|query| query.contains('@')) {
        // Either a password with a question mark or a query with an @: nobody can tell, so nothing is shown.
        return format!("{scheme}://{HIDDEN}");
    }
    // A password may hold a raw slash or @: whatever stands before the last @ goes. Local paths may hold an @.
    let place = match place.rsplit_once('@') {
        Some((_, host)) if !is_path => format!("{HIDDEN}@{host}"),
        _ => place.to_string(),
    };
    match query {
        None => format!("{scheme}://{place}"),
        Some(query) => format!("{scheme}://{place}?{}", redact_query(query)),
    }
}

fn redact_query(query: &str) -> String {
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if is_secret(key) => format!("{key}={HIDDEN}"),
        _ => pair.to_string(),
    });
    shown.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_name() {
        for key in
            ["token", "credential", "s3.secret-access-key", "s3.access-key-id", "adls.account-key", "sig", "PASSWORD"]
        {
            assert!(is_secret(key), "{key}");
        }
        for key in ["uri", "warehouse", "s3.endpoint", "s3.region", "type", "scope"] {
            assert!(!is_secret(key), "{key}");
        }
    }

    #[test]
    fn a_uri_loses_user_and_password() {
        for (uri, shown) in [
            ("postgresql://me:pw@host/db", "postgresql://***@host/db"),
            ("postgresql://me:p/w@x@host/db?sslpassword=no&a=b", "postgresql://***@host/db?sslpassword=***&a=b"),
            ("https://host/p?token=abc", "https://host/p?token=***"),
            ("sqlite:////home/me@work/c.db", "sqlite:////home/me@work/c.db"),
            ("https://host/p?x=me:pw@y", "https://***"),
            ("postgresql://me:p?w@host/db", "postgresql://***"),
            ("/plain/path@x", "/plain/path@x"),
        ] {
            assert_eq!(redact_uri(uri), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_password_gets_through(before in "[a-z:/@?]{0,6}", after in "[a-z:/@?]{0,6}") {
            let shown = redact_uri(&format!("postgresql://u:{before}HUNTER{after}@host/db?sslpassword=HUNTER"));
            assert!(!shown.contains("HUNTER"), "{shown}");
        }
    }
}
