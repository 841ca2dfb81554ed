//! The command line: what it prints of what strangers call themselves, and its configuration.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::output::{Cell, Rows};
use crate::script::Script;

/// Cells from anywhere, as a table and as comma-separated values; or any text as the configuration.
pub fn command_line(octets: &[u8]) {
    let mut script = Script(octets);
    if script.byte() % 4 == 0 {
        return configuration(&String::from_utf8_lossy(script.0));
    }
    let head: &[&'static str] = &["mac", "name", "seen", "online"];
    let mut rows = Rows::new(head);
    let mut texts = Vec::new();
    for _ in 0..script.byte() % 5 {
        let (mac, name) = (script.text(), script.text());
        let seen = Timestamp::from_microsecond(script.long().cast_signed() / 64).ok();
        rows.push_cells([
            mac.clone().into(),
            name.clone().into(),
            seen.into(),
            [Cell::Unknown, true.into(), script.number().into()][usize::from(script.byte() % 3)].clone(),
        ]);
        texts.push([mac, name]);
    }
    let table = rows.to_table_in(&TimeZone::UTC);
    assert_eq!(table.lines().count(), texts.len() + 1, "{table:?}");
    assert!(!table.chars().any(|c| c.is_control() && c != '\n'), "{table:?}");
    assert!(!table.contains(['\u{202e}', '\u{2028}', '\u{2066}', '\u{200b}']), "{table:?}");
    assert!(table.lines().all(|line| line.chars().count() < 1_000), "a line too wide");

    let written = rows.to_csv(true).unwrap();
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(written.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("it is CSV");
    assert_eq!(records.len(), texts.len());
    for (record, texts) in records.iter().zip(&texts) {
        for (field, text) in record.iter().zip(texts) {
            assert!(field == text || field.strip_prefix('\'') == Some(text), "{field:?} of {text:?}");
            let first = field.trim_start().chars().next();
            assert!(!matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')), "{field:?}");
        }
    }
    let json = rows.to_json().to_string();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), rows.to_json());
}

fn configuration(text: &str) {
    let folder = Path::new("/etc/netwarden");
    match Config::parse(text, folder, |_| None) {
        Ok(config) => {
            assert!(!config.key_file.starts_with(&config.data_dir), "the key lies in the data");
            assert!(config.database_url().contains("://"));
            let _ = config.socket();
        }
        Err(error) => assert!(!format!("{error:#}").is_empty()),
    }
}
