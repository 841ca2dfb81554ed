//! The configuration file: what must be known before the database opens. Everything else lives in the
//! database, where it can be changed and is audited.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

/// Where the configuration is looked for unless `--config` or `NETWARDEN_CONFIG` says otherwise.
pub const DEFAULT_PATH: &str = "netwarden.toml";

/// The configuration. Relative paths are relative to the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the database, the local socket and the server's certificate.
    pub data_dir: PathBuf,
    /// Key component kept apart from the data (0600).
    pub key_file: PathBuf,
    /// Database: a file in `data_dir`, or `postgres://…`.
    #[serde(default = "default_database")]
    pub database: String,
    /// HTTPS listener of REST.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Host name in the certificate that is made at first start.
    #[serde(default = "default_host_name")]
    pub host_name: String,
    /// Folder of backups; `data_dir/backups` where absent.
    pub backup_dir: Option<PathBuf>,
    /// Listener for SNMP traps and informs (UDP).
    #[serde(default = "default_traps")]
    pub traps: SocketAddr,
    /// Local socket of the command line; `data_dir/netwarden.sock` where absent.
    pub socket: Option<PathBuf>,
    /// The only folder whose programs may be commands of rules; none where absent.
    pub command_folder: Option<PathBuf>,
    /// Folder of the file, to which its relative paths are relative.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn default_database() -> String {
    "netwarden.db".to_owned()
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 8443))
}

fn default_host_name() -> String {
    "localhost".to_owned()
}

fn default_traps() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 162))
}

impl Config {
    /// Reads the file; `NETWARDEN_LISTEN`, `NETWARDEN_TRAPS`, `NETWARDEN_DATABASE`, `NETWARDEN_DATA_DIR` and
    /// `NETWARDEN_KEY_FILE` override what it says.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read (`netwarden init` writes one)", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder, |name| std::env::var(name).ok())
            .with_context(|| format!("{} is not understood", path.display()))
    }

    pub(crate) fn parse(
        text: &str,
        folder: &Path,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let mut config: Config = toml::from_str(text)?;
        let address = |name: &str| -> anyhow::Result<Option<SocketAddr>> {
            let parse =
                |value: String| value.parse().with_context(|| format!("{name}={value} is no ADDRESS:PORT"));
            variable(name).map(parse).transpose()
        };
        if let Some(listen) = address("NETWARDEN_LISTEN")? {
            config.listen = listen;
        }
        if let Some(traps) = address("NETWARDEN_TRAPS")? {
            config.traps = traps;
        }
        if let Some(database) = variable("NETWARDEN_DATABASE") {
            config.database = database;
        }
        if let Some(data_dir) = variable("NETWARDEN_DATA_DIR") {
            config.data_dir = data_dir.into();
        }
        if let Some(key_file) = variable("NETWARDEN_KEY_FILE") {
            config.key_file = key_file.into();
        }
        config.folder = folder.to_path_buf();
        config.data_dir = folder.join(&config.data_dir);
        config.key_file = folder.join(&config.key_file);
        config.command_folder = config.command_folder.map(|commands| folder.join(commands));
        config.socket = config.socket.map(|socket| folder.join(socket));
        config.backup_dir = config.backup_dir.map(|backups| folder.join(backups));
        if config.key_file.starts_with(config.backups()) {
            bail!(
                "key_file {} lies inside backup_dir: who takes the backups away would take the key as well",
                config.key_file.display()
            );
        }
        if config.key_file.starts_with(&config.data_dir) {
            bail!(
                "key_file {} lies inside data_dir: a copy of the data would hold the key as well",
                config.key_file.display()
            );
        }
        Ok(config)
    }

    /// The database as a URL.
    pub fn database_url(&self) -> String {
        if self.database.contains("://") {
            self.database.clone()
        } else {
            format!("sqlite://{}", self.data_dir.join(&self.database).display())
        }
    }

    /// The folder of backups.
    pub fn backups(&self) -> PathBuf {
        self.backup_dir.clone().unwrap_or_else(|| self.data_dir.join("backups"))
    }

    /// The local socket.
    pub fn socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| self.data_dir.join("netwarden.sock"))
    }
}

/// The file that `netwarden init` writes.
pub fn template() -> &'static str {
    include_str!("netwarden.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        Config::parse(text, Path::new("/etc/netwarden"), |name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_written_file_is_understood() {
        let config = parse(template(), &[]).unwrap();
        assert_eq!(config.listen, default_listen());
        assert_eq!(config.database_url(), "sqlite:///etc/netwarden/data/netwarden.db");
    }

    #[test]
    fn variables_override_the_file() {
        let config = parse(template(), &[("NETWARDEN_LISTEN", "127.0.0.1:9")]).unwrap();
        assert_eq!(config.listen.port(), 9);
        let error = parse(template(), &[("NETWARDEN_LISTEN", "nine")]).unwrap_err();
        assert!(error.to_string().contains("NETWARDEN_LISTEN=nine"), "{error}");
    }

    #[test]
    fn a_key_inside_the_data_is_refused() {
        let error = parse("data_dir = 'data'\nkey_file = 'data/key'", &[]).unwrap_err();
        assert!(error.to_string().contains("lies inside data_dir"), "{error}");
    }

    #[test]
    fn commands_need_a_folder_that_the_file_names() {
        assert_eq!(parse(template(), &[]).unwrap().command_folder, None);
        let named = parse("data_dir = 'data'\nkey_file = 'key'\ncommand_folder = 'commands'", &[]).unwrap();
        assert_eq!(named.command_folder, Some("/etc/netwarden/commands".into()));
    }

    #[test]
    fn a_key_among_the_backups_is_refused() {
        let text = "data_dir = 'data'\nkey_file = 'backups/key'\nbackup_dir = 'backups'";
        let error = parse(text, &[]).unwrap_err();
        assert!(error.to_string().contains("lies inside backup_dir"), "{error}");
        let config = parse("data_dir = 'data'\nkey_file = 'key'\nbackup_dir = 'copies'", &[]).unwrap();
        assert_eq!(config.backups(), Path::new("/etc/netwarden/copies"));
    }

    #[test]
    fn a_misspelt_name_is_said() {
        let error = parse("data_dir = 'data'\nkey_file = 'key'\nlisten_on = 1", &[]).unwrap_err();
        assert!(format!("{error:#}").contains("listen_on"), "{error:#}");
    }
}
