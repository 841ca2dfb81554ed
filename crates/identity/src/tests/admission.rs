//! What stands in the way of a session: the pure rules by tables, with time as an argument.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::admission::hours::TextError;
use crate::admission::{
    AccountPolicy, Addresses, Attributes, AttributesEdit, Bar, Hours, LoginMode, Standing, Unused, UnusedAct,
    bar, bar_of_login,
};
use crate::error::IdentityError;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

// proves: IAM-11
#[test]
fn addresses_are_single_ranges_and_networks_of_both_families() {
    let policy = Addresses::parse(
        "192.0.2.7 # the desk\n\n192.0.2.10 - 192.0.2.20\n198.51.100.77/25\n2001:db8:1::/48\n2001:db8::5\n",
    )
    .unwrap();
    for (address, inside) in [
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("192.0.2.9", false),
        ("192.0.2.10", true),
        ("192.0.2.20", true),
        ("192.0.2.21", false),
        ("198.51.100.0", true),
        ("198.51.100.127", true),
        ("198.51.100.128", false),
        ("::ffff:192.0.2.7", true),
        ("::ffff:192.0.2.8", false),
        ("2001:db8:1:ffff::1", true),
        ("2001:db8:2::", false),
        ("2001:db8::5", true),
        ("2001:db8::6", false),
        ("::192.0.2.7", false),
    ] {
        assert_eq!(policy.contains(address.parse().unwrap()), inside, "{address}");
    }
    assert_eq!(Addresses::parse(&policy.to_string()).unwrap(), policy, "{policy}");
    let mapped = Addresses::parse("::ffff:192.0.2.0/120").unwrap();
    let inside = |address: &str| mapped.contains(address.parse().unwrap());
    assert!(inside("192.0.2.9") && inside("::ffff:192.0.2.9") && !inside("192.0.3.9"));
    assert!(!Addresses::nowhere().contains("192.0.2.9".parse().unwrap()));
    let everywhere = Addresses::parse("0.0.0.0/0\n::/0").unwrap();
    assert!(
        ["0.0.0.0", "255.255.255.255", "::", "ffff::"]
            .iter()
            .all(|a| everywhere.contains(a.parse().unwrap()))
    );
}

