//! System parameters (NEM-09): each declared once with its range, default and meaning.
//!
//! Pure: text in, checked values out. What a parameter governs reads it through the settings made here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use netwarden_actions::guard;
use netwarden_identity::{
    AccountPolicy, Limit, LockoutPolicy, LoginMode, Role, Separation, SharingPolicy, Unused,
};
use netwarden_model::Mac;

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A whole number within these bounds, both included.
    Integer(i64, i64),
    /// A whole number within these bounds, both included; or 0, which means that there is no such limit.
    OffOr(i64, i64),
    /// `true` or `false`.
    Truth,
    /// One of these words.
    Word(&'static [&'static str]),
    /// MAC addresses, with commas between them; none where empty.
    Macs,
    /// Names of roles, with commas between them; none where empty.
    Roles,
}

/// A parameter's declaration.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Its name: part of the interface, never reused.
    pub name: &'static str,
    /// Which values it takes.
    pub domain: Domain,
    /// Its value when nothing is set.
    pub default: &'static str,
    /// What it does, with its unit.
    pub description: &'static str,
}

const DAY_S: i64 = 86_400;

/// All parameters, by name.
pub const PARAMETERS: &[Declaration] = &[
    Declaration {
        name: "access.connections",
        domain: Domain::Integer(64, 65_536),
        default: "2048",
        description: "connections to the console over the network; an eighth is kept for addresses from which somebody \
                      has logged in within 30 days",
    },
    Declaration {
        name: "access.requests_at_once",
        domain: Domain::Integer(16, 65_536),
        default: "256",
        description: "requests over the network that are worked on at once; one address has a quarter at most, and an \
                      eighth is kept for administrators and for addresses from which somebody has logged in within 30 days",
    },
    Declaration {
        name: "access.source_connections",
        domain: Domain::Integer(8, 65_536),
        default: "256",
        description: "connections that one address has at once",
    },
    Declaration {
        name: "access.source_requests_per_s",
        domain: Domain::OffOr(1, 100_000),
        default: "500",
        description: "requests of one address in a second, ten times as many at once; who is logged in has as many besides",
    },
    Declaration {
        name: "database.backups_kept",
        domain: Domain::Integer(0, 1_000),
        default: "14",
        description: "backups that are kept, the oldest go first when one is made; 0 keeps all",
    },
    Declaration {
        name: "enforcement.budget_in_all",
        domain: Domain::Integer(0, 100_000),
        default: "20",
        description: "ports that rules may change on all elements together within the budget's window",
    },
    Declaration {
        name: "enforcement.budget_per_ne",
        domain: Domain::Integer(0, 10_000),
        default: "5",
        description: "ports that rules may change on one element within the budget's window",
    },
    Declaration {
        name: "enforcement.budget_window_s",
        domain: Domain::Integer(60, DAY_S),
        default: "600",
        description: "the window in which changed ports are counted, in seconds",
    },
    Declaration {
        name: "enforcement.own_macs",
        domain: Domain::Macs,
        default: "",
        description: "addresses on our own path that this machine cannot know, as behind a container host or \
                      a firewall: a port that shows one is never shut or moved",
    },
    Declaration {
        name: "enforcement.shared_ports",
        domain: Domain::Word(&["hold_where_authorised", "hold_always", "act"]),
        default: "hold_where_authorised",
        description: "what rules may do to a port that several endpoints share",
    },
    Declaration {
        name: "identity.address_failures",
        domain: Domain::Integer(1, 99),
        default: "10",
        description: "failed logins in a row from one address that lock the address",
    },
    Declaration {
        name: "identity.address_lock_s",
        domain: Domain::Integer(60, DAY_S),
        default: "1800",
        description: "how long an address is locked, in seconds",
    },
    Declaration {
        name: "identity.address_within_s",
        domain: Domain::Integer(60, DAY_S),
        default: "60",
        description: "failed logins from one address count within so many seconds",
    },
    Declaration {
        name: "identity.admin_failures",
        domain: Domain::Integer(1, 99),
        default: "5",
        description: "failed logins in a row as 'admin' from one address that lock the address for 'admin'",
    },
    Declaration {
        name: "identity.admin_lock_s",
        domain: Domain::Integer(60, DAY_S),
        default: "600",
        description: "how long an address is locked for 'admin', in seconds; the account itself never is",
    },
    Declaration {
        name: "identity.admin_within_s",
        domain: Domain::Integer(60, DAY_S),
        default: "600",
        description: "failed logins as 'admin' count within so many seconds",
    },
    Declaration {
        name: "identity.alarm_failures",
        domain: Domain::Integer(1, 99),
        default: "3",
        description: "more failed logins of an account than so many since its last success raise login_failures",
    },
    Declaration {
        name: "identity.locked_accounts",
        domain: Domain::Integer(1, 99),
        default: "3",
        description: "accounts that get locked from one address until the address is locked itself",
    },
    Declaration {
        name: "identity.locked_accounts_lock_s",
        domain: Domain::Integer(60, DAY_S),
        default: "1800",
        description: "how long an address is locked from which accounts got locked, in seconds",
    },
    Declaration {
        name: "identity.locked_accounts_within_s",
        domain: Domain::Integer(60, DAY_S),
        default: "600",
        description: "accounts that get locked from one address count within so many seconds",
    },
    Declaration {
        name: "identity.lockout_failures",
        domain: Domain::Integer(1, 99),
        default: "5",
        description: "failed logins in a row that lock an account",
    },
    Declaration {
        name: "identity.lockout_s",
        domain: Domain::Integer(60, DAY_S),
        default: "1800",
        description: "how long an account is locked, in seconds",
    },
    Declaration {
        name: "identity.lockout_within_s",
        domain: Domain::Integer(60, DAY_S),
        default: "600",
        description: "failed logins in a row count within so many seconds",
    },
    Declaration {
        name: "identity.login_mode",
        domain: Domain::Word(&["multi", "single"]),
        default: "multi",
        description: "single lets only 'admin' log in and ends the sessions of all others, for maintenance",
    },
    Declaration {
        name: "identity.second_factor_roles",
        domain: Domain::Roles,
        default: "",
        description: "whoever has one of these roles, in whichever domain, needs a second factor",
    },
    Declaration {
        name: "identity.separation",
        domain: Domain::Word(&["strict", "nac"]),
        default: "strict",
        description: "strict lets only smmanagers and 'admin' keep accounts and rights; nac also lets the role \
                      administrator keep those of network access control",
    },
    Declaration {
        name: "identity.session_idle_s",
        domain: Domain::OffOr(60, DAY_S),
        default: "1800",
        description: "a session ends after so many seconds without a request",
    },
    Declaration {
        name: "identity.session_longest_s",
        domain: Domain::OffOr(300, 30 * DAY_S),
        default: "43200",
        description: "a session ends after so many seconds in any case",
    },
    Declaration {
        name: "identity.sessions_most",
        domain: Domain::OffOr(1, 1_000),
        default: "0",
        description: "sessions that one account has at once; 'admin' has as many as it likes",
    },
    Declaration {
        name: "identity.sharing_speed_kmh",
        domain: Domain::Integer(0, 100_000),
        default: "900",
        description: "logins from places so far apart that one had to travel faster, in km/h, raise shared_account; \
                      0 for never",
    },
    Declaration {
        name: "identity.sharing_within_s",
        domain: Domain::OffOr(60, 3_600),
        default: "300",
        description: "an account that is used from two places or devices within so many seconds raises \
                      shared_account; second factors may take turns within twice as long",
    },
    Declaration {
        name: "identity.step_up_s",
        domain: Domain::OffOr(60, DAY_S),
        default: "900",
        description: "what is dangerous needs a second factor that was proven within so many seconds, of accounts that have one",
    },
    Declaration {
        name: "identity.unused_act",
        domain: Domain::Word(&["none", "disable", "delete"]),
        default: "none",
        description: "what becomes of accounts that nobody uses; never of 'admin'",
    },
    Declaration {
        name: "identity.unused_days",
        domain: Domain::Integer(1, 3_660),
        default: "90",
        description: "an account is unused after so many days without login, token or local socket",
    },
    Declaration {
        name: "inventory.arp_quiet_s",
        domain: Domain::Integer(60, 7 * DAY_S),
        default: "3600",
        description: "the same contest for an IP address is reported again after so many seconds at the earliest",
    },
    Declaration {
        name: "inventory.bind_on_baseline",
        domain: Domain::Truth,
        default: "false",
        description: "the baseline binds endpoints to the ports where they are, unless it says otherwise itself",
    },
    Declaration {
        name: "inventory.fdb_ageing_s",
        domain: Domain::Integer(10, DAY_S),
        default: "300",
        description: "how long the switches keep a silent address, in seconds (their own setting)",
    },
    Declaration {
        name: "inventory.locate_grace_s",
        domain: Domain::Integer(1, DAY_S),
        default: "180",
        description: "an endpoint that no access port shows is reported without a location after so many seconds",
    },
    Declaration {
        name: "inventory.offline_after_s",
        domain: Domain::Integer(10, 30 * DAY_S),
        default: "900",
        description: "an endpoint that was not seen for so many seconds is offline",
    },
    Declaration {
        name: "inventory.settle_limit_s",
        domain: Domain::Integer(0, DAY_S),
        default: "600",
        description: "at first adoption locations wait for every element to be read, at most so many seconds",
    },
    Declaration {
        name: "inventory.trust_unmanaged_neighbours",
        domain: Domain::Truth,
        default: "true",
        description: "an LLDP or CDP neighbour that says it forwards makes an uplink even if it is no element of \
                      ours; anybody can say so",
    },
    Declaration {
        name: "inventory.unreachable_after",
        domain: Domain::Integer(1, 100),
        default: "3",
        description: "polls that must fail in a row until an element is unreachable",
    },
    Declaration {
        name: "inventory.uplink_count",
        domain: Domain::Integer(2, 100_000),
        default: "50",
        description: "from so many addresses on a port may be an uplink by count",
    },
    Declaration {
        name: "inventory.uplink_memory_s",
        domain: Domain::Integer(60, 30 * DAY_S),
        default: "3600",
        description: "a port remains an uplink for so many seconds after the evidence for it has gone",
    },
    Declaration {
        name: "inventory.verify_window_s",
        domain: Domain::Integer(5, DAY_S),
        default: "120",
        description: "two places of one address that alternate within so many seconds are no walk between desks",
    },
    Declaration {
        name: "rules.max_depth",
        domain: Domain::Integer(1, 10),
        default: "3",
        description: "events with so many of our own reactions behind them are judged no more",
    },
    Declaration {
        name: "snmp.polls_in_flight",
        domain: Domain::Integer(1, 4096),
        default: "256",
        description: "elements that are polled at the same time",
    },
    Declaration {
        name: "statistics.interval_s",
        domain: Domain::Integer(10, DAY_S),
        default: "300",
        description: "statistics are written down every so many seconds",
    },
    Declaration {
        name: "statistics.keep_days",
        domain: Domain::Integer(1, 3_660),
        default: "90",
        description: "statistics are kept for so many days",
    },
    Declaration {
        name: "ui.page_rows",
        domain: Domain::Integer(1, 1_000),
        default: "100",
        description: "rows on a page of a list, unless who asks says otherwise",
    },
];

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// There is no such parameter.
    #[error("'{0}' is no parameter; `netwarden system parameters` lists them")]
    Unknown(String),
    /// The value is not one that it takes.
    #[error("{name}: '{value}' is refused, it takes {expected}")]
    Value {
        /// Which.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        expected: String,
    },
}

