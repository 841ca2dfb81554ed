//! The components of the root key, and its derivation.
//!
//! Key file: one line `netwarden-key-1 GENERATION BASE64`, 32 random octets. Its generation must be the
//! database's: a rotation writes the next file beside it, commits to the database, then renames.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::files::{make_folder_of, read_private, rename, with_suffix, write_whole};
use crate::keyring::{KEY_LENGTH, Key, random};

const MAGIC: &str = "netwarden-key-1";
/// The components are random, so this is no defence of theirs; it slows guessing of a systemd
/// credential that somebody made up.
pub(crate) const ITERATIONS: u32 = 100_000;
const MOST_ITERATIONS: u32 = 10_000_000;
pub(crate) const SALT_LENGTH: usize = 16;

/// `$CREDENTIALS_DIRECTORY/netwarden`, where systemd passes one (`LoadCredential=`, systemd.exec(5)).
pub fn systemd_credential() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?).join("netwarden");
    path.exists().then_some(path)
}

/// The component that lies in the key file.
pub(crate) struct KeyFile {
    pub(crate) generation: i64,
    pub(crate) secret: Key,
}

impl KeyFile {
    pub(crate) fn new(generation: i64) -> Result<Self, VaultError> {
        Ok(Self { generation, secret: random()? })
    }

    pub(crate) fn read(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some(content) = read_private(path)? else { return Ok(None) };
        Self::parse(&content).map(Some).ok_or_else(|| VaultError::KeyFileMalformed(path.to_owned()))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), VaultError> {
        make_folder_of(path)?;
        let encoded = Zeroizing::new(STANDARD.encode(self.secret.as_slice()));
        let line = Zeroizing::new(format!("{MAGIC} {} {}\n", self.generation, encoded.as_str()));
        write_whole(path, 0o600, line.as_bytes())
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(content).ok()?.split_ascii_whitespace();
        if words.next()? != MAGIC {
            return None;
        }
        let generation = words.next()?.parse().ok().filter(|generation| *generation > 0)?;
        let decoded = Zeroizing::new(STANDARD.decode(words.next()?).ok()?);
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        if decoded.len() != KEY_LENGTH || words.next().is_some() {
            return None;
        }
        secret.copy_from_slice(&decoded);
        Some(Self { generation, secret })
    }
}

/// Reads the key file of `generation`; completes a rotation whose last step a crash prevented, and
/// clears away one that never reached the database.
pub(crate) fn settle(path: &Path, generation: i64) -> Result<KeyFile, VaultError> {
    let next = next_path(path);
    if let Some(waiting) = KeyFile::read(&next)? {
        if waiting.generation == generation {
            rename(&next, path)?;
            tracing::info!(key_file = %path.display(), generation, "a rotation of the root key was completed");
        } else {
            std::fs::remove_file(&next).map_err(|error| VaultError::file(&next, "removing", error))?;
        }
    }
    let file = KeyFile::read(path)?.ok_or_else(|| VaultError::KeyFileMissing(path.to_owned()))?;
    if file.generation != generation {
        return Err(VaultError::Generation {
            path: path.to_owned(),
            file: file.generation,
            database: generation,
        });
    }
    Ok(file)
}

pub(crate) fn next_path(path: &Path) -> PathBuf {
    with_suffix(path, ".next")
}

/// Refuses a key file that a backup of the data folder would contain.
pub(crate) fn refuse_inside(key_file: &Path, data_folder: &Path) -> Result<(), VaultError> {
    let inside = resolved(key_file).starts_with(resolved(data_folder));
    if !inside {
        return Ok(());
    }
    Err(VaultError::KeyFileInside { key_file: key_file.to_owned(), data_folder: data_folder.to_owned() })
}

/// The path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(found) = existing.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| path.join(name));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                existing = parent;
            }
            _ => return absolute,
        }
    }
}

/// The root key of these components. Each is preceded by its length, so that no two sets of
/// components run together into the same octets.
pub(crate) fn derive_root(parts: &[&[u8]], salt: &[u8], iterations: u32) -> Result<Key, VaultError> {
    // Whoever can write the database must not be able to make the derivation cheap, or endless.
    if salt.len() != SALT_LENGTH || !(ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
        return Err(VaultError::WeakParameters);
    }
    let iterations = NonZeroU32::new(iterations).ok_or(VaultError::WeakParameters)?;
    let mut secret = Zeroizing::new(Vec::with_capacity(256));
    for part in parts {
        secret.extend((part.len() as u64).to_be_bytes());
        secret.extend_from_slice(part);
    }
    let mut root = Zeroizing::new([0; KEY_LENGTH]);
    pbkdf2::derive(PBKDF2_HMAC_SHA256, iterations, salt, &secret, root.as_mut_slice());
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_counts() {
        let salt = [7; SALT_LENGTH];
        let root = derive_root(&[b"file", b"row", b"credential"], &salt, ITERATIONS).unwrap();
        for parts in [
            [b"filE".as_slice(), b"row", b"credential"],
            [b"file", b"roW", b"credential"],
            [b"file", b"row", b"credentiaL"],
            [b"filer", b"ow", b"credential"],
        ] {
            assert_ne!(derive_root(&parts, &salt, ITERATIONS).unwrap(), root, "{parts:?}");
        }
        assert_ne!(derive_root(&[b"file", b"row"], &salt, ITERATIONS).unwrap(), root);
        assert_ne!(derive_root(&[b"file", b"row", b"credential"], &[8; 16], ITERATIONS).unwrap(), root);
    }

    #[test]
    fn a_tampered_row_cannot_weaken_the_derivation() {
        for (salt, iterations) in
            [(vec![0; 16], 1), (vec![0; 16], 0), (vec![], ITERATIONS), (vec![0; 16], u32::MAX)]
        {
            let refused = derive_root(&[b"x"], &salt, iterations);
            assert!(matches!(refused, Err(VaultError::WeakParameters)), "{iterations}");
        }
    }

    #[test]
    fn key_files_are_read_strictly() {
        let good = format!("{MAGIC} 3 {}\n", STANDARD.encode([9; 32]));
        assert_eq!(KeyFile::parse(good.as_bytes()).unwrap().generation, 3);
        for bad in [
            "".to_owned(),
            good.replace(MAGIC, "netwarden-key-2"),
            good.replace(" 3 ", " 0 "),
            good.replace(" 3 ", " x "),
            good.replace('\n', " more\n"),
            format!("{MAGIC} 3 {}\n", STANDARD.encode([9; 31])),
        ] {
            assert!(KeyFile::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(KeyFile::parse(&[0xff, 0xfe]).is_none());
    }

    #[test]
    fn a_key_file_in_the_data_folder_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, folder.path().join("link")).unwrap();
        for inside in ["data/key", "data/deep/key", "link/key", "data/../data/key"] {
            let refused = refuse_inside(&folder.path().join(inside), &data);
            assert!(matches!(refused, Err(VaultError::KeyFileInside { .. })), "{inside}");
        }
        for outside in ["key", "data2/key", "keys/key"] {
            refuse_inside(&folder.path().join(outside), &data).unwrap();
        }
    }
}
