//! The product in the lab: `netwarden serve` in the management network, and its command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::{Running, START_LIMIT, wait_until};
use crate::topology::{AGENT_PASSWORD, AGENT_USER, Lab};
use crate::{mail, syslog};

/// Port of the server's trap receiver.
pub const TRAP_PORT: u16 = 1162;

/// Debug of the trap receiver: when a notification came in.
const LOG: &str = "info,netwarden_engine::traps=debug";

/// A rule that shuts out whoever is new, at once and without an alarm.
pub const QUARANTINE: &str = "\
name = 'quarantine new endpoints'
on = ['new_endpoint']
condition = \"endpoint.status == 'new'\"
[[reactions]]
do = 'quarantine'
bounce = false
";

/// Sender of the product's mails.
const FROM: &str = "Netwarden <netwarden@lab.example>";

/// Who gets the alarms of [`ALARM`].
pub const ALARM_TO: &str = "soc@lab.example";

/// A rule that tells of whoever is new by mail and syslog.
pub const ALARM: &str = "\
name = 'tell of new endpoints'
on = ['new_endpoint']
condition = \"endpoint.status == 'new'\"
[[reactions]]
do = 'mail'
to = ['soc@lab.example']
subject = 'new endpoint {{ endpoint.mac }}'
body = '{{ endpoint.mac }} appeared on {{ endpoint.ne_name }} port {{ endpoint.port }}.'
[[reactions]]
do = 'syslog'
name = 'default'
message = 'new endpoint {{ endpoint.mac }} on {{ endpoint.ne_name }} port {{ endpoint.port }}'
";

/// The installed product.
pub struct Product {
    program: PathBuf,
    namespace: String,
    dir: PathBuf,
    server: Option<Running>,
}

impl Product {
    /// Writes the configuration; nothing runs yet. `program` is the path of `netwarden`.
    pub fn install(lab: &Lab, program: &Path) -> anyhow::Result<Self> {
        let dir = lab.dir().to_path_buf();
        let product =
            Self { program: program.to_path_buf(), namespace: lab.namespace("mgmt"), dir, server: None };
        let mut configuration = format!(
            "data_dir = 'data'\nkey_file = 'netwarden.key'\nhost_name = 'netwarden.lab'\n\
             listen = '{server}:8443'\ntraps = '{server}:{TRAP_PORT}'\n",
            server = Lab::SERVER,
        );
        if !product.has_channel_verbs()? {
            configuration.push_str(&format!(
                "[channels.mail]\nhost = '{services}'\nport = {mail}\nsecurity = 'starttls'\n\
                 from = '{FROM}'\nca_file = '{ca}'\n\
                 [channels.syslog.default]\nhost = '{services}'\nport = {syslog}\nca_file = '{ca}'\n",
                services = Lab::SERVICES,
                mail = mail::STARTTLS_PORT,
                syslog = syslog::PORT,
                ca = lab.authority().display(),
            ));
        }
        fs::write(product.config(), configuration)?;
        Ok(product)
    }

    /// True where channels are set by the command line, false where the configuration file names them.
    fn has_channel_verbs(&self) -> anyhow::Result<bool> {
        Ok(self.run(&["channels", "--help"])?.status.success())
    }

    /// Tells the server where alarms go, unless its configuration file has.
    fn open_channels(&self, lab: &Lab) -> anyhow::Result<()> {
        if !self.has_channel_verbs()? {
            return Ok(());
        }
        let authority = lab.authority();
        let ca = authority.to_str().context("the folder's name is no UTF-8")?;
        let host = Lab::SERVICES.to_string();
        let common = ["--host", &host, "--ca", ca, "--reason", "lab"];
        let mail = ["channels", "add", "mail", "mail", "--from", FROM];
        self.ask(&[&mail[..], &common[..]].concat())?;
        let syslog = ["channels", "add", "syslog", "default"];
        self.ask(&[&syslog[..], &common[..]].concat())?;
        Ok(())
    }

