//! The operating system's log: that the audit service starts and stops is told there too (AUD-01), where
//! whoever has only our database in hand cannot make it undone.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Facility authpriv (10) and severity notice (5) as PRI (RFC 5424 section 6.2.1).
const PRI: u8 = 10 * 8 + 5;

/// Where the syslog daemon or journald listens.
#[derive(Debug, Clone)]
pub struct SystemLog(PathBuf);

impl Default for SystemLog {
    fn default() -> Self {
        Self("/dev/log".into())
    }
}

impl SystemLog {
    /// The log behind the socket at `path`.
    #[cfg(test)]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Tells one sentence; on the service's own output, which its manager keeps, where nobody listens.
    pub fn tell(&self, now: Timestamp, sentence: &str) {
        // As the C library's syslog() has it, which every daemon reads (RFC 3164 section 4.1).
        let stamp = now.to_zoned(TimeZone::system()).strftime("%b %e %H:%M:%S").to_string();
        let line = format!("<{PRI}>{stamp} netwarden[{}]: {sentence}", std::process::id());
        if send(&self.0, line.as_bytes()).is_err() {
            eprintln!("netwarden: {sentence}");
        }
    }
}

/// Without waiting: a daemon that hangs must hold up no start and no stop.
fn send(socket: &Path, line: &[u8]) -> std::io::Result<()> {
    let from = UnixDatagram::unbound()?;
    from.set_nonblocking(true)?;
    from.send_to(line, socket).map(|_| ())
}