#[test]
fn what_is_no_address_is_refused_with_its_line() {
    for (text, line) in [
        ("192.0.2.7\nhost.example", 2),
        ("192.0.2.20-192.0.2.10", 1),
        ("192.0.2.1-2001:db8::1", 1),
        ("192.0.2.0/33", 1),
        ("2001:db8::/129", 1),
        ("::ffff:192.0.2.0/95", 1),
        ("192.0.2.0/-1", 1),
        ("192.0.2.0/", 1),
        ("# a word\n-", 2),
    ] {
        match Addresses::parse(text) {
            Err(TextError::Address { line: found, .. }) => assert_eq!(found, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(Addresses::parse(" \n# nothing"), Err(TextError::Empty));
    assert_eq!(Addresses::parse(&"192.0.2.1\n".repeat(257)), Err(TextError::TooLong(256)));
}

// proves: IAM-11
#[test]
fn hours_follow_weekday_zone_summer_time_and_dates() {
    let office =
        "zone Europe/Berlin\nmon-thu,fri 07:00-19:00\nsat 22:00-02:00\nfrom 2026-01-01\nuntil 2026-12-31";
    let office = Hours::parse(office).unwrap();
    for (at, inside) in [
        // Winter: an hour ahead of UTC. The 5th is a Monday.
        ("2026-01-05T05:59:59Z", false),
        ("2026-01-05T06:00:00Z", true),
        ("2026-01-05T17:59:59Z", true),
        ("2026-01-05T18:00:00Z", false),
        // Summer: two hours ahead.
        ("2026-07-06T05:00:00Z", true),
        ("2026-07-06T17:00:00Z", false),
        // Friday, and the Saturday behind it.
        ("2026-01-09T12:00:00Z", true),
        ("2026-01-10T12:00:00Z", false),
        // Saturday's night ends on Sunday at two; Friday's and Sunday's have none.
        ("2026-01-10T21:00:00Z", true),
        ("2026-01-11T00:59:59Z", true),
        ("2026-01-11T01:00:00Z", false),
        ("2026-01-11T21:30:00Z", false),
        ("2026-01-10T00:30:00Z", false),
        // The dates are the zone's, the last one included.
        ("2025-12-31T22:59:59Z", false),
        ("2026-12-31T12:00:00Z", true),
        ("2026-12-31T23:00:00Z", false),
    ] {
        assert_eq!(office.contains(time(at)), inside, "{at}");
    }
    // A night is the day's on which it begins, also the first and the last: the 31st and the 1st are Thursdays.
    let nights = Hours::parse("wed,thu 22:00-06:00\nfrom 2026-01-01\nuntil 2026-12-31").unwrap();
    for (at, inside) in [
        ("2026-01-01T01:00:00Z", false),
        ("2026-01-01T22:00:00Z", true),
        ("2026-01-02T05:59:59Z", true),
        ("2026-12-31T23:30:00Z", true),
        ("2027-01-01T05:59:59Z", true),
        ("2027-01-01T06:00:00Z", false),
        ("2027-01-06T23:00:00Z", false),
    ] {
        assert_eq!(nights.contains(time(at)), inside, "{at}");
    }
    assert!(!Hours::never().contains(time("2026-01-01T00:00:00Z")));
    let all_day = Hours::parse("sun 00:00-24:00").unwrap();
    assert!(all_day.contains(time("2026-01-11T00:00:00Z")) && all_day.contains(time("2026-01-11T23:59:59Z")));
    assert!(
        !all_day.contains(time("2026-01-12T00:00:00Z")) && !all_day.contains(time("2026-01-10T23:59:59Z"))
    );
    let week_end = Hours::parse("fri-mon 8:00-9:00").unwrap();
    for (day, inside) in [(8, false), (9, true), (10, true), (11, true), (12, true), (13, false)] {
        assert_eq!(week_end.contains(time(&format!("2026-01-{day:02}T08:30:00Z"))), inside, "{day}");
    }
    assert!(Hours::parse("until 2026-01-01").unwrap().contains(time("2020-01-01T00:00:00Z")), "every hour");
}

#[test]
fn what_says_no_hours_is_refused_with_its_line() {
    for text in [
        "mon 07:00",
        "mon 7-8",
        "mon 25:00-26:00",
        "mon 24:01-09:00",
        "mon 07:60-08:00",
        "moon 07:00-08:00",
        "mon-x 07:00-08:00",
        "07:00-08:00",
        "from 2026-13-01",
        "from 26-01-01",
        "until tomorrow",
        "always",
        "mon +7:00-08:00",
    ] {
        let found = Hours::parse(&format!("zone UTC\n{text}")).unwrap_err();
        assert!(matches!(found, TextError::Hours { line: 2, .. }), "{text}: {found:?}");
    }
    let zone = Hours::parse("zone Europe/Nowhere").unwrap_err();
    assert!(matches!(zone, TextError::Zone { line: 1, .. }), "{zone:?}");
    assert_eq!(Hours::parse("from 2026-02-01\nuntil 2026-01-31").unwrap_err(), TextError::Backwards);
    assert_eq!(Hours::parse("\n").unwrap_err(), TextError::Empty);
}

const NOW: &str = "2026-01-05T12:00:00Z";

struct Case {
    policy: AccountPolicy,
    attributes: Attributes,
    addresses: Option<Addresses>,
    hours: Option<Hours>,
    enabled: bool,
    tenant_enabled: bool,
    last_used: Timestamp,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            policy: AccountPolicy::default(),
            attributes: Attributes::default(),
            addresses: None,
            hours: None,
            enabled: true,
            tenant_enabled: true,
            last_used: time(NOW),
        }
    }
}

impl Case {
    fn standing<'a>(&'a self, name: &'a str) -> Standing<'a> {
        Standing {
            tenant_enabled: self.tenant_enabled,
            name,
            enabled: self.enabled,
            attributes: &self.attributes,
            addresses: self.addresses.as_ref(),
            hours: self.hours.as_ref(),
            last_used: self.last_used,
        }
    }

    fn bar(&self, name: &str, from: Option<&str>) -> Option<Bar> {
        bar(&self.policy, self.standing(name), from.map(|from| from.parse().unwrap()), time(NOW))
    }
}

// proves: IAM-11
#[test]
fn every_bar_stands_in_the_way_and_the_system_comes_first() {
    let edit =
        |edit: AttributesEdit| Attributes::default().edited(edit, time("2026-01-01T12:00:00Z")).unwrap();
    let three_days = edit(AttributesEdit { valid_days: Some(Some(3)), ..AttributesEdit::default() });
    let five_days = edit(AttributesEdit { valid_days: Some(Some(5)), ..AttributesEdit::default() });
    let unused = Unused { days: 30, act: UnusedAct::Disable };
    let long_ago = time("2025-12-06T12:00:00Z");
    let mut single = AccountPolicy { login_mode: LoginMode::Single, ..AccountPolicy::default() };
    let old = AccountPolicy { unused, ..AccountPolicy::default() };
    let addresses = Some(Addresses::parse("192.0.2.0/24").unwrap());
    let hours = Some(Hours::parse("sat,sun 00:00-24:00").unwrap());
    let keep = Some(UnusedAct::None);
    for (what, case, expected) in [
        ("nothing", Case::default(), None),
        ("disabled", Case { enabled: false, ..Case::default() }, Some(Bar::Disabled)),
        ("tenant", Case { tenant_enabled: false, ..Case::default() }, Some(Bar::Tenant)),
        ("expired", Case { attributes: three_days, ..Case::default() }, Some(Bar::Expired)),
        ("not yet", Case { attributes: five_days, ..Case::default() }, None),
        ("unused", Case { policy: old.clone(), last_used: long_ago, ..Case::default() }, Some(Bar::Unused)),
        (
            "kept though unused",
            Case {
                policy: old.clone(),
                last_used: long_ago,
                attributes: Attributes { unused_act: keep, ..Attributes::default() },
                ..Case::default()
            },
            None,
        ),
        ("address", Case { addresses: addresses.clone(), ..Case::default() }, Some(Bar::Address)),
        ("hours", Case { hours: hours.clone(), ..Case::default() }, Some(Bar::Hours)),
        (
            "single",
            Case { policy: single.clone(), enabled: false, hours, ..Case::default() },
            Some(Bar::SingleUser),
        ),
    ] {
        assert_eq!(case.bar("bob", Some("198.51.100.7")), expected, "{what}");
    }
    // The local socket is the way in when every other is shut; from the right address it is no question.
    let case = Case { addresses, ..Case::default() };
    assert_eq!((case.bar("bob", None), case.bar("bob", Some("192.0.2.9"))), (None, None));
    // `admin` comes in.
    single.unused = unused;
    let case = Case { policy: single.clone(), last_used: long_ago, ..Case::default() };
    assert_eq!(case.bar("admin", Some("198.51.100.7")), None);
}

// proves: IAM-11
#[test]
fn sessions_and_logins_are_counted_and_admin_has_a_slot() {
    let three = AccountPolicy { sessions_most: Some(3), ..AccountPolicy::default() };
    let own =
        |max_sessions, allowed_logins| Attributes { max_sessions, allowed_logins, ..Attributes::default() };
    for (policy, attributes, sessions, logins, expected) in [
        (AccountPolicy::default(), own(None, None), 1_000, 1_000, None),
        (three.clone(), own(None, None), 2, 0, None),
        (three.clone(), own(None, None), 3, 0, Some(Bar::Sessions)),
        (three.clone(), own(Some(1), None), 1, 0, Some(Bar::Sessions)),
        (three.clone(), own(Some(5), None), 3, 0, Some(Bar::Sessions)),
        (AccountPolicy::default(), own(Some(5), None), 4, 0, None),
        (three.clone(), own(None, Some(2)), 0, 1, None),
        (three.clone(), own(None, Some(2)), 0, 2, Some(Bar::LoginsUsedUp)),
    ] {
        let case = Case { attributes, ..Case::default() };
        assert_eq!(
            bar_of_login(&policy, case.standing("bob"), sessions, logins),
            expected,
            "{sessions} {logins}"
        );
    }
    assert_eq!(bar_of_login(&three, Case::default().standing("admin"), 99, 0), None);
}

#[test]
fn attributes_take_what_they_take_and_say_what_not() {
    let usual = Attributes::default();
    let at = time(NOW);
    let refused = |edit: AttributesEdit| usual.edited(edit, at).unwrap_err().to_string();
    let none = AttributesEdit::default;
    for (edit, sentence) in [
        (AttributesEdit { max_sessions: Some(Some(0)), ..none() }, "max_sessions takes 1 to 1000, not 0"),
        (AttributesEdit { valid_days: Some(Some(3_661)), ..none() }, "valid_days takes 1 to 3660, not 3661"),
        (AttributesEdit { idle_s: Some(Some(59)), ..none() }, "idle_s takes 60 to 86400, not 59"),
        (
            AttributesEdit { allowed_logins: Some(Some(0)), ..none() },
            "allowed_logins takes 1 to 1000000, not 0",
        ),
        (
            AttributesEdit { password_warning_days: Some(Some(91)), ..none() },
            "password_warning_days takes 1 to 90, not 91",
        ),
        (
            AttributesEdit { welcome: Some("x".repeat(1_001)), ..none() },
            "welcome has at most 1000 characters",
        ),
    ] {
        assert_eq!(refused(edit), sentence);
    }
    assert!(matches!("forget".parse::<UnusedAct>(), Err(IdentityError::BadUnusedAct(_))));
    let never = usual.edited(AttributesEdit { idle_s: Some(Some(0)), ..none() }, at).unwrap();
    assert_eq!((never.idle_or(AccountPolicy::default().session_idle), usual.idle_or(None)), (None, None));
    let cleared = never.edited(AttributesEdit { idle_s: Some(None), ..none() }, at).unwrap();
    assert_eq!(cleared, usual);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}(\n\\PC{0,40}){0,3}") {
        // What is read says the same when it is read again.
        if let Ok(addresses) = Addresses::parse(&text) {
            prop_assert_eq!(Addresses::parse(&addresses.to_string()).unwrap(), addresses);
        }
        let _ = Hours::parse(&text);
        let _ = Attributes::decode(&text);
    }

    #[test]
    fn a_network_holds_its_own_addresses_and_no_neighbours(bits in any::<u32>(), length in 1u32..=32, other in any::<u32>()) {
        let policy = Addresses::parse(&format!("{}/{length}", std::net::Ipv4Addr::from_bits(bits))).unwrap();
        let shift = 32 - length;
        let same = bits.checked_shr(shift) == other.checked_shr(shift);
        prop_assert_eq!(policy.contains(std::net::Ipv4Addr::from_bits(other).into()), same);
        prop_assert!(policy.contains(std::net::Ipv4Addr::from_bits(bits).into()));
    }

    #[test]
    fn attributes_survive_the_store(sessions in proptest::option::of(1u32..1000), idle in proptest::option::of(60u32..86_400), days in proptest::option::of(1u32..3_660)) {
        let edit = AttributesEdit { max_sessions: Some(sessions), idle_s: Some(idle), valid_days: Some(days), ..AttributesEdit::default() };
        let attributes = Attributes::default().edited(edit, time(NOW)).unwrap();
        prop_assert_eq!(Attributes::decode(&attributes.encode()).unwrap(), attributes);
    }
}
