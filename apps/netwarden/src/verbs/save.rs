//! Long answers that are written as they come: to a file, which appears when it is whole, or to standard
//! output.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use netwarden_api::client::Request;

use super::fault::Fault;
use super::session::{ProgressLine, Session};

/// Writes an answer. A file that is there already is never overwritten.
pub async fn save(session: &Session, request: Request, output: Option<&Path>) -> Result<(), Fault> {
    let Some(path) = output else {
        let mut stream = request.stream().await?;
        while let Some(piece) = stream.chunk().await? {
            session.out.write_octets(&piece)?;
        }
        return Ok(());
    };
    let name = path.display();
    if path.exists() {
        return Err(super::fault::failed(format!("{name} is there already: nothing was written")));
    }
    let mut stream = request.stream().await?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let mut file = private(partial).with_context(|| format!("{name} cannot be made"))?;
    let mut line = ProgressLine::new();
    let mut written = 0_u64;
    let outcome: Result<(), Fault> = async {
        while let Some(piece) = stream.chunk().await? {
            file.write_all(&piece).with_context(|| format!("{name} cannot be written"))?;
            written += piece.len() as u64;
            line.show(&format!("{name}: {} KiB", written >> 10));
        }
        Ok(file.sync_all().with_context(|| format!("{name} cannot be written"))?)
    }
    .await;
    drop(line);
    if let Err(fault) = outcome {
        let _ = std::fs::remove_file(partial);
        return Err(fault);
    }
    std::fs::rename(partial, path).with_context(|| format!("{name} cannot be made"))?;
    session.out.note(&format!("{name}: {written} octets"));
    Ok(())
}

/// What the trail and the database hold is for nobody else's eyes.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
