//! Answers of Infoblox's web interface (WAPI, object `lease`): pages of JSON.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;
use serde::Deserialize;
use serde_json::Value;

use crate::lease::{Dropped, Lease, LeaseState};

/// The fields that are asked for (`_return_fields`).
pub const FIELDS: &str =
    "address,binding_state,client_hostname,ends,hardware,ipv6_duid,never_ends,starts,uid";

/// A page, as `_paging=1&_return_as_object=1` gives it.
#[derive(Debug)]
pub struct Page {
    /// Leases.
    pub leases: Vec<Lease>,
    /// Objects that hold none, counted from `first`.
    pub dropped: Vec<Dropped>,
    /// How many objects the page had.
    pub objects: u64,
    /// `_page_id` of the next page; None on the last.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    result: Vec<Value>,
    #[serde(default)]
    next_page_id: Option<String>,
}

/// An error as WAPI tells it.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "Error")]
    error: String,
}

/// Reads a page; its objects are counted from `first`.
///
/// # Errors
/// One sentence where the answer is no page.
pub fn page(body: &[u8], first: u64) -> Result<Page, String> {
    if let Ok(told) = serde_json::from_slice::<Told>(body) {
        return Err(told.error.chars().take(300).collect());
    }
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| format!("the answer is no page of leases: {error}"))?;
    let mut page = Page {
        leases: Vec::new(),
        dropped: Vec::new(),
        objects: u64::try_from(answer.result.len()).unwrap_or(u64::MAX),
        next: answer.next_page_id.filter(|id| !id.is_empty()),
    };
    for (line, object) in (first..).zip(&answer.result) {
        match lease_of(object) {
            Ok((lease, odd)) => {
                page.dropped.extend(odd.into_iter().map(|reason| Dropped { line, reason }));
                page.leases.push(lease);
            }
            Err(reason) => page.dropped.push(Dropped { line, reason }),
        }
    }
    Ok(page)
}

fn lease_of(object: &Value) -> Result<(Lease, Vec<String>), String> {
    let text =
        |name: &str| object.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let ip = text("address").ok_or("the object has no address")?;
    let shown: String = ip.chars().take(64).collect();
    let ip: IpAddr = ip.parse().map_err(|_| format!("'{shown}' is no address"))?;
    let mut odd = Vec::new();
    let state = match text("binding_state").unwrap_or("ACTIVE") {
        "ACTIVE" => LeaseState::Active,
        "STATIC" => LeaseState::Reserved,
        "OFFERED" => LeaseState::Offered,
        "EXPIRED" => LeaseState::Expired,
        "RELEASED" => LeaseState::Released,
        "ABANDONED" | "DECLINED" => LeaseState::Declined,
        "FREE" | "BACKUP" | "RESET" => LeaseState::Free,
        other => {
            return Err(format!("'{}' is no state of a lease", other.chars().take(32).collect::<String>()));
        }
    };
    let mut lease = Lease::new(ip, state);
    if let Some(mac) = text("hardware") {
        match mac.parse::<Mac>() {
            Ok(mac) => lease.mac = Some(mac),
            Err(error) => odd.push(error.to_string()),
        }
    }
    lease.client_id =
        text("ipv6_duid").or_else(|| text("uid")).filter(|id| id.len() <= 400).map(str::to_lowercase);
    // WAPI gives the name as dhcpd wrote it, quotes included.
    if let Some(name) = text("client_hostname")
        && let Err(reason) = lease.take_name(name.trim_matches('"'))
    {
        odd.push(reason);
    }
    let at =
        |name: &str| object.get(name).and_then(Value::as_i64).and_then(|at| Timestamp::from_second(at).ok());
    lease.starts = at("starts");
    if object.get("never_ends").and_then(Value::as_bool) != Some(true) {
        lease.ends = at("ends");
    }
    Ok((lease, odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_leases() {
        let body = br#"{"next_page_id": "789c", "result": [
            {"_ref": "lease/ZG5z:10.0.0.17/default/", "address": "10.0.0.17", "binding_state": "ACTIVE", "client_hostname": "\"pc17\"",
             "starts": 1795305900, "ends": 1795356300, "hardware": "00:1b:21:3a:4f:5e", "never_ends": false},
            {"address": "10.0.0.18", "binding_state": "STATIC", "never_ends": true, "ends": 5},
            {"address": "2001:db8::1", "ipv6_duid": "00:01:AA", "client_hostname": "pc6.example.net", "binding_state": "RELEASED"},
            {"address": 7}, {"address": "10.0.0.19", "binding_state": "ODD"}, {"address": "10.0.0.20", "hardware": "zz"}]}"#;
        let page = page(body, 1001).unwrap();
        assert_eq!((page.leases.len(), page.objects, page.next.as_deref()), (4, 6, Some("789c")));
        assert_eq!(page.leases[0].host_name.as_deref(), Some("pc17"));
        assert_eq!(page.leases[0].ends, Timestamp::from_second(1_795_356_300).ok());
        assert_eq!(page.leases[1].ends, None);
        assert_eq!(page.leases[2].domain.as_deref(), Some("example.net"));
        assert_eq!(page.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [1004, 1005, 1006]);
    }

    #[test]
    fn errors_are_told_in_their_words() {
        let told = page(
            br#"{"Error": "AdmConProtoError: Unknown object type (lease2)", "code": "x", "text": "y"}"#,
            1,
        );
        assert!(told.unwrap_err().contains("Unknown object type"));
        for odd in [&b"[]"[..], b"", b"<html>", b"{\"result\": 7}"] {
            assert!(page(odd, 1).is_err());
        }
    }
}
