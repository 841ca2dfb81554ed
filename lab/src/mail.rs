//! Exim: an SMTP server that takes mail for `lab.example` by STARTTLS or TLS, and never in clear.

use anyhow::Context;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::certificates::Certificates;
use crate::process::{Running, START_LIMIT, run, wait_until};

/// Debian's user of Exim: its daemon drops to it.
const USER: &str = "Debian-exim";

/// Ports: STARTTLS (RFC 6409) and TLS from the first octet (RFC 8314).
pub const STARTTLS_PORT: u16 = 587;
/// TLS from the first octet.
pub const TLS_PORT: u16 = 465;

/// The running server.
pub struct MailServer {
    dir: PathBuf,
    _server: Running,
}

impl MailServer {
    /// Starts it in `namespace`, to listen at `address`.
    pub fn start(
        namespace: &str,
        dir: &Path,
        address: Ipv4Addr,
        certificates: &Certificates,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(dir.join("spool"))?;
        fs::create_dir_all(dir.join("mail"))?;
        let text = dir.display();
        let configuration = format!(
            "primary_hostname = mail.lab.example\n\
             spool_directory = {text}/spool\n\
             log_file_path = {text}/%slog\n\
             pid_file_path = {text}/pid\n\
             keep_environment =\n\
             local_interfaces = {address}\n\
             daemon_smtp_ports = {STARTTLS_PORT} : {TLS_PORT}\n\
             tls_on_connect_ports = {TLS_PORT}\n\
             tls_advertise_hosts = *\n\
             tls_certificate = {certificate}\n\
             tls_privatekey = {key}\n\
             host_lookup =\n\
             rfc1413_query_timeout = 0s\n\
             domainlist local_domains = lab.example\n\
             acl_smtp_rcpt = recipient\n\
             acl_smtp_data = accept\n\
             begin acl\n\
             recipient:\n  deny message = TLS is required\n       !encrypted = *\n  \
               accept domains = +local_domains\n  deny message = relay not permitted\n\
             begin routers\n\
             all:\n  driver = accept\n  domains = +local_domains\n  transport = folder\n\
             begin transports\n\
             folder:\n  driver = appendfile\n  directory = {text}/mail\n  maildir_format\n  user = {USER}\n  \
               envelope_to_add\n\
             begin retry\n* * F,1h,1m\n",
            certificate = certificates.certificate.display(),
            key = certificates.key.display(),
        );
        let file = dir.join("exim.conf");
        fs::write(&file, configuration)?;
        run(&format!("chown -R {USER} {text}"))?;
        // Exim refuses a configuration that anybody but root may write.
        run(&format!("chown root:root {}", file.display()))?;
        let server = Running::start(
            namespace,
            &format!("exim4 -C {} -bdf", file.display()),
            &[],
            &dir.join("exim.out"),
        )?;
        Ok(Self { dir: dir.to_path_buf(), _server: server })
    }

    /// Waits until it listens.
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
        wait_until("exim4 listens", START_LIMIT, || {
            Ok(fs::read_to_string(self.dir.join("mainlog")).is_ok_and(|log| log.contains("daemon started")))
        })
        .with_context(|| self.log())
    }

    /// The mails that were delivered so far, in no order.
    pub fn received(&self) -> anyhow::Result<Vec<String>> {
        let Ok(entries) = fs::read_dir(self.dir.join("mail/new")) else { return Ok(Vec::new()) };
        entries.map(|entry| Ok(fs::read_to_string(entry?.path())?)).collect()
    }

    /// What it wrote into its logs.
    pub fn log(&self) -> String {
        ["mainlog", "rejectlog", "paniclog", "exim.out"]
            .iter()
            .filter_map(|name| fs::read_to_string(self.dir.join(name)).ok())
            .collect()
    }
}
