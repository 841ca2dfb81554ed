//! The properties that conditions and templates may use: the one list that interfaces show, against
//! which conditions are checked when they are saved, and from which values are read.

pub use netwarden_conditions::property::{MAX_LIST, MAX_TEXT};
pub use netwarden_conditions::{Choice, PropertyType};

/// Closed lists of words.
pub mod choices {
    use netwarden_conditions::Choice;
    use netwarden_model::{EventKind, Severity};

    /// Kinds of events.
    pub const KIND: Choice =
        Choice::new("kind", || EventKind::ALL.iter().map(|kind| kind.as_str()).collect());
    /// How bad an event is.
    pub const SEVERITY: Choice = Choice::new("severity", || {
        [Severity::Info, Severity::Warning, Severity::Minor, Severity::Major, Severity::Critical]
            .map(Severity::as_str)
            .to_vec()
    });
    /// How it went.
    pub const OUTCOME: Choice = Choice::new("outcome", || vec!["success", "failure", "unknown"]);
    /// Whether an endpoint may connect.
    pub const STATUS: Choice = Choice::new("status", || vec!["new", "authorised", "unauthorised"]);
    /// Whether an endpoint's configuration is as wanted.
    pub const COMPLIANCE: Choice =
        Choice::new("compliance", || vec!["unknown", "compliant", "non_compliant"]);
    /// Why something was concluded.
    pub const BECAUSE: Choice = Choice::new("because", || {
        vec![
            "bound_elsewhere",
            "twice_at_once",
            "class_changed",
            "neighbour",
            "element_mac",
            "behind",
            "count",
        ]
    });
    /// What a port gives access to.
    pub const ACCESS: Choice = Choice::new("access", || vec!["vlan", "shut", "release"]);
}

/// All that is known of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// Which one.
    pub property: Property,
    /// Its name in conditions and templates.
    pub name: &'static str,
    /// What kind of value it has.
    pub kind: PropertyType,
    /// What it tells, in one sentence.
    pub description: &'static str,
    /// A value as it could be.
    pub sample: &'static str,
}

macro_rules! properties {
    ($($id:ident, $name:literal, $kind:expr, $sample:literal, $description:literal;)*) => {
        /// A property of an event, its endpoint or its element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // described in PROPERTIES
        pub enum Property { $($id),* }

        /// Every property, in the order in which lists show them.
        pub static PROPERTIES: &[Description] = &[$(Description {
            property: Property::$id,
            name: $name,
            kind: $kind,
            description: $description,
            sample: $sample,
        }),*];

        impl Property {
            /// Its name in conditions and templates.
            pub const fn name(self) -> &'static str {
                match self { $(Property::$id => $name),* }
            }

            /// What kind of value it has.
            pub const fn kind(self) -> PropertyType {
                match self { $(Property::$id => $kind),* }
            }
        }
    };
}

