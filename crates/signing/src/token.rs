//! Identity tokens (JSON web tokens), as far as whoever sends one should know: whether it is one, whose, and until when.
//!
//! Nothing is verified here: the authority it is sent to does that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Longest token that is sent, in bytes.
const CAP: usize = 64 << 10;

/// What a token says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    text: String,
    /// Who made it.
    pub issuer: Option<String>,
    /// Until when it is good, in seconds since 1970.
    pub expires: Option<i64>,
    /// Whom it is for.
    pub audience: Vec<String>,
}

/// Why a text is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identity token: {0}")]
pub struct TokenError(&'static str);

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    exp: Option<f64>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Token {
    /// Reads a token; white space around it is dropped, since a header cannot hold it.
    ///
    /// # Errors
    /// When it is no JSON web token.
    pub fn read(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() > CAP {
            return Err(TokenError("it is longer than any"));
        }
        let parts: Vec<_> = text.split('.').collect();
        let &[_, claims, _] = parts.as_slice() else {
            return Err(TokenError("it has not three parts with dots between"));
        };
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            return Err(TokenError("it holds characters that no token has"));
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError("its claims are not base64"))?;
        let claims: Claims =
            serde_json::from_slice(&claims).map_err(|_| TokenError("its claims are not understood"))?;
        let audience = match claims.aud {
            Some(Audience::One(one)) => vec![one],
            Some(Audience::Many(many)) => many,
            None => Vec::new(),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range becomes its end")]
        let expires = claims.exp.filter(|exp| exp.is_finite()).map(|exp| exp as i64);
        Ok(Self { text: text.to_owned(), issuer: claims.iss, expires, audience })
    }

    /// The token itself; a secret.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is over at a time, in seconds since 1970.
    pub fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn reads() {
        let text = token(r#"{"iss":"https://issuer.test","exp":100,"aud":"sigstore"}"#);
        let read = Token::read(&format!(" {text}\n")).unwrap();
        assert_eq!((read.text(), read.issuer.as_deref()), (text.as_str(), Some("https://issuer.test")));
        assert!(read.is_over(100) && !read.is_over(99));
        assert_eq!(Token::read(&token(r#"{"aud":["a","b"]}"#)).unwrap().audience, ["a", "b"]);
        assert!(!Token::read(&token("{}")).unwrap().is_over(i64::MAX));
    }

    #[test]
    fn refuses() {
        for text in ["", "a.b", "a.b.c.d", "a.*.c", "a.bm8.c", "a\r\nX: y.e30.c", &"a".repeat(CAP + 1)] {
            assert!(Token::read(text).is_err(), "{text:.20}");
        }
        assert!(Token::read(&token("{}")).is_ok());
        assert!(Token::read(&token("[]")).is_err());
    }
}