impl Declaration {
    /// The parameter of this name.
    pub fn find(name: &str) -> Result<&'static Self, ParameterError> {
        PARAMETERS.iter().find(|p| p.name == name).ok_or_else(|| ParameterError::Unknown(name.to_owned()))
    }

    /// True where it is part of the account policy, which those set who keep the accounts (IAM-08).
    pub fn is_of_accounts(&self) -> bool {
        self.name.starts_with("identity.")
    }

    /// The unit of its values, as its name ends; empty where they are counts or words.
    pub fn unit(&self) -> &'static str {
        match self.name.rsplit_once('_') {
            Some((_, "s")) => "s",
            Some((_, "days")) => "d",
            _ => "",
        }
    }

    /// Checks a value.
    pub fn check(&self, value: &str) -> Result<(), ParameterError> {
        let fits = match self.domain {
            Domain::Integer(min, max) => number(value).is_some_and(|n| (min..=max).contains(&n)),
            Domain::OffOr(min, max) => number(value).is_some_and(|n| n == 0 || (min..=max).contains(&n)),
            Domain::Truth => matches!(value, "true" | "false"),
            Domain::Word(words) => words.contains(&value),
            Domain::Macs => macs(value).is_some(),
            Domain::Roles => roles(value).is_some(),
        };
        if fits {
            return Ok(());
        }
        let expected = match self.domain {
            Domain::Integer(min, max) => format!("a whole number from {min} to {max}"),
            Domain::OffOr(min, max) => format!("0 for no limit, or a whole number from {min} to {max}"),
            Domain::Truth => "true or false".to_owned(),
            Domain::Word(words) => words.join(", "),
            Domain::Roles => format!("at most {MOST_ROLES} names of roles with commas between them"),
            Domain::Macs => format!("at most {MOST_MACS} MAC addresses with commas between them"),
        };
        Err(ParameterError::Value { name: self.name, value: value.to_owned(), expected })
    }
}