    /// Starts the server and waits until it answers on its socket.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let program = self.program.to_str().context("the program's path is no UTF-8")?;
        let line = format!("{program} --log {LOG} serve --config {}", self.config().display());
        self.server = Some(Running::start(
            &self.namespace,
            &line,
            &[("NO_COLOR", "1")],
            &self.dir.join("netwarden.log"),
        )?);
        wait_until("the server answers", START_LIMIT, || {
            if !self.server.as_mut().is_some_and(Running::is_alive) {
                bail!("the server has ended");
            }
            Ok(self.ask(&["system", "status"]).is_ok())
        })
        .with_context(|| self.log())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(server) = &mut self.server {
            server.kill();
        }
        self.server = None;
    }

    /// SIGTERM, and its end.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("netwarden.toml")
    }

    /// What the server has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("netwarden.log")).unwrap_or_default()
    }

    /// What stands in the log behind the last `word `: the fingerprint behind "certificate", the password
    /// behind "one-time password".
    pub fn said(&self, word: &str) -> Option<String> {
        let log = self.log();
        let (_, behind) = log.rsplit_once(&format!("{word} "))?;
        behind.split_whitespace().next().map(str::to_owned)
    }

    /// The command line, in the management network and with the lab's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(&self.program).args(arguments);
        command
            .env("NETWARDEN_CONFIG", self.config())
            .env("NETWARDEN_AUTH_PASSWORD", AGENT_PASSWORD)
            .env("NETWARDEN_PRIV_PASSWORD", AGENT_PASSWORD)
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs the command line.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.command(arguments)
            .output()
            .with_context(|| format!("{} cannot be started", self.program.display()))
    }

    /// Runs the command line with `--format json`; an error is what it said.
    pub fn ask(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--format", "json"]);
        let output = self.run(&arguments)?;
        if !output.status.success() {
            bail!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("{}: no JSON", arguments.join(" ")))
    }

    /// The items of a list.
    pub fn list(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask(arguments)?;
        let items = answer.get("items").unwrap_or(&answer);
        items.as_array().cloned().with_context(|| format!("{}: no list", arguments.join(" ")))
    }

    /// Keeps a rule and lets it judge.
    pub fn add_rule(&self, text: &str) -> anyhow::Result<()> {
        let name = text
            .lines()
            .find_map(|line| line.strip_prefix("name = '")?.strip_suffix('\''))
            .context("the rule has no name")?;
        let file = self.dir.join("rule.toml");
        fs::write(&file, text)?;
        let path = file.to_str().context("the folder's name is no UTF-8")?;
        self.ask(&["rules", "add", path, "--reason", "lab"])?;
        self.ask(&["rules", "enable", name, "--reason", "rehearsed"])?;
        Ok(())
    }

    /// Gives the server its channels, the agents' credentials and the agents, and waits until every host is located
    /// at its access port.
    pub fn adopt(&self, lab: &Lab) -> anyhow::Result<()> {
        self.open_channels(lab)?;
        self.ask(&["credentials", "add", "--name", "lab", "--user", AGENT_USER])?;
        for agent in Lab::AGENTS {
            let address = agent.address.to_string();
            self.ask(&["ne", "add", &address, "--quarantine-vlan", "666", "--reason", "lab"])?;
        }
        for (host, switch, port) in Lab::HOSTS {
            let mac = lab.mac(host)?;
            wait_until(&format!("{host} is located"), Duration::from_secs(40), || {
                lab.pings(host, "10.77.10.1");
                let Ok(found) = self.ask(&["endpoints", "show", &mac]) else { return Ok(false) };
                Ok(found.get("ne").is_some_and(|ne| ne == switch)
                    && found.get("port").is_some_and(|at| at == port))
            })
            .with_context(|| self.log())?;
        }
        Ok(())
    }

    /// Accepts who is present and switches enforcement on.
    pub fn enforce(&self) -> anyhow::Result<()> {
        self.ask(&["system", "baseline", "--reason", "taken over"])?;
        for agent in Lab::AGENTS {
            self.ask(&["ne", "set", agent.name, "--enforcement", "on", "--reason", "lab"])?;
        }
        Ok(())
    }

    /// The chain of cause of an endpoint's access; empty while nothing is known of it.
    pub fn chain(&self, mac: &str) -> Vec<Value> {
        let why = self.ask(&["endpoints", "why", mac]).unwrap_or_default();
        why.get("chain").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// Waits until the endpoint's port has been read back as quarantined.
    pub fn wait_for_quarantine(&self, mac: &str) -> anyhow::Result<Vec<Value>> {
        let mut chain = Vec::new();
        wait_until(&format!("{mac} is read back as quarantined"), Duration::from_secs(30), || {
            chain = self.chain(mac);
            Ok(link(&chain, "read_back").is_some())
        })
        .with_context(|| {
            let seen = |arguments: &[&str]| match self.run(arguments) {
                Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
                Err(error) => error.to_string(),
            };
            let shown = seen(&["endpoints", "show", mac]);
            let events = seen(&["events", "list", "--limit", "20"]);
            format!("{}\n{chain:#?}\n{shown}\n{events}", self.log())
        })?;
        Ok(chain)
    }
}

/// The newest link of a stage.
pub fn link<'a>(chain: &'a [Value], stage: &str) -> Option<&'a Value> {
    chain.iter().find(|link| link.get("stage").is_some_and(|found| found == stage))
}
