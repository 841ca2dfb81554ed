//! Texts of one line and small formats: what is accepted is written and read as the same, what is refused is
//! refused in a sentence no longer than what was said.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netwarden_actions::plan::port_list;
use netwarden_api::pin::Fingerprint;
use netwarden_api::sse::Decoder;
use netwarden_collect::convention;
use netwarden_collect::discovery::{SWEEP_LIMIT, Subnet};
use netwarden_identity::Operation;
use netwarden_identity::admission::{Addresses, Attributes, Hours};
use netwarden_identity::password::{
    Candidate, Dictionary, MAX_ITERATIONS, MIN_ITERATIONS, Params, PasswordHash, PasswordPolicy, Person,
    breaches,
};
use netwarden_identity::secret::{SecretKind, digest};
use netwarden_inventory::oui;
use netwarden_model::{EventKind, Mac, VlanId};
use netwarden_operate::parameters::PARAMETERS;
use netwarden_reach::{AuthProtocol, Credentials, PrivProtocol};
use netwarden_snmp::Oid;
use netwarden_tlog::VerifyingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::script::Script;
use crate::targets::Target;
use crate::when;

/// Parses `text`; what is accepted reads back from how it is shown.
fn shown<T>(text: &str) -> Option<T>
where
    T: std::str::FromStr + std::fmt::Display + PartialEq + std::fmt::Debug,
    T::Err: std::fmt::Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let again = value.to_string().parse::<T>().ok();
            assert_eq!(again.as_ref(), Some(&value), "{text:?} is shown as {value}");
            Some(value)
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.is_empty() && said.len() <= 2 * text.len() + 300, "{text:?}: {said}");
            None
        }
    }
}

/// One text as each of the words that people, files and databases hold.
pub fn words(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let text = text.as_ref();
    if let Some(mac) = shown::<Mac>(text) {
        assert_eq!(Mac::from_u64(mac.to_u64()), Some(mac));
        let json = serde_json::to_string(&mac).unwrap();
        assert_eq!(serde_json::from_str::<Mac>(&json).unwrap(), mac);
        if let Some(vendor) = oui::vendor_of(mac) {
            assert!(!vendor.is_empty() && vendor.len() < 300);
        }
    }
    if let Some(vlan) = shown::<VlanId>(text) {
        assert!((1..=4094).contains(&vlan.get()));
    }
    shown::<EventKind>(text);
    if let Some(oid) = shown::<Oid>(text) {
        assert!(oid.sub_ids().len() <= netwarden_snmp::oid::MAX_SUB_IDS);
    }
    if let Some(subnet) = shown::<Subnet>(text)
        && let Ok(hosts) = subnet.hosts(SWEEP_LIMIT)
    {
        assert!(!hosts.is_empty() && hosts.len() <= SWEEP_LIMIT, "{text}: {}", hosts.len());
        assert!(hosts.is_sorted_by(|a, b| a < b));
    }
    shown::<VerifyingKey>(text);
    let _ = text.parse::<Operation>().map_err(|error| error.to_string());
    let _ = (text.parse::<AuthProtocol>().is_ok(), text.parse::<PrivProtocol>().is_ok());
    let _ = text.parse::<Fingerprint>().map_err(|error| error.to_string());
    if let Ok(hash) = PasswordHash::decode(text) {
        let iterations = hash.params().iterations();
        assert!(iterations.is_none_or(|count| (MIN_ITERATIONS..=MAX_ITERATIONS).contains(&count)));
        assert_eq!(hash.params().to_string().parse::<Params>(), Ok(hash.params()));
        assert_eq!(PasswordHash::decode(&hash.encode()).as_ref(), Ok(&hash));
        assert!(!format!("{hash:?}").contains(text), "a hash is shown");
    }
    for kind in [SecretKind::Token, SecretKind::Session] {
        if digest(kind, text).is_some() {
            assert!(text.starts_with(kind.prefix()) && text.len() < 64, "{text:?}");
        }
    }
    let person = Person { name: "admin", ..Person::default() };
    let candidate = Candidate { new: text, old: None, person };
    if breaches(&PasswordPolicy::default(), &Dictionary::default(), &candidate).is_empty() {
        assert!(text.len() <= 1024 && !text.to_lowercase().contains("admin"));
    }
    if let Ok((dictionary, _)) = Dictionary::read(text.as_bytes()) {
        let again = Dictionary::read(dictionary.text().as_bytes());
        assert_eq!(again, Ok((dictionary, 0)));
    }
    match Addresses::parse(text) {
        Ok(addresses) => assert_eq!(Addresses::parse(&addresses.to_string()), Ok(addresses)),
        Err(said) => assert!(said.to_string().len() <= 400, "{said}"),
    }
    if let Err(said) = Hours::parse(text) {
        assert!(said.to_string().len() <= 400, "{said}");
    }
    if let Ok(attributes) = Attributes::decode(text) {
        assert_eq!(Attributes::decode(&attributes.encode()).ok(), Some(attributes));
    }
    for parameter in PARAMETERS {
        if parameter.check(text).is_ok() {
            // A list of addresses is longer than a number or a word, and one line all the same.
            let longest = if parameter.name == "enforcement.own_macs" { 64 * 19 } else { 64 };
            assert!(text.len() <= longest && !text.contains('\n'), "{}: {text:?}", parameter.name);
        }
    }
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for sense in [when::Sense::PastFrom, when::Sense::PastUntil, when::Sense::Future] {
        if let Err(said) = when::parse(text, sense, now, &TimeZone::fixed(jiff::tz::offset(1))) {
            assert!(said.len() <= text.len() + 300);
        }
    }
    for line in text.lines() {
        let Ok(Some(target)) = Target::parse_line(line) else { continue };
        assert!(!target.host.is_empty() && !target.host.contains([' ', ',', '\t']), "{line:?}: {target:?}");
        let secret = line.split([' ', '\t', ',']).next_back().unwrap_or_default();
        // Marks are left out: those that stand around the host when it is shown are no secret.
        let is_told_apart = secret.len() > 8 && secret.chars().all(char::is_alphanumeric);
        if target.access.is_some() && is_told_apart && !target.host.contains(secret) {
            assert!(!format!("{target:?}").contains(secret), "a secret is shown");
        }
    }
}

