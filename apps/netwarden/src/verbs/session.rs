//! The connection of one command, and how its results are printed.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::tz::TimeZone;
use netwarden_api::Client;
use netwarden_api::pin::Fingerprint;
use netwarden_model::Plane;

use super::fault::Fault;
use crate::config::{Config, DEFAULT_PATH};
use crate::output::Format;

/// Which server, and which format.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Configuration file that names the local socket.
    #[arg(
        long,
        global = true,
        env = "NETWARDEN_CONFIG",
        value_name = "FILE",
        default_value = DEFAULT_PATH,
        help_heading = "Server"
    )]
    pub config: PathBuf,
    /// Local socket; the configuration file's unless said otherwise.
    #[arg(long, global = true, env = "NETWARDEN_SOCKET", value_name = "PATH", help_heading = "Server")]
    pub socket: Option<PathBuf>,
    /// Remote server as https://HOST:PORT, instead of the local socket; needs --token and --fingerprint.
    #[arg(long, global = true, value_name = "URL", help_heading = "Server")]
    pub server: Option<String>,
    /// Token (nwt_…) or session for --server; others see the command line, so better in the variable.
    #[arg(
        long,
        global = true,
        env = "NETWARDEN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Server"
    )]
    pub token: Option<String>,
    /// SHA-256 fingerprint of the server's certificate, as `netwarden init` prints it; no other is trusted.
    #[arg(
        long,
        global = true,
        env = "NETWARDEN_FINGERPRINT",
        value_name = "AA:BB:…",
        help_heading = "Server"
    )]
    pub fingerprint: Option<Fingerprint>,
    /// User space in which one is: om (the network), management (the platform) or tenant (customers).
    #[arg(
        long,
        global = true,
        env = "NETWARDEN_PLANE",
        value_name = "PLANE",
        default_value_t = Plane::Om,
        help_heading = "Server"
    )]
    pub plane: Plane,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

impl Connection {
    /// Connects as the command line says.
    pub fn open(&self) -> Result<Session, Fault> {
        self.session(true)
    }

    /// Connects without a token: for the login that brings one.
    pub fn open_anonymous(&self) -> Result<Session, Fault> {
        self.session(false)
    }

    /// Without a server: for what works on files alone.
    pub fn printer(&self) -> Printer {
        Printer::new(self.format, TimeZone::system())
    }

    fn session(&self, identified: bool) -> Result<Session, Fault> {
        let client = match &self.server {
            None => Client::local(&self.socket()?)?,
            Some(server) => self.remote(server, identified)?,
        };
        let client = match self.plane {
            Plane::Om => client,
            plane => client.below(plane.as_str()),
        };
        Ok(Session { client, out: self.printer() })
    }

    fn remote(&self, server: &str, identified: bool) -> Result<Client, Fault> {
        if !server.starts_with("https://") {
            return Err(Fault::Usage(format!("--server {server}: only https:// is spoken")));
        }
        let Some(fingerprint) = self.fingerprint else {
            return Err(Fault::Usage(
                "--server needs --fingerprint (or NETWARDEN_FINGERPRINT): without it nobody knows who answers; \
                 `netwarden init` printed it on the server"
                    .to_owned(),
            ));
        };
        match (&self.token, identified) {
            (_, false) => Ok(Client::anonymous(server, fingerprint)?),
            (Some(token), true) if !token.trim().is_empty() => {
                Ok(Client::remote(server, token.trim().to_owned(), fingerprint)?)
            }
            _ => Err(Fault::Usage(
                "--server needs --token (or NETWARDEN_TOKEN); `netwarden login` and `netwarden tokens add` give one"
                    .to_owned(),
            )),
        }
    }

    fn socket(&self) -> Result<PathBuf, Fault> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        let is_default = self.config == Path::new(DEFAULT_PATH);
        match Config::load(&self.config) {
            Ok(config) => Ok(config.socket()),
            Err(error) if is_default && !self.config.exists() => Err(Fault::Usage(format!(
                "no server is named: give --socket, --server or --config ({error})"
            ))),
            Err(error) => Err(Fault::Failed(error)),
        }
    }
}

/// An open connection and the way results are printed.
pub struct Session {
    /// The server.
    pub client: Client,
    /// Where results go.
    pub out: Printer,
}

/// Prints results: data on standard output, and nothing else there.
#[derive(Debug, Clone)]
pub struct Printer {
    /// How.
    pub format: Format,
    /// The zone in which people read times.
    pub zone: TimeZone,
    #[cfg(test)]
    kept: Option<std::sync::Arc<std::sync::Mutex<String>>>,
}

impl Printer {
    /// Prints to standard output.
    pub const fn new(format: Format, zone: TimeZone) -> Self {
        Self {
            format,
            zone,
            #[cfg(test)]
            kept: None,
        }
    }

