//! `netwarden init`: the first command that anybody gives.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::binary;

/// Every file and folder below `folder`, with its mode.
fn modes(folder: &Path) -> BTreeMap<PathBuf, u32> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = std::fs::metadata(&path).unwrap();
        found.insert(path.clone(), about.permissions().mode() & 0o777);
        if about.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

fn init(config: &Path) -> Output {
    let mut command = binary::netwarden();
    for variable in ["LISTEN", "TRAPS", "DATABASE", "DATA_DIR", "KEY_FILE", "CONFIG"] {
        command.env_remove(format!("NETWARDEN_{variable}"));
    }
    binary::run(command.arg("init").arg("--config").arg(config))
}

#[test]
fn init_prints_the_fingerprint_keeps_secrets_private_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("etc/netwarden.toml");
    let made = init(&config);
    assert!(made.status.success());
    let printed = String::from_utf8(made.stdout).unwrap();
    let octets: Vec<&str> = printed.trim_end().split(':').collect();
    assert_eq!(octets.len(), 32, "SHA-256: {printed}");
    assert!(
        octets.iter().all(|octet| octet.len() == 2 && u8::from_str_radix(octet, 16).is_ok()),
        "{printed}"
    );

    let modes_before = modes(&folder.path().join("etc"));
    let of = |name: &str| modes_before.iter().find(|(path, _)| path.ends_with(name)).map(|(_, mode)| *mode);
    assert_eq!(of("netwarden.toml"), Some(0o600), "{modes_before:?}");
    assert_eq!(of("server.key"), Some(0o600), "{modes_before:?}");
    for (path, mode) in &modes_before {
        let public = path.ends_with("server.crt");
        assert!(public || mode & 0o077 == 0, "{} has mode {mode:o}", path.display());
    }

    let text = std::fs::read_to_string(&config).unwrap();
    let again = init(&config);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stdout.is_empty());
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("is there already: nothing was changed"), "{said}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), text);
    assert_eq!(modes(&folder.path().join("etc")), modes_before, "nothing new");
}