properties! {
    EventSeq, "event.seq", PropertyType::Number, "48213", "The event's number in the log.";
    EventKind, "event.kind", PropertyType::Choice(choices::KIND), "new_endpoint", "What happened.";
    EventAt, "event.at", PropertyType::Time, "1767261600", "When it happened.";
    EventSeverity, "event.severity", PropertyType::Choice(choices::SEVERITY), "minor", "How bad it is, as a word.";
    EventSeverityLevel, "event.severity_level", PropertyType::Number, "2", "How bad it is, from 0 (info) to 4 (critical).";
    EventOutcome, "event.outcome", PropertyType::Choice(choices::OUTCOME), "success", "How what the event tells of went.";
    EventSubject, "event.subject", PropertyType::Text, "00:1b:21:3a:4f:5e", "Whom the event is about.";
    EventNe, "event.ne", PropertyType::Number, "3", "Id of the network element that showed it.";
    EventPort, "event.port", PropertyType::Text, "GigabitEthernet1/0/7", "Port that showed it.";
    EventDepth, "event.depth", PropertyType::Number, "0", "How many of our own requests lie between this event and something from outside.";
    EventSilentFor, "event.silent_for", PropertyType::Number, "900", "mac_offline: seconds since it was last seen.";
    EventFromNe, "event.from_ne", PropertyType::Number, "3", "endpoint_moved: id of the element where it was.";
    EventFromPort, "event.from_port", PropertyType::Text, "GigabitEthernet1/0/7", "endpoint_moved: port where it was.";
    EventToNe, "event.to_ne", PropertyType::Number, "4", "endpoint_moved: id of the element where it is.";
    EventToPort, "event.to_port", PropertyType::Text, "GigabitEthernet1/0/9", "endpoint_moved: port where it is.";
    EventKnown, "event.known", PropertyType::Text, "00:1b:21:3a:4f:5e", "Spoofing and fingerprint events: whose it was, where it belongs, or the stored value.";
    EventFound, "event.found", PropertyType::Text, "00:1b:21:00:00:01", "Spoofing, fingerprint and compliance events: who claims it, where it was found, or the reported value; port_became_uplink: the neighbour.";
    EventKnownNe, "event.known_ne", PropertyType::Number, "3", "mac_spoofing: id of the element where it belongs.";
    EventKnownPort, "event.known_port", PropertyType::Text, "GigabitEthernet1/0/7", "mac_spoofing: port where it belongs.";
    EventFoundNe, "event.found_ne", PropertyType::Number, "4", "mac_spoofing: id of the element where it was found; port_became_uplink: id of the element that the neighbour is, or claims to be.";
    EventFoundPort, "event.found_port", PropertyType::Text, "GigabitEthernet1/0/9", "mac_spoofing: port where it was found.";
    EventBecause, "event.because", PropertyType::Choice(choices::BECAUSE), "bound_elsewhere", "mac_spoofing: why it is no roaming; port_became_uplink: what says that it leads to another element.";
    EventIp, "event.ip", PropertyType::Ip, "192.0.2.17", "arp_spoofing: the contested address; login_failures, shared_account, operation_refused: where the user was.";
    EventProperty, "event.property", PropertyType::Text, "disk_encryption", "now_noncompliant: which property differs.";
    EventExpected, "event.expected", PropertyType::Text, "on", "now_noncompliant: what the policy wants.";
    EventReason, "event.reason", PropertyType::Text, "no reply within 4 s", "ne_unreachable, ne_incomplete, critical_system_failure, operation_refused, shared_account: why.";
    EventComponent, "event.component", PropertyType::Text, "store", "critical_system_failure, ne_incomplete: which part.";
    EventUpFor, "event.up_for", PropertyType::Number, "42", "ne_rebooted: seconds since the restart.";
    EventNote, "event.note", PropertyType::Text, "read back: VLAN 999", "Enforcement and reaction events: how it ended.";
    EventAccess, "event.access", PropertyType::Choice(choices::ACCESS), "vlan", "Enforcement events: what was wanted of the port.";
    EventAccessVlan, "event.access_vlan", PropertyType::Number, "999", "Enforcement events: the VLAN that was wanted.";
    EventRule, "event.rule", PropertyType::Number, "12", "rule_set_changed: id of the rule.";
    EventRevision, "event.revision", PropertyType::Number, "2", "rule_set_changed: the rule's new revision.";
    EventEnabled, "event.enabled", PropertyType::Bool, "true", "rule_set_changed: whether the rule is enabled now.";
    EventBelieved, "event.believed", PropertyType::Bool, "true", "port_became_uplink: false where a neighbour claims to be an element of ours and nothing bears it out; the port stays what it was.";
    EventUser, "event.user", PropertyType::Text, "b.keller", "login_failures, shared_account, operation_refused: the user's name.";
    EventFailures, "event.failures", PropertyType::Number, "4", "login_failures: failures since the last success.";
    EventOperation, "event.operation", PropertyType::Text, "port.off", "operation_refused: what the user wanted to do.";
    EventObject, "event.object", PropertyType::Text, "sw-floor-2 GigabitEthernet1/0/7", "operation_refused: what the user wanted it of.";
    EndpointMac, "endpoint.mac", PropertyType::Mac, "00:1b:21:3a:4f:5e", "The endpoint's MAC address.";
    EndpointVendor, "endpoint.vendor", PropertyType::Text, "Intel Corporate", "Organisation that the MAC's prefix is assigned to.";
    EndpointMacRandomised, "endpoint.mac_randomised", PropertyType::Bool, "false", "Whether the MAC is locally administered: randomised, virtual or set by hand.";
    EndpointNe, "endpoint.ne", PropertyType::Number, "3", "Id of the element whose access port it is on.";
    EndpointNeName, "endpoint.ne_name", PropertyType::Text, "sw-floor-2", "Name of that element.";
    EndpointPort, "endpoint.port", PropertyType::Text, "GigabitEthernet1/0/7", "Its access port.";
    EndpointIfIndex, "endpoint.if_index", PropertyType::Number, "10107", "The access port's ifIndex at that moment.";
    EndpointPortAlias, "endpoint.port_alias", PropertyType::Text, "reception", "The access port's ifAlias, as the administrators wrote it.";
    EndpointVlan, "endpoint.vlan", PropertyType::Number, "20", "The VLAN in which it was learned.";
    EndpointIps, "endpoint.ips", PropertyType::Ips, "192.0.2.17, 2001:db8::17", "Its IP addresses.";
    EndpointDnsName, "endpoint.dns_name", PropertyType::Text, "pc17.example.net", "Its DNS name; eases identification only.";
    EndpointHostName, "endpoint.host_name", PropertyType::Text, "pc17", "Its host name from DHCP; eases identification only.";
    EndpointGroup, "endpoint.group", PropertyType::Text, "printers", "Its group.";
    EndpointStatus, "endpoint.status", PropertyType::Choice(choices::STATUS), "new", "Whether it may connect.";
    EndpointCompliance, "endpoint.compliance", PropertyType::Choice(choices::COMPLIANCE), "unknown", "Whether its security configuration is as wanted.";
    EndpointFingerprint, "endpoint.fingerprint", PropertyType::Text, "9f2c41aa", "Its fingerprint, as it was reported.";
    EndpointConfiguration, "endpoint.configuration", PropertyType::Texts, "firewall=on, os=Debian 13", "Its security configuration, as it was reported: each property and its value.";
    EndpointBoundTo, "endpoint.bound_to", PropertyType::Text, "GigabitEthernet1/0/7", "The port it is bound to.";
    EndpointPortEndpoints, "endpoint.port_endpoints", PropertyType::Number, "1", "How many endpoints its port had at that moment.";
    EndpointFirstSeen, "endpoint.first_seen", PropertyType::Time, "1767261600", "First time it was seen.";
    EndpointLastSeen, "endpoint.last_seen", PropertyType::Time, "1767261900", "Last time it was seen.";
    EndpointCustom1, "endpoint.custom1", PropertyType::Text, "room 214", "First user-defined column.";
    EndpointCustom2, "endpoint.custom2", PropertyType::Text, "asset 4711", "Second user-defined column.";
    NeId, "ne.id", PropertyType::Number, "3", "Id of the element that the event is about or was shown by.";
    NeName, "ne.name", PropertyType::Text, "sw-floor-2", "Name of the endpoint's element.";
    Now, "now", PropertyType::Time, "1767261601", "When the event reached the log.";
}

