//! Recordings of real devices against what another well-known system read from them.
//!
//! The recordings lie outside the repository (`NETWARDEN_RECORDINGS`, else
//! `../shared/data/snmp-recordings` beside it). Printed per device and module: rows expected, found,
//! missing, extra. The floor below holds the level reached: improvement shows, regression fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)] // tests

mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use netwarden_collect::{DeviceProfile, Outcome, read};
use netwarden_model::Reading;
use netwarden_model::element::Method;
use recorded::RecordedDevice;
use serde_json::Value as Json;

/// Device, module, least number of expected rows that must be found, most extra rows.
///
/// The extra rows are right: of the Juniper, the other system leaves out VLANs whose ports the MIB
/// lists; of the Radlan, it leaves out aggregates that it does not show as ports.
const FLOOR: &[(&str, &str, usize, usize)] = &[
    ("allied_awplusv2", "arp", 1, 0),
    ("allied_awplusv2", "ports", 50, 0),
    ("arista_eos", "ports", 15, 0),
    ("arista_eos", "ports_vlans", 24, 0),
    ("arista_eos", "vlans", 9, 0),
    ("comware", "ports", 232, 0),
    ("comware", "ports_vlans", 235, 0),
    ("comware", "vlans", 7, 0),
    ("cumulus_edgecore-as4610-54p", "ports", 57, 0),
    ("cumulus_edgecore-as4610-54p", "vlans", 8, 0),
    ("dell-ups_rack3750w", "arp", 1, 0),
    ("dell-ups_rack3750w", "ports", 2, 0),
    ("dnos_s4048", "ports", 172, 0),
    ("dnos_s4048", "ports_vlans", 53, 0),
    ("dnos_s4048", "vlans", 17, 0),
    ("edgecos_es3510ma", "arp", 1, 0),
    ("edgecos_es3510ma", "fdb", 2, 0),
    ("edgecos_es3510ma", "ports", 15, 0),
    ("edgecos_es3510ma", "ports_vlans", 14, 0),
    ("edgecos_es3510ma", "vlans", 3, 0),
    ("fortiswitch_424ef", "ports", 45, 0),
    ("hirschmann_ms4128", "ports", 19, 0),
    ("ios_nac", "nac", 5, 0),
    ("ios_nac", "ports", 12, 0),
    ("junos_qfx5100", "links", 2, 0),
    ("junos_qfx5100", "ports", 49, 0),
    ("junos_qfx5100", "ports_vlans", 6, 12),
    ("junos_qfx5100", "vlans", 8, 0),
    ("procurve_2520", "fdb", 741, 0),
    ("procurve_2520", "ports", 44, 0),
    ("procurve_2520", "ports_vlans", 53, 0),
    ("procurve_2520", "vlans", 8, 0),
    ("procurve_nac", "nac", 2, 0),
    ("procurve_nac", "ports", 62, 0),
    ("radlan", "arp", 1, 0),
    ("radlan", "ports", 51, 0),
    ("radlan", "ports_vlans", 26, 2),
    ("routeros", "ports", 11, 0),
    ("scalance_xc206-2sfp", "ports", 12, 0),
    ("scalance_xc206-2sfp", "ports_vlans", 12, 0),
    ("scalance_xc206-2sfp", "vlans", 4, 0),
    ("vrp_5720-vrf", "ports", 163, 0),
    ("vrp_5720-vrf", "ports_vlans", 246, 0),
    ("vrp_5720-vrf", "vlans", 48, 0),
    ("zynos_xgs4600", "ports", 70, 0),
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("NETWARDEN_RECORDINGS").map(PathBuf::from).unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/snmp-recordings")
    });
    folder.is_dir().then_some(folder)
}

fn recordings() -> Vec<(String, PathBuf)> {
    let Some(folder) = folder() else {
        println!("skipped: no folder of recordings (NETWARDEN_RECORDINGS)");
        return Vec::new();
    };
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "snmprec"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}

async fn read_all(path: &Path) -> Outcome {
    let device = RecordedDevice::load(path).unwrap();
    read(&device, &Method::ALL, None).await.unwrap()
}