/// How much is let in over the network (SEC-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address.
    pub source_connections: usize,
    /// Requests that are worked on at once.
    pub requests_at_once: usize,
    /// Requests of one address in a second, in the long run; None for as many as it likes.
    pub source_requests_per_s: Option<u32>,
}

/// The values in force: what was set, else the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// From what is stored; values that are no longer understood are left out and returned.
    pub fn from_stored(rows: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<ParameterError>) {
        let mut refused = Vec::new();
        let mut values = BTreeMap::new();
        for (name, value) in rows {
            match Declaration::find(&name).and_then(|p| p.check(&value).map(|()| p.name)) {
                Ok(name) => {
                    values.insert(name, value);
                }
                Err(error) => refused.push(error),
            }
        }
        (Self(values), refused)
    }

    /// Sets a checked value and answers the earlier one.
    pub fn set(&mut self, name: &str, value: &str) -> Result<String, ParameterError> {
        let declaration = Declaration::find(name)?;
        declaration.check(value)?;
        let old = self.get(declaration).to_owned();
        self.0.insert(declaration.name, value.to_owned());
        Ok(old)
    }

    /// The value in force.
    pub fn get(&self, declaration: &Declaration) -> &str {
        self.0.get(declaration.name).map_or(declaration.default, String::as_str)
    }

    /// The settings of the guard rails.
    pub fn guard(&self) -> guard::Settings {
        guard::Settings {
            budget: guard::Budget {
                per_element: self.number("enforcement.budget_per_ne"),
                in_all: self.number("enforcement.budget_in_all"),
                window: self.seconds("enforcement.budget_window_s"),
            },
            shared_ports: match self.word("enforcement.shared_ports") {
                "act" => guard::SharedPorts::Act,
                "hold_always" => guard::SharedPorts::HoldAlways,
                _ => guard::SharedPorts::HoldWhereAuthorised,
            },
            own_path: macs(self.word("enforcement.own_macs")).unwrap_or_default(),
            ..guard::Settings::default()
        }
    }

    /// The settings of location and detection.
    pub fn inventory(&self) -> netwarden_inventory::Settings {
        netwarden_inventory::Settings {
            offline_after: self.seconds("inventory.offline_after_s"),
            unreachable_after: self.number("inventory.unreachable_after"),
            fdb_ageing: self.seconds("inventory.fdb_ageing_s"),
            uplink_count: usize::try_from(self.number("inventory.uplink_count")).unwrap_or(usize::MAX),
            trust_unmanaged_neighbours: self.truth("inventory.trust_unmanaged_neighbours"),
            locate_grace: self.seconds("inventory.locate_grace_s"),
            settle_limit: self.seconds("inventory.settle_limit_s"),
            verify_window: self.seconds("inventory.verify_window_s"),
            arp_quiet: self.seconds("inventory.arp_quiet_s"),
            uplink_memory: self.seconds("inventory.uplink_memory_s"),
            bind_on_baseline: self.truth("inventory.bind_on_baseline"),
            ..netwarden_inventory::Settings::default()
        }
    }

    /// Elements that are polled at the same time.
    pub fn polls_in_flight(&self) -> usize {
        usize::try_from(self.number("snmp.polls_in_flight")).unwrap_or(1)
    }

    /// Backups that are kept; 0 for all.
    pub fn backups_kept(&self) -> usize {
        usize::try_from(self.number("database.backups_kept")).unwrap_or(0)
    }

    /// Events with so many of our own requests behind them are judged no more.
    pub fn rules_depth(&self) -> u8 {
        u8::try_from(self.number("rules.max_depth")).unwrap_or(u8::MAX)
    }

    /// How long statistics are kept.
    pub fn statistics_kept(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.number("statistics.keep_days")))
    }

    /// Between two statistics.
    pub fn statistics_interval(&self) -> Duration {
        self.seconds("statistics.interval_s")
    }

    /// Rows on a page, unless who asks says otherwise.
    pub fn page_rows(&self) -> u64 {
        u64::from(self.number("ui.page_rows"))
    }

    /// What is let in over the network.
    pub fn access(&self) -> AccessLimits {
        let number = |name: &str| usize::try_from(self.number(name)).unwrap_or(usize::MAX);
        AccessLimits {
            connections: number("access.connections"),
            source_connections: number("access.source_connections"),
            requests_at_once: number("access.requests_at_once"),
            source_requests_per_s: Some(self.number("access.source_requests_per_s")).filter(|most| *most > 0),
        }
    }

    /// What holds for accounts and sessions.
    pub fn accounts(&self) -> AccountPolicy {
        AccountPolicy {
            lockout: LockoutPolicy {
                account: self.limit(["lockout_failures", "lockout_within_s", "lockout_s"]),
                admin_address: self.limit(["admin_failures", "admin_within_s", "admin_lock_s"]),
                address: self.limit(["address_failures", "address_within_s", "address_lock_s"]),
                accounts_from_address: self.limit([
                    "locked_accounts",
                    "locked_accounts_within_s",
                    "locked_accounts_lock_s",
                ]),
            },
            alarm_failures: self.number("identity.alarm_failures"),
            session_idle: self.span("identity.session_idle_s"),
            session_longest: self.span("identity.session_longest_s"),
            sessions_most: Some(self.number("identity.sessions_most")).filter(|most| *most > 0),
            unused: Unused {
                days: self.number("identity.unused_days"),
                act: self.word("identity.unused_act").parse().unwrap_or_default(),
            },
            login_mode: match self.word("identity.login_mode") {
                "single" => LoginMode::Single,
                _ => LoginMode::Multi,
            },
            separation: match self.word("identity.separation") {
                "nac" => Separation::Nac,
                _ => Separation::Strict,
            },
            sharing: SharingPolicy {
                within: self.span("identity.sharing_within_s"),
                fastest_kmh: self.number("identity.sharing_speed_kmh"),
            },
            second_factor_roles: roles(self.word("identity.second_factor_roles")).unwrap_or_default(),
            step_up_after: self.span("identity.step_up_s"),
        }
    }

    /// Failures, the span in which they count, and the span of the lock, by what their names end with.
    fn limit(&self, [failures, within_s, lock_s]: [&str; 3]) -> Limit {
        let number = |name: &str| self.number(&format!("identity.{name}"));
        Limit {
            failures: u8::try_from(number(failures)).unwrap_or(99),
            within_s: number(within_s),
            lock_s: number(lock_s),
        }
    }

    /// A span in seconds; None where there is no such limit.
    fn span(&self, name: &str) -> Option<SignedDuration> {
        let seconds = self.number(name);
        (seconds > 0).then(|| SignedDuration::from_secs(seconds.into()))
    }

    fn word(&self, name: &str) -> &str {
        Declaration::find(name).map_or("", |declaration| self.get(declaration))
    }

    fn number(&self, name: &str) -> u32 {
        self.word(name).parse().unwrap_or(0)
    }

    fn truth(&self, name: &str) -> bool {
        self.word(name) == "true"
    }

    fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(u64::from(self.number(name)))
    }
}

