//! Files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::VaultError;

/// No file that is read here is longer.
const LONGEST: u64 = 1 << 20;

/// The content of `path`, None where it does not exist; refused where group or others have rights.
pub(crate) fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    // The mode of what was opened, not of what lies under the name by now.
    let mode =
        file.metadata().map_err(|error| VaultError::file(path, "reading", error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(VaultError::Exposed { path: path.to_owned(), mode: mode & 0o7777 });
    }
    read(path, &mut file).map(Some)
}

/// The content of `path`, None where it does not exist, whatever its mode.
pub(crate) fn read_any(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    read(path, &mut file).map(Some)
}

/// Writes `path` (mode as given) so that after a crash there is either all of it or what was before.
pub(crate) fn write_whole(path: &Path, mode: u32, content: &[u8]) -> Result<(), VaultError> {
    let error = |error| VaultError::file(path, "writing", error);
    let partial = with_suffix(path, ".partial");
    match std::fs::remove_file(&partial) {
        Err(failed) if failed.kind() != ErrorKind::NotFound => return Err(error(failed)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&partial).map_err(error)?;
    file.write_all(content).map_err(error)?;
    file.sync_all().map_err(error)?;
    rename(&partial, path)
}

/// Renames and waits until that is on disk.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    let error = |error| VaultError::file(to, "writing", error);
    std::fs::rename(from, to).map_err(error)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(error)
}

/// Makes the folder of `path` with mode 0700 where there is none.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), VaultError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .map_err(|error| VaultError::file(folder, "making the folder", error))
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn open(path: &Path) -> Result<Option<File>, VaultError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(VaultError::file(path, "opening", error)),
    }
}

fn read(path: &Path, file: &mut File) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut content = Zeroizing::new(Vec::with_capacity(4_096));
    file.take(LONGEST).read_to_end(&mut content).map_err(|error| VaultError::file(path, "reading", error))?;
    Ok(content)
}
