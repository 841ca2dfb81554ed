//! Why a verb was not done, and the exit code that says so.

use std::process::ExitCode;

use netwarden_api::ClientError;

/// Exit code of something that could not be done.
pub const FAILED: u8 = 1;
/// Exit code of a command line that is wrong.
pub const USAGE: u8 = 2;
/// Exit code of something that the caller may not do, or of a caller who is not known.
pub const DENIED: u8 = 3;
/// Exit code of something that does not exist.
pub const NOT_FOUND: u8 = 4;

/// What `--help` says of them.
pub const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed, the reason is on standard error; 2 the command line is \
                              wrong; 3 not permitted, or not logged in; 4 there is no such thing.";

/// Why a verb was not done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The command line is wrong in a way that clap does not see.
    #[error("{0}")]
    Usage(String),
    /// The server has no such thing.
    #[error("{what} '{name}' does not exist")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// As it was named.
        name: String,
    },
    /// The server refused, failed or is not there.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something here failed.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// The result is bad, and has been printed.
    #[error("{0}")]
    Bad(String),
}

impl Fault {
    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Fault::Usage(_) => USAGE,
            Fault::NotFound { .. } => NOT_FOUND,
            Fault::Client(ClientError::Problem(problem)) => match problem.status {
                401 | 403 => DENIED,
                404 => NOT_FOUND,
                _ => FAILED,
            },
            Fault::Client(_) | Fault::Failed(_) | Fault::Bad(_) => FAILED,
        }
    }

    /// Says on standard error why, in one sentence.
    pub fn report(&self) -> ExitCode {
        eprintln!("netwarden: {}", crate::output::plain(&self.to_string()));
        ExitCode::from(self.code())
    }
}

/// Shorthand for a failure in words.
pub fn failed(text: impl Into<String>) -> Fault {
    Fault::Failed(anyhow::anyhow!(text.into()))
}

#[cfg(test)]
mod tests {
    use netwarden_api::Problem;

    use super::*;

    #[test]
    fn the_exit_code_tells_denied_from_failed() {
        let of = |status| Fault::from(ClientError::Problem(Problem::new(status, "x", "x", "x"))).code();
        let cases = [
            (401, DENIED),
            (403, DENIED),
            (404, NOT_FOUND),
            (400, FAILED),
            (409, FAILED),
            (412, FAILED),
            (503, FAILED),
        ];
        for (status, expected) in cases {
            assert_eq!(of(status), expected, "{status}");
        }
        assert_eq!(Fault::Usage(String::new()).code(), USAGE);
        assert_eq!(Fault::NotFound { what: "rule", name: String::new() }.code(), NOT_FOUND);
    }
}