/// A whole number as it is written: without signs and zeros in front, so that equal values are equal texts.
fn number(value: &str) -> Option<i64> {
    value.parse::<i64>().ok().filter(|number| number.to_string() == value)
}

/// Addresses in one list.
const MOST_MACS: usize = 64;

/// Addresses of endpoints; None where something else is among them.
fn macs(value: &str) -> Option<BTreeSet<Mac>> {
    // An address has 17 characters at most; what is more than that and a comma with a blank is no list of them.
    let plain = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if !plain || value.len() > MOST_MACS * 19 {
        return None;
    }
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    let found: Option<BTreeSet<Mac>> =
        words.map(|word| word.parse::<Mac>().ok().filter(|mac| mac.is_endpoint())).collect();
    found.filter(|found| found.len() <= MOST_MACS)
}

/// Roles in one list.
const MOST_ROLES: usize = 64;

/// Names that roles can have; None where something else is among them.
fn roles(value: &str) -> Option<BTreeSet<Role>> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    // A name has 64 characters at most; what is more than that and a comma with a blank is no list of them.
    let plain = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if !plain || value.len() > MOST_ROLES * 66 {
        return None;
    }
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    let found: Option<BTreeSet<Role>> =
        words.map(|word| (word.len() <= 64 && word.chars().all(fits)).then(|| Role::from(word))).collect();
    found.filter(|found| found.len() <= MOST_ROLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_names_are_ordered_and_unique() {
        for pair in PARAMETERS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
        for parameter in PARAMETERS {
            parameter.check(parameter.default).unwrap();
        }
    }

    #[test]
    fn defaults_are_those_of_the_stages() {
        let parameters = Parameters::default();
        assert_eq!(parameters.guard(), guard::Settings::default());
        assert_eq!(parameters.inventory(), netwarden_inventory::Settings::default());
        let usual = AccountPolicy::default();
        // The days mean nothing while nothing becomes of unused accounts.
        let unused = Unused { days: 90, ..usual.unused };
        assert_eq!(parameters.accounts(), AccountPolicy { unused, ..usual });
        assert_eq!(parameters.rules_depth(), netwarden_rules::Settings::default().max_depth);
    }

    // proves: NEM-09
    #[test]
    fn values_out_of_range_are_refused_with_the_range() {
        let mut parameters = Parameters::default();
        let error = parameters.set("enforcement.budget_per_ne", "many").unwrap_err();
        assert!(error.to_string().contains("from 0 to 10000"), "{error}");
        assert!(parameters.set("inventory.trust_unmanaged_neighbours", "yes").is_err());
        assert!(parameters.set("no.such", "1").is_err());
        for odd in ["007", "+7", "-0", "7 ", ""] {
            assert!(parameters.set("enforcement.budget_per_ne", odd).is_err(), "{odd:?}");
        }
        assert_eq!(parameters.set("enforcement.budget_per_ne", "7").unwrap(), "5");
        assert_eq!(parameters.guard().budget.per_element, 7);
        let error = parameters.set("enforcement.own_macs", "00:1b:21:3a:4f:5e, gateway").unwrap_err();
        assert!(error.to_string().contains("MAC addresses"), "{error}");
        assert!(parameters.set("enforcement.own_macs", "ff:ff:ff:ff:ff:ff").is_err(), "nobody's own");
        parameters.set("enforcement.own_macs", "00:1b:21:3a:4f:5e, 001b.213a.4f5f").unwrap();
        assert_eq!(parameters.guard().own_path.len(), 2);
    }

    #[test]
    fn stored_values_that_are_no_longer_understood_fall_back_and_are_told() {
        let rows =
            [("gone".to_owned(), "1".to_owned()), ("inventory.uplink_count".to_owned(), "9".to_owned())];
        let (parameters, refused) = Parameters::from_stored(rows);
        assert_eq!(parameters.inventory().uplink_count, 9);
        assert_eq!(refused, [ParameterError::Unknown("gone".into())]);
    }
}
