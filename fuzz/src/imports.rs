//! CSV files of network elements and endpoints.

use std::collections::BTreeSet;

use netwarden_inventory::import::{Imported, elements, endpoints};

/// Any file: a line is taken or refused and never both, nothing is taken twice, and what is taken is taken
/// again from the file that one would write of it.
pub fn csv_import(octets: &[u8]) {
    let found = elements(octets);
    lines(&found, octets);
    let mut addresses = BTreeSet::new();
    let mut again = vec![vec![
        "address".to_owned(),
        "name".into(),
        "credential".into(),
        "class".into(),
        "groups".into(),
        "quarantine_vlan".into(),
        "voice_vlan".into(),
    ]];
    for (_, row) in &found.rows {
        assert!(row.address.port() > 0 && addresses.insert(row.address), "{row:?}");
        assert!(!row.name.is_empty());
        again.push(vec![
            row.address.to_string(),
            row.name.clone(),
            row.credential.clone().unwrap_or_default(),
            row.class.clone().unwrap_or_default(),
            row.groups.join("|"),
            row.quarantine_vlan.map(|vlan| vlan.to_string()).unwrap_or_default(),
            row.voice_vlan.map(|vlan| vlan.to_string()).unwrap_or_default(),
        ]);
    }
    let second = elements(&written(&again));
    same(&found, &second);

    let found = endpoints(octets);
    lines(&found, octets);
    let mut macs = BTreeSet::new();
    let mut again = vec![
        ["mac", "status", "valid_until", "owner", "note", "group", "ne", "port", "custom1", "custom2"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (_, row) in &found.rows {
        assert!(row.mac.is_endpoint() && macs.insert(row.mac), "{row:?}");
        let (ne, port) = row.bound_to.clone().unwrap_or_default();
        again.push(vec![
            row.mac.to_string(),
            row.status.as_str().to_owned(),
            row.valid_until.map(|at| at.to_string()).unwrap_or_default(),
            row.owner.clone().unwrap_or_default(),
            row.note.clone().unwrap_or_default(),
            row.group.clone().unwrap_or_default(),
            ne,
            port,
            row.custom1.clone().unwrap_or_default(),
            row.custom2.clone().unwrap_or_default(),
        ]);
    }
    let second = endpoints(&written(&again));
    same(&found, &second);
}

fn written(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn same<T: PartialEq + std::fmt::Debug>(first: &Imported<T>, second: &Imported<T>) {
    assert_eq!(second.rejected, []);
    assert_eq!(first.rows.len(), second.rows.len());
    for ((_, before), (_, after)) in first.rows.iter().zip(&second.rows) {
        assert_eq!(before, after);
    }
}

fn lines<T>(found: &Imported<T>, octets: &[u8]) {
    assert!(found.rows.is_sorted_by(|a, b| a.0 < b.0), "lines in order");
    let last = 1 + octets.iter().filter(|octet| **octet == b'\n' || **octet == b'\r').count() as u64;
    let refused: BTreeSet<u64> = found.rejected.iter().map(|row| row.line).collect();
    for (line, _) in &found.rows {
        assert!((2..=last).contains(line) && !refused.contains(line), "line {line} of {last}");
    }
    let said: usize = found.rejected.iter().map(|row| row.reason.len()).sum();
    assert!(said <= 4 * octets.len() + 300 * (found.rejected.len() + 1), "{said} octets of reasons");
}
