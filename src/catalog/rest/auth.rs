//! Who we are for the server: nobody, the bearer of a token, or a client whose credential buys tokens that expire.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::answer::Answer;
use super::settings::address;
use crate::env::Env;
use crate::{Error, Result};

/// A token is bought anew so long before it expires, in milliseconds.
const EARLY_MS: i64 = 30_000;

/// Gives the token that a request carries.
pub(super) struct Auth {
    way: Way,
    held: Mutex<Option<Held>>,
    env: Env,
}

enum Way {
    Nobody,
    Token(String),
    Client(Credential),
}

struct Credential {
    endpoint: Url,
    /// `grant_type`, `client_id`, `client_secret`, `scope`, ..
    form: Vec<(&'static str, String)>,
}

struct Held {
    token: String,
    /// When it is of no use any more, in milliseconds since the epoch; nothing where the server did not say.
    until_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Bought {
    access_token: String,
    expires_in: Option<f64>,
}

/// Without secrets.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.way {
            Way::Nobody => "Auth::Nobody",
            Way::Token(_) => "Auth::Token",
            Way::Client(_) => "Auth::Client",
        })
    }
}

impl Auth {
    /// From the properties `token`, or `credential` with `oauth2-server-uri`, `scope`, `audience` and `resource`.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) for an `oauth2-server-uri` that is no address.
    pub fn of(properties: &BTreeMap<String, String>, uri: &Url, env: &Env) -> Result<Self> {
        let property = |name: &str| properties.get(name).map(|v| v.trim().to_string()).filter(|v| !v.is_empty());
        let way = match (property("token"), property("credential")) {
            (Some(token), _) => Way::Token(token),
            (None, None) => Way::Nobody,
            (None, Some(credential)) => {
                let (id, secret) = match credential.split_once(':') {
                    Some((id, secret)) => (Some(id.to_string()), secret.to_string()),
                    None => (None, credential),
                };
                let mut form = vec![("grant_type", "client_credentials".to_string()), ("client_secret", secret)];
                form.extend(id.map(|id| ("client_id", id)));
                form.push(("scope", property("scope").unwrap_or_else(|| "catalog".into())));
                form.extend(property("audience").map(|v| ("audience", v)));
                form.extend(property("resource").map(|v| ("resource", v)));
                Way::Client(Credential { endpoint: endpoint(uri, property("oauth2-server-uri").as_deref())?, form })
            }
        };
        Ok(Self { way, held: Mutex::new(None), env: env.clone() })
    }

    /// The token to send now; nothing for nobody.
    ///
    /// # Errors
    /// Those of the server that sells tokens.
    pub async fn token(&self, http: &reqwest::Client) -> Result<Option<String>> {
        let credential = match &self.way {
            Way::Nobody => return Ok(None),
            Way::Token(token) => return Ok(Some(token.clone())),
            Way::Client(credential) => credential,
        };
        let mut held = self.held.lock().await;
        let now = self.env.now_ms();
        let good = held.as_ref().filter(|held| held.until_ms.is_none_or(|until| now < until));
        if let Some(held) = good {
            return Ok(Some(held.token.clone()));
        }
        let bought = buy(http, credential).await?;
        let lives = bought.expires_in.filter(|s| s.is_finite() && *s > 0.0).map(|s| (s * 1000.0) as i64);
        let until_ms = lives.map(|lives| now.saturating_add((lives - EARLY_MS).max(lives / 2)));
        let token = bought.access_token;
        *held = Some(Held { token: token.clone(), until_ms });
        Ok(Some(token))
    }

    /// Forgets a token that the server refused. Says whether another one can be had.
    pub async fn refused(&self, token: Option<&str>) -> bool {
        if !matches!(self.way, Way::Client(_)) {
            return false;
        }
        let mut held = self.held.lock().await;
        if held.as_ref().map(|held| held.token.as_str()) == token {
            *held = None;
        }
        true
    }
}

/// `oauth2-server-uri` may be relative to the catalog's address; without it the catalog sells tokens itself.
fn endpoint(uri: &Url, given: Option<&str>) -> Result<Url> {
    let mut base = uri.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    let wrong = |e| Error::invalid("no address of a server").with("property", "oauth2-server-uri").caused_by(e);
    match given {
        Some(absolute) if absolute.contains("://") => {
            address(absolute).map_err(|e| e.with("property", "oauth2-server-uri"))
        }
        other => base.join(other.unwrap_or("v1/oauth/tokens")).map_err(wrong),
    }
}

async fn buy(http: &reqwest::Client, credential: &Credential) -> Result<Bought> {
    let failed = |e: reqwest::Error| {
        Error::new(crate::Kind::Unavailable, "the server that sells tokens does not answer").caused_by(e.without_url())
    };
    let sent = http.post(credential.endpoint.clone()).form(&credential.form).send().await.map_err(failed)?;
    let answer = Answer { status: sent.status(), body: sent.bytes().await.map_err(failed)?.to_vec() };
    let answer = answer.success("the server gives no token for this credential")?;
    answer.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_sold_where_the_properties_say() {
        let uri = Url::parse("http://h/iceberg").unwrap();
        let at = |given| endpoint(&uri, given).unwrap().to_string();
        assert_eq!(at(None), "http://h/iceberg/v1/oauth/tokens");
        assert_eq!(at(Some("../realms/x/token")), "http://h/realms/x/token");
        assert_eq!(at(Some("https://id/token")), "https://id/token");
        assert!(endpoint(&uri, Some("ftp://id/token")).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let uri = Url::parse("http://h/").unwrap();
        let properties = BTreeMap::from([("credential".to_string(), "me:hunter2".to_string())]);
        let auth = Auth::of(&properties, &uri, &Env::fixed(std::path::Path::new("/tmp"), 0)).unwrap();
        assert!(!format!("{auth:?}").contains("hunter2"));
    }
}
