//! The reserve: space set aside for what must be recorded although the disk is full.
//!
//! A file of zeros beside the database. When the disk is full it is deleted, and only essential writes
//! (re-assertion and release of enforcement) are let through until it could be made again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Whether there is space to record things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// The reserve stands untouched.
    Enough,
    /// The disk is full and the reserve was given up: only essential writes are accepted.
    OnReserve,
}

/// How often it is tried to make the reserve again.
const RETRY: Duration = Duration::from_secs(10);

pub(crate) struct Reserve {
    /// None where there is none: PostgreSQL, or size 0.
    file: Option<(PathBuf, u64)>,
    space: watch::Sender<Space>,
    last_try: Mutex<Option<Instant>>,
    /// Held while the file is being made: that takes all the space there is for a moment.
    making: Mutex<()>,
}

impl Reserve {
    /// Makes or completes the file. A full disk is no error here: the state tells.
    pub(crate) fn open(file: Option<(PathBuf, u64)>) -> io::Result<Self> {
        let file = file.filter(|(_, size)| *size > 0);
        let reserve = Self {
            file,
            space: watch::channel(Space::Enough).0,
            last_try: Mutex::new(None),
            making: Mutex::new(()),
        };
        match reserve.allocate() {
            Ok(()) => Ok(reserve),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                reserve.release()?;
                Ok(reserve)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Space> {
        self.space.subscribe()
    }

    pub(crate) fn space(&self) -> Space {
        *self.space.borrow()
    }

    /// Gives the space up. Done twice without harm.
    pub(crate) fn release(&self) -> io::Result<()> {
        let Some((path, _)) = &self.file else { return Ok(()) };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        *self.last_try.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.space.send_replace(Space::OnReserve);
        Ok(())
    }

    /// Tries to make the reserve again, not more often than every ten seconds unless `at_once`.
    /// Answers with the state afterwards.
    pub(crate) fn restore(&self, at_once: bool) -> io::Result<Space> {
        if self.space() == Space::Enough {
            return Ok(Space::Enough);
        }
        {
            let mut last = self.last_try.lock().unwrap_or_else(PoisonError::into_inner);
            if !at_once && last.is_some_and(|last| last.elapsed() < RETRY) {
                return Ok(Space::OnReserve);
            }
            *last = Some(Instant::now());
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match self.allocate() {
            Ok(()) => {
                self.space.send_replace(Space::Enough);
                Ok(Space::Enough)
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                // What was allocated so far is needed more by others.
                self.release()?;
                Ok(Space::OnReserve)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns when no attempt to make the reserve holds the space that an essential write needs.
    pub(crate) fn wait(&self) {
        drop(self.making.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Zeros are written out: a sparse file would reserve nothing. What a crash left short is
    /// completed, so the length tells how far it came. A quarter more is allocated and given back, so
    /// that the reserve never takes the last of the space.
    fn allocate(&self) -> io::Result<()> {
        let Some((path, size)) = &self.file else { return Ok(()) };
        let mut file = private_file(path)?;
        let mut have = file.metadata()?.len();
        if have == *size {
            return Ok(());
        }
        let with_margin = size.saturating_add(size / 4);
        let zeros = vec![0_u8; 1 << 16];
        while have < with_margin {
            let step = (with_margin - have).min(zeros.len() as u64);
            let piece = zeros.get(..usize::try_from(step).unwrap_or(zeros.len())).unwrap_or(&zeros);
            file.write_all(piece)?;
            have += step;
        }
        // Delayed allocation would find out only later that there is no space.
        file.sync_all()?;
        file.set_len(*size)?;
        file.sync_all()
    }
}

/// Opens `path` for appending, made with mode 0600 where it does not exist.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_cut_short_by_a_crash_is_completed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        let size = 300_000;
        std::fs::write(&path, vec![0; 70_001]).unwrap();
        let reserve = Reserve::open(Some((path.clone(), size))).unwrap();
        assert_eq!(reserve.space(), Space::Enough);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
        // Killed between allocating the margin and giving it back.
        std::fs::write(&path, vec![0; 310_000]).unwrap();
        Reserve::open(Some((path.clone(), size))).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
    }

    #[test]
    fn released_space_is_given_up_at_once_and_made_again_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        let reserve = Reserve::open(Some((path.clone(), 100_000))).unwrap();
        reserve.release().unwrap();
        reserve.release().unwrap();
        assert!(!path.exists());
        assert_eq!(reserve.restore(false).unwrap(), Space::OnReserve, "tried again too early");
        assert_eq!(reserve.restore(true).unwrap(), Space::Enough);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 100_000);
    }

    #[test]
    fn after_a_crash_on_reserve_the_next_start_makes_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        Reserve::open(Some((path.clone(), 100_000))).unwrap().release().unwrap();
        let reserve = Reserve::open(Some((path.clone(), 100_000))).unwrap();
        assert_eq!(reserve.space(), Space::Enough);
        assert!(path.exists());
    }
}