    /// Keeps what it prints.
    #[cfg(test)]
    pub fn keeping(format: Format) -> Self {
        Self { kept: Some(Default::default()), ..Self::new(format, TimeZone::UTC) }
    }

    /// What was printed.
    #[cfg(test)]
    pub fn printed(&self) -> String {
        self.kept.as_ref().unwrap().lock().unwrap().clone()
    }

    /// Writes to standard output. A reader that has gone away (`| head`) ends the command quietly.
    pub fn write(&self, text: &str) -> Result<(), Fault> {
        #[cfg(test)]
        if let Some(kept) = &self.kept {
            kept.lock().unwrap().push_str(text);
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            outcome => Ok(outcome.context("standard output cannot be written")?),
        }
    }

    /// Writes octets to standard output as they are.
    pub fn write_octets(&self, octets: &[u8]) -> Result<(), Fault> {
        #[cfg(test)]
        if self.kept.is_some() {
            return self.write(&String::from_utf8_lossy(octets));
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(octets).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            outcome => Ok(outcome.context("standard output cannot be written")?),
        }
    }

    /// Writes a value as JSON.
    pub fn json<T: serde::Serialize>(&self, value: &T) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(value).context("the result is no JSON")?;
        self.write(&(harmless_json(&text) + "\n"))
    }

    /// A value as one line of JSON.
    pub fn json_text<T: serde::Serialize>(&self, value: &T) -> Result<String, Fault> {
        Ok(harmless_json(&serde_json::to_string(value).context("the result is no JSON")?))
    }

    /// Says something to people beside a table: how many there are, where to go on.
    pub fn note(&self, text: &str) {
        if self.format == Format::Table {
            eprintln!("{}", crate::output::plain(text));
        }
    }
}

/// JSON strings may hold C1 controls and marks of direction as they are; a terminal should not see them.
fn harmless_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let hostile =
            c != '\n' && (c.is_control() || !crate::output::plain(c.encode_utf8(&mut [0; 4])).contains(c));
        if !hostile {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            safe.push_str(&format!("\\u{unit:04x}"));
        }
    }
    safe
}

/// What a long act shows while it lasts: one line on standard error, and only to a terminal.
pub struct ProgressLine {
    shown: bool,
    is_terminal: bool,
}

impl ProgressLine {
    /// Shows nothing yet.
    pub fn new() -> Self {
        Self { shown: false, is_terminal: std::io::stderr().is_terminal() }
    }

    /// Replaces what is shown.
    pub fn show(&mut self, text: &str) {
        if self.is_terminal {
            eprint!("\r\u{1b}[K{}", crate::output::plain(text));
            self.shown = true;
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(server: Option<&str>, token: Option<&str>, fingerprint: bool) -> Connection {
        Connection {
            plane: Plane::Om,
            config: "missing.toml".into(),
            socket: None,
            server: server.map(str::to_owned),
            token: token.map(str::to_owned),
            fingerprint: fingerprint.then(|| "00".repeat(32).parse().unwrap()),
            format: Format::Json,
        }
    }

    fn refusal(connection: &Connection) -> String {
        let Err(fault) = connection.open() else { panic!("it was opened") };
        assert_eq!(fault.code(), super::super::fault::USAGE, "{fault}");
        fault.to_string()
    }

    #[test]
    fn nothing_is_sent_to_a_server_that_is_not_pinned() {
        let url = Some("https://192.0.2.1:8443");
        assert!(refusal(&connection(url, Some("nwt_x"), false)).contains("--fingerprint"));
        assert!(refusal(&connection(url, None, true)).contains("--token"));
        assert!(refusal(&connection(url, Some(" "), true)).contains("--token"));
        assert!(refusal(&connection(Some("http://192.0.2.1"), Some("nwt_x"), true)).contains("https://"));
        assert!(connection(url, Some("nwt_x"), true).open().is_ok());
        assert!(connection(url, None, true).open_anonymous().is_ok());
        assert!(connection(url, None, false).open_anonymous().is_err());
    }

    #[test]
    fn a_local_server_needs_its_socket() {
        let Err(fault) = connection(None, None, false).open() else { panic!() };
        assert!(fault.to_string().contains("missing.toml"), "{fault}");
    }

    #[test]
    fn json_is_harmless_on_a_terminal_and_the_same_value() {
        let value = serde_json::json!({"name": "a\u{9b}31m\u{202e}b\u{e0041}ü"});
        let text = harmless_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(
            !text.contains('\u{9b}') && !text.contains('\u{202e}') && !text.contains('\u{e0041}'),
            "{text}"
        );
        assert!(text.contains('ü'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