impl Property {
    /// Names that come from outside and prove nothing: not offered in conditions that authorise (NAC-05).
    pub const fn is_identification_only(self) -> bool {
        matches!(self, Property::EndpointDnsName | Property::EndpointHostName)
    }
}

impl netwarden_conditions::Property for Property {
    fn all() -> impl Iterator<Item = Self> {
        PROPERTIES.iter().map(|known| known.property)
    }

    fn name(self) -> &'static str {
        Property::name(self)
    }

    fn kind(self) -> PropertyType {
        Property::kind(self)
    }

    /// Numbers and times that not every event has.
    fn is_nullable(self) -> bool {
        match Property::kind(self) {
            PropertyType::Number | PropertyType::Time => !matches!(
                self,
                Property::EventSeq
                    | Property::EventAt
                    | Property::EventSeverityLevel
                    | Property::EventDepth
                    | Property::Now
            ),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_conditions::Property as _;

    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for known in PROPERTIES {
            assert_eq!(Property::find(known.name), Some(known.property));
            assert_eq!(known.property.name(), known.name);
            assert!(known.description.ends_with('.'), "{}", known.name);
            if let PropertyType::Choice(choice) = known.kind {
                assert!(choice.words().contains(&known.sample), "{}", known.name);
            }
        }
        assert_eq!(Property::suggest("endpoint.stauts"), Some("endpoint.status"));
        assert_eq!(Property::suggest("weather"), None);
    }
}
