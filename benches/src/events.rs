//! Endpoints and events of a network that does not exist, the same in every run.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::event::NacPayload;
use netwarden_model::{
    Compliance, EndpointFacts, EndpointStatus, EventKind, IfIndex, Mac, NeId, NewEvent, Outcome, Payload,
    PortName, PortRef, Subject, VlanId,
};

const VENDORS: [(&str, u64); 8] = [
    ("Intel Corporate", 0x00_1b21),
    ("Dell Inc.", 0x00_1422),
    ("Hewlett Packard", 0x30_2432),
    ("Apple, Inc.", 0x3c_15c2),
    ("Raspberry Pi Foundation", 0xb8_27eb),
    ("Axis Communications AB", 0x00_408c),
    ("Yealink(Xiamen) Network Technology Co.,Ltd.", 0x80_5259),
    ("Brother industries, LTD.", 0x00_8077),
];
const GROUPS: [&str; 5] = ["staff", "printers", "phones", "cameras", "visitors"];

fn number(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// An endpoint by its number.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// From 0.
    pub number: usize,
    /// Elements that there are.
    pub elements: usize,
}

impl Endpoint {
    /// Its address.
    pub fn mac(self) -> Mac {
        let (_, prefix) = self.vendor_and_prefix();
        Mac::from_u64((prefix << 24) | (number(self.number) & 0xff_ffff)).unwrap_or(Mac::new([0; 6]))
    }

    fn vendor_and_prefix(self) -> (&'static str, u64) {
        VENDORS.get(self.number % VENDORS.len()).copied().unwrap_or(("", 0))
    }

    /// Its vendor.
    pub fn vendor(self) -> &'static str {
        self.vendor_and_prefix().0
    }

    /// The element on which it is after `moves` moves, from 1.
    pub fn ne(self, moves: usize) -> i64 {
        let ne = (self.number / 7 + moves * 13) % self.elements.max(1);
        i64::try_from(ne).unwrap_or(0) + 1
    }

    /// The port of that element, from 1 to 48.
    pub fn port(self, moves: usize) -> usize {
        (self.number * 5 + moves * 11) % 48 + 1
    }

    /// The port's name.
    pub fn port_name(self, moves: usize) -> PortName {
        PortName(format!("GigabitEthernet1/0/{}", self.port(moves)))
    }

    /// Its VLAN.
    pub fn vlan(self) -> u16 {
        u16::try_from(10 + self.number % 40).unwrap_or(10)
    }

    /// Its address.
    pub fn ip(self) -> IpAddr {
        let low = u32::try_from(self.number & 0x3f_ffff).unwrap_or(0);
        Ipv4Addr::from(0x0a00_0000_u32 + low).into()
    }

    /// Its name.
    pub fn host_name(self) -> String {
        format!("pc-{:06}", self.number)
    }

    /// Its group; most have one.
    pub fn group(self) -> Option<&'static str> {
        GROUPS.get(self.number % 7).copied()
    }

    /// Whose it is.
    pub fn owner(self) -> String {
        format!("owner {:05}", self.number % 20_011)
    }

    /// The user that logs in with 802.1X; every fifth has one.
    pub fn user(self) -> Option<String> {
        self.number.is_multiple_of(5).then(|| format!("user{:05}", self.number % 10_007))
    }

    /// May it connect?
    pub fn status(self) -> EndpointStatus {
        match self.number % 50 {
            0 => EndpointStatus::New,
            1 => EndpointStatus::Unauthorised,
            _ => EndpointStatus::Authorised,
        }
    }

    /// Two of three are there.
    pub fn online(self) -> bool {
        !self.number.is_multiple_of(3)
    }

    fn facts(self, at: Timestamp) -> EndpointFacts {
        let ne = NeId(self.ne(0));
        EndpointFacts {
            mac: self.mac(),
            vendor: Some(self.vendor().to_owned()),
            mac_randomised: false,
            ne: Some(ne),
            ne_name: Some(format!("sw-{ne:04}")),
            port: Some(self.port_name(0)),
            if_index: Some(IfIndex(10_100)),
            port_alias: Some("office".to_owned()),
            vlan: VlanId::new(self.vlan().into()).ok(),
            ips: vec![self.ip()],
            dns_name: Some(format!("{}.example.net", self.host_name())),
            host_name: Some(self.host_name()),
            group: self.group().map(str::to_owned),
            status: self.status(),
            compliance: Compliance::Unknown,
            fingerprint: None,
            configuration: Default::default(),
            bound_to: None,
            port_endpoints: 1,
            first_seen: at,
            last_seen: at,
            custom1: None,
            custom2: None,
        }
    }

    /// The `n`th event, which is about this endpoint.
    pub fn event(self, n: usize, at: Timestamp) -> NewEvent {
        let here = PortRef { ne: NeId(self.ne(0)), port: self.port_name(0) };
        let payload = match n % 1_000 {
            0 => NacPayload::MacSpoofing {
                known: PortRef { ne: NeId(self.ne(1)), port: self.port_name(1) },
                found: here.clone(),
                because: netwarden_model::event::nac::SpoofingReason::TwiceAtOnce,
            },
            1..=20 => NacPayload::NewEndpoint,
            21..=30 => NacPayload::Unauthorised,
            31..=130 => NacPayload::EndpointMoved {
                from: PortRef { ne: NeId(self.ne(1)), port: self.port_name(1) },
                to: here.clone(),
            },
            turn if turn % 2 == 0 => NacPayload::MacOffline { silent_for_s: 900 },
            _ => NacPayload::MacOnline,
        };
        let kind = match payload {
            NacPayload::MacSpoofing { .. } => EventKind::MacSpoofing,
            NacPayload::NewEndpoint => EventKind::NewEndpoint,
            NacPayload::Unauthorised => EventKind::Unauthorised,
            NacPayload::EndpointMoved { .. } => EventKind::EndpointMoved,
            NacPayload::MacOffline { .. } => EventKind::MacOffline,
            _ => EventKind::MacOnline,
        };
        NewEvent {
            at,
            kind,
            subject: Subject::Mac(self.mac()),
            ne: Some(here.ne),
            port: Some(here.port),
            severity: kind.default_severity(),
            outcome: Outcome::Success,
            facts: Some(self.facts(at)),
            payload: Payload::Nac(payload),
            cause: None,
        }
    }
}

/// When the recorded time begins and how long it lasts: 90 days that have passed.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// The first moment.
    pub begin: Timestamp,
}

/// Seconds of [`Past`].
pub const PAST_SECONDS: i64 = 90 * 86_400;

impl Past {
    /// The 90 days before the first day of this year.
    pub const fn new() -> Self {
        Self { begin: Timestamp::constant(1_759_536_000, 0) }
    }

    /// The moment `part` of `whole` of it has passed.
    pub fn at(self, part: usize, whole: usize) -> Timestamp {
        let part = i64::try_from(part).unwrap_or(0).saturating_mul(1_000);
        let whole = i64::try_from(whole).unwrap_or(1).max(1);
        let millis = part.saturating_mul(PAST_SECONDS) / whole;
        self.begin.checked_add(SignedDuration::from_millis(millis)).unwrap_or(self.begin)
    }
}