/// What was read from JSON is written and read as the same.
fn json<T: DeserializeOwned + Serialize>(text: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(text) else { return };
    let written = serde_json::to_value(&value).unwrap();
    let again: T = serde_json::from_value(written.clone()).expect("what was written is read");
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
}

/// Small formats of octets; the first octet says which.
pub fn octets(octets: &[u8]) {
    let Some((kind, rest)) = octets.split_first() else { return };
    match kind % 6 {
        0 => oui_table(rest),
        1 => port_lists(rest),
        2 => event_stream(rest),
        3 => conventions(rest),
        4 => credentials(rest),
        _ => interface_types(rest),
    }
}

/// A table of vendors that is damaged, or made to harm.
fn oui_table(octets: &[u8]) {
    let mut script = Script(octets);
    let mac = Mac::from_slice(script.take(6));
    let Some(mac) = mac else { return };
    // Its magic and counts seldom come by chance.
    let table = match script.byte() % 4 {
        0 => script.0.to_vec(),
        _ => {
            let mut table = b"NWOUI1\0\0".to_vec();
            for _ in 0..4 {
                table.extend(u32::from(script.byte() % 20).to_be_bytes());
            }
            table.extend(script.0);
            table
        }
    };
    if let Some(name) = oui::look_up(&table, mac) {
        assert!(name.len() <= 16 * 255, "{name}");
    }
}

/// PortLists: one port changes, nothing else, and no list grows beyond what a switch can have.
fn port_lists(octets: &[u8]) {
    let mut script = Script(octets);
    let port = if script.byte() % 4 == 0 { script.number() } else { u32::from(script.byte()) };
    let list = script.0;
    let bits = convention::bits(list, 1);
    assert!(bits.iter().take(65_535).all(|bit| port_list::contains(list, *bit)));
    for set in [true, false] {
        let changed = port_list::with(list, port, set);
        assert!(changed.len() <= list.len().max(64 * 1024), "port {port} makes {} octets", changed.len());
        if (1..=65_535).contains(&port) {
            assert_eq!(port_list::contains(&changed, port), set);
        }
        for other in bits.iter().filter(|bit| **bit != port) {
            assert!(port_list::contains(&changed, *other));
        }
    }
    assert_eq!(bits.len(), list.iter().map(|octet| octet.count_ones() as usize).sum::<usize>());
}