type Rows = BTreeSet<String>;

/// The rows of a module that the other system found, as keys; None where it has no such module.
fn expected(json: &Json, module: &str, table: &str) -> Option<Vec<Json>> {
    let module = json.get(module)?;
    let of = |kind: &str| module.get(kind)?.get(table)?.as_array().cloned();
    of("poller").or_else(|| of("discovery")).filter(|rows| !rows.is_empty())
}

fn plain_mac(value: &Json) -> String {
    let text = value.as_str().unwrap_or_default();
    match text.parse::<netwarden_model::Mac>() {
        Ok(mac) => mac.to_string(),
        Err(_) => text.to_owned(),
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// Both sides of one module, as comparable keys.
fn compare(json: &Json, module: &str, reading: &Reading) -> Option<(Rows, Rows)> {
    let name_of = |i: netwarden_model::IfIndex| {
        reading.interfaces.iter().find(|p| p.if_index == i).and_then(|p| p.name.clone())
    };
    let opt = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    Some(match module {
        "ports" => {
            let theirs = expected(json, "ports", "ports")?;
            let mut ours = Rows::new();
            let mut keys = Rows::new();
            for row in &theirs {
                let index = row["ifIndex"].as_u64()?;
                let admin = row["ifAdminStatus"].is_string();
                let mac = row["ifPhysAddress"].is_string() && text(&row["ifPhysAddress"]) != "000000000000";
                let key = |name: String,
                           alias: String,
                           kind: String,
                           oper: String,
                           a: String,
                           s: String,
                           m: String| {
                    format!("{index} {name} | {alias} | {kind} {oper} {a} {s} {m}")
                };
                let mine = reading.interfaces.iter().find(|i| u64::from(i.if_index.0) == index);
                // the other system makes up `slot/port` for one maker's `swpNN`, takes backslashes
                // away, and shows octets that are no text as dots
                let made_up = |theirs: String| match mine.and_then(|i| i.name.clone()) {
                    Some(name) if name.starts_with("swp") && theirs.contains('/') => name,
                    _ => theirs,
                };
                let alias = text(&row["ifAlias"]);
                let alias = if alias.bytes().all(|b| b == b'.') { "-".to_owned() } else { alias };
                keys.insert(key(
                    made_up(text(&row["ifName"])),
                    alias.clone(),
                    text(&row["ifType"]),
                    text(&row["ifOperStatus"]),
                    text(&row["ifAdminStatus"]),
                    opt(row["ifSpeed"].as_u64().filter(|n| *n > 0)),
                    if mac { plain_mac(&row["ifPhysAddress"]) } else { "-".into() },
                ));
                let Some(i) = mine else { continue };
                // where there is no alias, the other system shows the description or the name
                let alias = i
                    .alias
                    .as_ref()
                    .map(|a| a.replace('\\', ""))
                    .filter(|a| a.bytes().any(|b| b != b'.'))
                    .unwrap_or_else(|| {
                        let theirs = alias.clone();
                        let known = [&i.descr, &i.name].into_iter().flatten().any(|n| n.trim() == theirs);
                        if known || theirs == "-" { theirs } else { "?".into() }
                    });
                // statuses that its discovery leaves out cannot be compared
                let or = |mine: Option<String>, here: bool| {
                    if here { mine.unwrap_or("-".into()) } else { "-".into() }
                };
                ours.insert(key(
                    i.name.clone().unwrap_or("-".into()),
                    alias.trim().to_owned(),
                    i.type_name.clone().unwrap_or_else(|| opt(i.if_type.map(u64::from))),
                    or(i.oper_status.clone(), row["ifOperStatus"].is_string()),
                    or(i.admin_status.clone(), admin),
                    if row["ifSpeed"].is_null() && !admin { "-".into() } else { opt(i.speed) },
                    if mac { i.mac.map_or("-".into(), |m| m.to_string()) } else { "-".into() },
                ));
            }
            (keys, ours)
        }
        "vlans" => {
            let theirs = expected(json, "vlans", "vlans")?;
            let keys =
                theirs.iter().map(|v| format!("{} {}", v["vlan_vlan"], text(&v["vlan_name"]))).collect();
            // a VLAN without a name is shown under a made-up one
            let ours = reading
                .vlans
                .iter()
                .filter(|v| v.configured)
                .map(|v| format!("{} {}", v.id, v.name.clone().unwrap_or_else(|| format!("VLAN {}", v.id))))
                .collect();
            (keys, ours)
        }
        "ports_vlans" => {
            let theirs = expected(json, "vlans", "ports_vlans")?;
            let keys = theirs
                .iter()
                .map(|v| format!("VLAN {} port {} untagged {}", v["vlan"], v["baseport"], v["untagged"]))
                .collect();
            let port = |i: &netwarden_model::IfIndex| {
                let of = reading.interfaces.iter().find(|p| p.if_index == *i);
                of.and_then(|p| p.base_port).map_or("null".to_owned(), |p| p.to_string())
            };
            let ours = reading
                .vlans
                .iter()
                .flat_map(|v| {
                    v.egress.iter().map(move |i| {
                        let untagged = u8::from(v.untagged.contains(i));
                        format!("VLAN {} port {} untagged {untagged}", v.id, port(i))
                    })
                })
                .collect();
            (keys, ours)
        }
        "fdb" => {
            let theirs = expected(json, "fdb-table", "ports_fdb")?;
            let keys = theirs
                .iter()
                .map(|f| {
                    format!("{} {} {}", plain_mac(&f["mac_address"]), f["ifIndex"], text(&f["vlan_vlan"]))
                })
                .collect();
            let ours = reading
                .fdb
                .iter()
                .map(|f| {
                    let port = f.if_index.map_or("null".to_owned(), |i| i.to_string());
                    format!("{} {port} {}", f.mac, f.vlan.map_or("-".to_owned(), |v| v.to_string()))
                })
                .collect();
            (keys, ours)
        }
        "arp" => {
            let theirs = expected(json, "arp-table", "ipv4_mac")?;
            let keys = theirs
                .iter()
                .map(|a| format!("{} {}", text(&a["ipv4_address"]), plain_mac(&a["mac_address"])))
                .collect();
            let ours = reading
                .arp
                .iter()
                .filter(|a| a.ip.is_ipv4())
                .map(|a| format!("{} {}", a.ip, a.mac))
                .collect();
            (keys, ours)
        }
        "links" => {
            let theirs = expected(json, "discovery-protocols", "links")?;
            let keys = theirs
                .iter()
                .map(|l| {
                    format!("{} {} {}", text(&l["protocol"]), text(&l["ifName"]), text(&l["remote_hostname"]))
                })
                .collect();
            let ours = reading
                .neighbours
                .iter()
                .map(|n| {
                    let protocol = format!("{:?}", n.protocol).to_lowercase();
                    let port = n.if_index.and_then(name_of).unwrap_or("-".into());
                    format!("{protocol} {port} {}", n.system_name.clone().unwrap_or("-".into()))
                })
                .collect();
            (keys, ours)
        }
        _ => {
            let theirs = expected(json, "nac", "ports_nac")?;
            let words = |mode: &str| match mode {
                "singleHost" => "single",
                "multiHost" => "multi_host",
                "multiAuth" => "multi_auth",
                "multiDomain" => "multi_domain",
                _ => "-",
            };
            let some = |t: String| if t.is_empty() { "-".to_owned() } else { t };
            let keys = theirs
                .iter()
                .map(|n| {
                    format!(
                        "{} {} {} {} {} {} {} vlan {}",
                        n["ifIndex"],
                        plain_mac(&n["mac_address"]),
                        text(&n["username"]),
                        some(text(&n["domain"])),
                        words(&text(&n["host_mode"])),
                        text(&n["authz_status"]),
                        text(&n["method"]),
                        n["vlan"],
                    )
                })
                .collect();
            let ours = reading
                .sessions
                .iter()
                .map(|s| {
                    let or = |t: &Option<String>| t.clone().unwrap_or("-".into());
                    format!(
                        "{} {} {} {} {} {} {} vlan {}",
                        s.if_index.map_or("null".to_owned(), |i| i.to_string()),
                        s.mac.map_or("-".to_owned(), |m| m.to_string()),
                        or(&s.user),
                        or(&s.domain),
                        or(&s.host_mode),
                        or(&s.status),
                        or(&s.method),
                        s.vlan.map_or(0, netwarden_model::VlanId::get),
                    )
                })
                .collect();
            (keys, ours)
        }
    })
}

const MODULES: [&str; 7] = ["ports", "vlans", "ports_vlans", "fdb", "arp", "links", "nac"];

#[tokio::test]
async fn recordings_are_read_as_well_as_ever() {
    let mut worse = Vec::new();
    let mut reached = BTreeMap::new();
    for (device, path) in recordings() {
        let outcome = read_all(&path).await;
        assert!(outcome.incomplete.is_empty(), "{device}: {:?}", outcome.incomplete);
        let reading = &outcome.reading;
        println!(
            "{device}: {} interfaces, {} VLANs, {} fdb, {} arp, {} neighbours, {} sessions, quirks {:?}",
            reading.interfaces.len(),
            reading.vlans.len(),
            reading.fdb.len(),
            reading.arp.len(),
            reading.neighbours.len(),
            reading.sessions.len(),
            reading.quirks.iter().map(|q| (q.quirk, q.rows, q.dropped)).collect::<Vec<_>>(),
        );
        let Ok(text) = std::fs::read_to_string(path.with_extension("json")) else { continue };
        let json: Json = serde_json::from_str(&text).unwrap();
        for module in MODULES {
            let Some((theirs, ours)) = compare(&json, module, reading) else { continue };
            let missing: Vec<&String> = theirs.difference(&ours).collect();
            let extra: Vec<&String> = ours.difference(&theirs).collect();
            let found = theirs.len() - missing.len();
            println!(
                "    {module}: expected {}, found {found}, missing {}, extra {}",
                theirs.len(),
                missing.len(),
                extra.len()
            );
            for row in missing.iter().take(6) {
                println!("        missing {row}");
            }
            for row in extra.iter().take(6) {
                println!("        extra   {row}");
            }
            reached.insert((device.clone(), module), (found, extra.len()));
        }
    }
    for ((device, module), (found, extra)) in &reached {
        println!("    (\"{device}\", \"{module}\", {found}, {extra}),");
    }
    for (device, module, least, most) in FLOOR {
        if let Some((found, extra)) = reached.get(&((*device).to_owned(), *module))
            && (found < least || extra > most)
        {
            worse.push(format!("{device} {module}: {found} found of {least}, {extra} extra of {most}"));
        }
    }
    assert!(worse.is_empty(), "worse than before: {worse:#?}");
}

/// A poll of the forwarding table with the profile tells the same as the full reading.
#[tokio::test]
async fn a_poll_with_the_profile_tells_the_same_as_the_whole_reading() {
    for (device, path) in recordings() {
        let whole = read_all(&path).await;
        let session = RecordedDevice::load(&path).unwrap();
        let stored = serde_json::to_string(&whole.profile).unwrap();
        let profile: DeviceProfile = serde_json::from_str(&stored).unwrap();
        let poll = read(&session, &[Method::Forwarding], Some(&profile)).await.unwrap();
        assert_eq!(poll.reading.fdb, whole.reading.fdb, "{device}");
        assert_eq!(poll.reading.sessions, whole.reading.sessions, "{device}");
        assert!(poll.reading.interfaces.is_empty());
        let bare = read(&session, &[Method::Forwarding], None).await.unwrap();
        assert_eq!(bare.reading.fdb, whole.reading.fdb, "{device} without a profile");
        let never_zero = whole.reading.fdb.iter().all(|f| f.if_index.is_none_or(|i| i.0 != 0));
        assert!(never_zero, "{device}");
    }
}
