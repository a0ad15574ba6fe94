//! Errors of the client in words that hold no credential.

use kube::client::AuthError;
use kube::config::KubeconfigError;
use std::error::Error;

/// The error and its causes, each once, safe to print.
///
/// Three errors quote what they choked on (a plugin's output, a kubeconfig's line): they hold tokens, and are told
/// in our own words.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| told.len() < 8) {
        if let Some(words) = guarded(error) {
            told = vec![words];
            break;
        }
        let text = error.to_string();
        // Wrappers repeat the words of what they wrap: the innermost says it shortest.
        told.retain(|outer| !outer.contains(&text));
        if !told.iter().any(|known| text.contains(known.as_str())) {
            told.push(text);
        }
        next = error.source();
    }
    let joined: String = told.join(": ").chars().take(500).collect();
    model::escape(&joined).into_owned()
}

fn guarded(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(kube::Error::Auth(auth)) = error.downcast_ref() {
        return guarded(auth);
    }
    if let Some(auth) = error.downcast_ref::<AuthError>() {
        return match auth {
            AuthError::AuthExecRun { out, .. } => {
                Some(format!("the credential plugin ended with {}{}", out.status, first_line(&out.stderr)))
            }
            AuthError::AuthExecParse(_) => {
                Some("the credential plugin did not print an ExecCredential".to_owned())
            }
            AuthError::AuthExec(_) => Some("the credential plugin failed".to_owned()),
            _ => None,
        };
    }
    match error.downcast_ref::<KubeconfigError>()? {
        KubeconfigError::Parse(error) => Some(match error.location() {
            Some(at) => format!("it is no kubeconfig (line {}, column {})", at.line(), at.column()),
            None => "it is no kubeconfig".to_owned(),
        }),
        _ => None,
    }
}

/// What a plugin said on its standard error, which is meant for people; its standard output holds the token.
fn first_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line: String =
        text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").chars().take(200).collect();
    if line.is_empty() { line } else { format!(": {}", line.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{ExitStatus, Output};

    #[test]
    fn a_plugins_output_is_never_told() {
        let out = Output {
            status: ExitStatus::from_raw(256),
            stdout: b"{\"token\":\"s3cret\"}".to_vec(),
            stderr: b"\nsession expired\nmore".to_vec(),
        };
        let error = AuthError::AuthExecRun { cmd: "TOKEN=s3cret plugin".into(), out: Box::new(out) };
        let told = chain(&kube::Error::Auth(error));
        assert_eq!(told, "the credential plugin ended with exit status: 1: session expired");
    }

    #[test]
    fn a_kubeconfigs_lines_are_never_told() {
        let text = "users:\n- name: a\n  user:\n    token: [s3cret\n";
        let error = kube::config::Kubeconfig::from_yaml(text).unwrap_err();
        let told = chain(&error);
        assert!(told.starts_with("it is no kubeconfig"), "{told}");
        assert!(!told.contains("s3cret"));
    }

    #[test]
    fn causes_are_told_once() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "connection refused");
    }
}