/// An event stream gives the same messages in whatever pieces it comes.
fn event_stream(octets: &[u8]) {
    let mut script = Script(octets);
    let step = usize::from(script.byte()) + 1;
    let mut whole = Decoder::default();
    let all = whole.feed(script.0).expect("a short stream");
    let mut pieces = Decoder::default();
    let mut found = Vec::new();
    for piece in script.0.chunks(step) {
        found.extend(pieces.feed(piece).expect("a short stream"));
    }
    assert_eq!(all, found);
    assert!(all.iter().map(|message| message.data.len()).sum::<usize>() <= 3 * script.0.len());
}

/// Textual conventions.
fn conventions(octets: &[u8]) {
    let text = convention::text_of_bytes(octets);
    assert!(
        text.len() <= 3 * octets.len() && !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
    let _ = convention::mac_of_bytes(octets);
    if let Some(list) = convention::decimal_list(octets) {
        assert!(list.len() <= octets.len());
    }
    if let Some(ip) = convention::ip_of_bytes(octets) {
        assert_eq!(ip.is_ipv4(), octets.len() < 16);
    }
    let arcs: Vec<u32> = octets.iter().map(|octet| u32::from(*octet)).collect();
    if let Some((_, rest)) = convention::inet_address(&arcs) {
        assert!(rest.len() + 5 <= arcs.len());
    }
    let _ = convention::mac_of_index(&arcs);
}

/// Credentials as the vault gives them back: whatever is in them, they are not shown.
fn credentials(octets: &[u8]) {
    json::<Credentials>(octets);
    let Ok(credentials) = serde_json::from_slice::<Credentials>(octets) else { return };
    let shown = format!("{credentials:?} {}", credentials.kind());
    let secrets = match &credentials {
        Credentials::V1 { community } | Credentials::V2c { community } => vec![community.expose().to_vec()],
        Credentials::V3 { auth, privacy, .. } => {
            let auth = auth.as_ref().map(|(_, secret)| secret.expose().to_vec());
            auth.into_iter().chain(privacy.as_ref().map(|(_, secret)| secret.expose().to_vec())).collect()
        }
    };
    let names = match &credentials {
        Credentials::V3 { user, context, .. } => format!("{user:?}{context:?}"),
        _ => String::new(),
    };
    for secret in secrets.iter().filter_map(|secret| std::str::from_utf8(secret).ok()) {
        if secret.len() > 12 && !names.contains(secret) {
            assert!(!shown.contains(secret), "a secret is shown");
        }
    }
}

/// Types of the REST interface, as a client and a server read them.
fn interface_types(octets: &[u8]) {
    use netwarden_api::{Page, Problem, endpoint, event, network, rule, system};
    let mut script = Script(octets);
    let kind = script.byte();
    let text = script.0;
    match kind % 16 {
        0 => json::<Page<endpoint::Endpoint>>(text),
        1 => json::<Page<network::Element>>(text),
        2 => json::<Page<network::Port>>(text),
        3 => json::<Page<event::Event>>(text),
        4 => json::<Page<rule::Rule>>(text),
        5 => json::<endpoint::Authorise>(text),
        6 => json::<endpoint::EndpointChange>(text),
        7 => json::<network::ElementChange>(text),
        8 => json::<network::PortChange>(text),
        9 => json::<rule::RuleChange>(text),
        10 => json::<rule::Rehearse>(text),
        11 => json::<endpoint::Why>(text),
        12 => json::<Problem>(text),
        13 => json::<system::NewUser>(text),
        14 => json::<system::Status>(text),
        _ => json::<Page<netwarden_api::audit::Record>>(text),
    }
}
