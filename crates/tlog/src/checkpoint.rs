//! Checkpoints as C2SP `tlog-checkpoint` defines them: origin, size and root, signed as a note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note::{SealError, seal};
use crate::{Frontier, Hash, NoteError, Signer, VerifyingKey};

/// What is signed: that the log `origin` had `size` leaves under `root`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log, `netwarden/<node>`; the key has the same name.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
    /// Extension lines; the project writes the time of signing as `time <RFC 3339>`.
    pub extensions: Vec<String>,
}

/// Why a text is no trusted checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Line and what it should be. Lines count from 1.
    #[error("line {line} of the checkpoint is no {expected}")]
    Line {
        /// Line number.
        line: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log {found}, not of {expected}")]
    Origin {
        /// Wanted.
        expected: String,
        /// Found.
        found: String,
    },
    /// The signature or the form of the note.
    #[error("the checkpoint's signed note is not accepted")]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// Of a tree as it stands.
    pub fn of(origin: &str, tree: &Frontier, extensions: Vec<String>) -> Self {
        Self { origin: origin.to_owned(), size: tree.size(), root: tree.root(), extensions }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Signs it.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, SealError> {
        if std::iter::once(&self.origin).chain(&self.extensions).any(|l| l.is_empty() || l.contains('\n')) {
            return Err(NoteError::Form("origin and extensions are lines of their own").into());
        }
        seal(&self.text(), signer)
    }

    /// Verifies the signature of `key` and reads the checkpoint, whose origin must be the key's name.
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(key.open(note)?)?;
        if checkpoint.origin != key.name() {
            let (expected, found) = (key.name().to_owned(), checkpoint.origin);
            return Err(CheckpointError::Origin { expected, found });
        }
        Ok(checkpoint)
    }

    /// Reads the signed text; says nothing about who signed it.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, expected| CheckpointError::Line { line, expected };
        let body = text.strip_suffix('\n').ok_or(wrong(1, "whole line"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|l| !l.is_empty()).ok_or(wrong(1, "name of a log"))?;
        let size = lines
            .next()
            .filter(|l| l.bytes().all(|b| b.is_ascii_digit()) && (*l == "0" || !l.starts_with('0')))
            .and_then(|l| l.parse().ok())
            .ok_or(wrong(2, "number of leaves in decimal"))?;
        let root = lines
            .next()
            .and_then(|l| STANDARD.decode(l).ok())
            .and_then(|octets| Hash::from_slice(&octets))
            .ok_or(wrong(3, "root of 32 octets in base64"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if let Some(at) = extensions.iter().position(String::is_empty) {
            return Err(wrong(4 + at, "extension, for it is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}
