//! CSV imports: the file goes to the server as it is, which reads every spelling and says what it refused.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use netwarden_api::client::Method;
use netwarden_api::network::ImportResult;
use serde_json::Value;

use super::fault::Fault;
use super::job;
use super::session::{Printer, Session};
use crate::output::{Cell, Format, Rows};

/// Largest file, in octets.
const LARGEST: u64 = 64 << 20;

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Network elements.
    Elements,
    /// Endpoints.
    Endpoints,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Elements => "elements",
            Kind::Endpoints => "endpoints",
        }
    }
}

/// Imports a file. Rows that are refused leave the others alone, and make the exit code 1.
pub async fn run(session: &Session, kind: Kind, file: &Path, reason: String) -> Result<(), Fault> {
    let text = read(file)?;
    let query = [("kind", kind.word().to_owned()), ("reason", reason)];
    let sent: Value = session
        .client
        .request(Method::POST, "/adoption/import")
        .query(&query)
        .text("text/csv", text)
        .send()
        .await?;
    // Elements are asked one by one, which is a job; endpoints are taken at once.
    if sent.get("imported").is_none() {
        let started: job::Started =
            serde_json::from_value(sent).context("the server answered something unknown")?;
        return job::finish(session, &started, false, print).await;
    }
    print(&session.out, &sent)
}

pub fn judge(refused: usize) -> Result<(), Fault> {
    match refused {
        0 => Ok(()),
        1 => Err(Fault::Bad("1 row was refused".to_owned())),
        count => Err(Fault::Bad(format!("{count} rows were refused"))),
    }
}

/// Reads a file that must be text; `-` is standard input.
pub fn read(file: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    let name = file.display();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    let octets = read.with_context(|| format!("{name} cannot be read"))?;
    if octets as u64 >= LARGEST {
        return Err(super::fault::failed(format!("{name} is larger than 64 MiB")));
    }
    Ok(text)
}

fn print(out: &Printer, result: &Value) -> Result<(), Fault> {
    let result: ImportResult =
        serde_json::from_value(result.clone()).context("the server answered something unknown")?;
    match out.format {
        Format::Json => out.json(&result),
        Format::Csv => {
            let mut rows = Rows::new(&["refused"]);
            for refused in &result.refused {
                rows.push_cells([Cell::from(refused)]);
            }
            out.write(&rows.to_csv(true)?)
        }
        Format::Table => {
            let mut text = format!("{} imported\n", result.imported);
            for refused in &result.refused {
                text.push_str(&format!("refused: {}\n", crate::output::plain(refused)));
            }
            out.write(&text)
        }
    }?;
    judge(result.refused.len())
}
