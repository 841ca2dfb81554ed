//! rsyslog, listening for syslog over TLS (RFC 5425).

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::certificates::Certificates;
use crate::process::{Running, START_LIMIT, run, wait_until};

/// Port of syslog over TLS.
pub const PORT: u16 = 6514;

/// The running server.
pub struct SyslogServer {
    dir: PathBuf,
    namespace: String,
    _server: Running,
}

/// A message, taken apart by rsyslog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogLine {
    /// PRI.
    pub priority: String,
    /// VERSION of RFC 5424.
    pub version: String,
    /// HOSTNAME.
    pub hostname: String,
    /// APP-NAME.
    pub app_name: String,
    /// MSGID.
    pub message_id: String,
    /// STRUCTURED-DATA.
    pub structured_data: String,
    /// MSG.
    pub text: String,
}

impl SyslogServer {
    /// Starts it in `namespace`, to listen at `address`.
    pub fn start(
        namespace: &str,
        dir: &Path,
        address: Ipv4Addr,
        certificates: &Certificates,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let text = dir.display();
        let configuration = format!(
            "global(workDirectory=\"{text}\" defaultNetstreamDriver=\"gtls\"\n\
               defaultNetstreamDriverCAFile=\"{authority}\"\n\
               defaultNetstreamDriverCertFile=\"{certificate}\"\n\
               defaultNetstreamDriverKeyFile=\"{key}\")\n\
             module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\")\n\
             input(type=\"imtcp\" address=\"{address}\" port=\"{PORT}\")\n\
             template(name=\"parts\" type=\"string\" string=\"%pri%\\t%protocol-version%\\t%hostname%\\t%app-name%\\t\
               %msgid%\\t%structured-data%\\t%msg%\\n\")\n\
             action(type=\"omfile\" file=\"{text}/received\" template=\"parts\" asyncWriting=\"off\")\n",
            authority = certificates.authority.display(),
            certificate = certificates.certificate.display(),
            key = certificates.key.display(),
        );
        let file = dir.join("rsyslog.conf");
        fs::write(&file, configuration)?;
        let server = Running::start(
            namespace,
            &format!("rsyslogd -n -f {} -i {text}/rsyslogd.pid", file.display()),
            &[],
            &dir.join("rsyslogd.out"),
        )?;
        Ok(Self { dir: dir.to_path_buf(), namespace: namespace.to_owned(), _server: server })
    }

    /// Waits until it listens.
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
        wait_until("rsyslogd listens", START_LIMIT, || {
            let listening = run(&format!("ip netns exec {} ss -Hltn sport = :{PORT}", self.namespace))?;
            Ok(!listening.trim().is_empty())
        })
        .with_context(|| self.log())
    }

    /// The messages that were received so far.
    pub fn received(&self) -> Vec<SyslogLine> {
        let text = fs::read_to_string(self.dir.join("received")).unwrap_or_default();
        text.lines().filter_map(parse).collect()
    }

    /// What it said of itself, also among the messages.
    pub fn log(&self) -> String {
        ["rsyslogd.out", "received"]
            .iter()
            .filter_map(|name| fs::read_to_string(self.dir.join(name)).ok())
            .collect()
    }
}

fn parse(line: &str) -> Option<SyslogLine> {
    let mut parts = line.splitn(7, '\t').map(str::to_owned);
    Some(SyslogLine {
        priority: parts.next()?,
        version: parts.next()?,
        hostname: parts.next()?,
        app_name: parts.next()?,
        message_id: parts.next()?,
        structured_data: parts.next()?,
        text: parts.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let line = parse("107\t1\tnw\tnetwarden\tevent\t[x y=\"z\"]\ttext\twith tab").unwrap();
        assert_eq!((line.version.as_str(), line.structured_data.as_str()), ("1", "[x y=\"z\"]"));
        assert_eq!(line.text, "text\twith tab");
        assert_eq!(parse("107\t1"), None);
    }
}
