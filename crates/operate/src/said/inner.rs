//! What inner crates say, as sentences: they have words of their own for logs, the trail and the command
//! line, and these are the same.

use netwarden_actions::guard::{Never, Spared};
use netwarden_collect::preflight::Obstacle;
use netwarden_identity::admission::hours::TextError;
use netwarden_identity::password::words::{DictionaryError, MOST_OCTETS, MOST_WORDS};
use netwarden_identity::password::{
    Breach, Conflict, Demand, MAX_ITERATIONS, MAX_OCTETS, MIN_ITERATIONS, PasswordError, PolicyError, Rule,
};
use netwarden_identity::{Bar, Because};
use netwarden_model::VlanId;

use super::{Said, Word};

impl From<Never> for Said {
    fn from(never: Never) -> Self {
        let Never { port, element, shut, spared } = never;
        let act = if shut { Said::Shut } else { Said::MovedAway }.into();
        match spared {
            Spared::Protected => Said::IsProtected { port, element, act },
            Spared::Uplink => Said::IsUplink { port, element, act },
            Spared::Aggregate => Said::IsAggregate { port, element, act },
            Spared::Logical => Said::IsLogical { port, element, act },
            Spared::Trunk => Said::IsTrunkPort { port, element, act },
            Spared::OwnPath(mac) => Said::IsOwnPath { port, element, mac, act },
            Spared::NoVlan(vlan) => Said::NoSuchVlan { vlan, element, port },
        }
    }
}

impl From<&Obstacle> for Said {
    fn from(obstacle: &Obstacle) -> Self {
        match obstacle {
            Obstacle::PortUnknown => Said::PortUnknown,
            Obstacle::NotABridgePort => Said::NotABridgePort,
            Obstacle::PvidUnknown => Said::PvidUnknown,
            Obstacle::Uplink { neighbour } => Said::UplinkTo { neighbour: neighbour.clone() },
            Obstacle::Trunk { tagged } if tagged.is_empty() => Said::IsTrunk,
            Obstacle::Trunk { tagged } => {
                let vlans: Vec<String> = tagged.iter().map(VlanId::to_string).collect();
                Said::IsTrunkOf { vlans: vlans.join(", ") }
            }
            Obstacle::Aggregate { lag } => Said::InAggregate { lag: *lag },
            Obstacle::VlanMissing { vlan } => Said::VlanMissing { vlan: *vlan },
            Obstacle::VlanIsManagement { vlan } => Said::VlanIsManagement { vlan: *vlan },
            Obstacle::CarriesServer { mac } => Said::CarriesServer { mac: *mac },
            Obstacle::CarriesGateway { mac } => Said::CarriesGateway { mac: *mac },
            Obstacle::OnlyManagementPath { vlan } => Said::OnlyManagementPath { vlan: *vlan },
        }
    }
}

impl From<&Because> for Said {
    fn from(because: &Because) -> Self {
        match because {
            // Nobody is refused for what allows it.
            Because::OpenToAnyone | Because::IsOwn | Because::RoleHas(_) => because.to_string().into(),
            Because::NotIdentified => Said::NotIdentified,
            Because::NoSuchOperation(name) => Said::NoSuchOperation { name: name.clone() },
            Because::WrongObject { expected, found } => {
                Said::WrongObject { expected: expected.as_str().to_owned(), found: found.as_str().to_owned() }
            }
            Because::AccountDisabled => Said::AccountDisabled,
            Because::PasswordMustChange => Said::PasswordMustChange,
            Because::SecondFactorMissing => Said::SecondFactorMissing,
            Because::SecondFactorToBeMade => Said::SecondFactorToBeMade,
            Because::ProofTooOld => Said::ProofTooOld,
            Because::TokenExpired => Said::TokenExpired,
            Because::TokenNotForThis => Said::TokenNotForThis,
            Because::NoRoleHas => Said::NoRoleHas,
            Because::NotOwn => Said::NotOwn,
            Because::OutsideScope => Said::OutsideScope,
            Because::ConfinedTo(domain) => Said::ConfinedTo { domain: domain.clone() },
            Because::ForeignRole(role) => Said::ForeignRole { role: role.clone() },
            Because::WiderRole(role) => Said::WiderRole { role: role.clone() },
            Because::NotInPlane(plane) => Said::NotInPlane { plane: plane.to_string() },
            Because::OtherPlane(plane) => Said::OtherPlane { plane: plane.to_string() },
            Because::OtherTenant => Said::OtherTenant,
            Because::Listed(entry) => Said::Listed { entry: *entry },
            Because::OwnRights => Said::OwnRights,
            Because::NotNow(role) => Said::NotNow { role: role.clone() },
        }
    }
}

impl From<Bar> for Said {
    fn from(bar: Bar) -> Self {
        match bar {
            Bar::Disabled => Said::BarDisabled,
            Bar::SingleUser => Said::BarSingleUser,
            Bar::Tenant => Said::BarTenant,
            Bar::Blocklist => Said::BarBlocklist,
            Bar::Expired => Said::BarExpired,
            Bar::Unused => Said::BarUnused,
            Bar::Address => Said::BarAddress,
            Bar::Hours => Said::BarHours,
            Bar::LoginsUsedUp => Said::BarLoginsUsedUp,
            Bar::Sessions => Said::BarSessions,
        }
    }
}

impl From<&TextError> for Said {
    fn from(error: &TextError) -> Self {
        match error {
            TextError::Address { line, text } => Said::AddressLine { line: *line, given: text.clone() },
            TextError::Hours { line, text } => Said::HoursLine { line: *line, given: text.clone() },
            TextError::Zone { line, text } => Said::NoZone { line: *line, given: text.clone() },
            TextError::Backwards => Said::PolicyBackwards,
            TextError::Empty => Said::PolicyEmpty,
            TextError::TooLong(most) => Said::PolicyTooLong { most: *most },
        }
    }
}

impl From<&Breach> for Said {
    fn from(breach: &Breach) -> Self {
        let (rule, n) = match *breach {
            Breach::Empty => return Said::PasswordEmpty,
            Breach::Octets => return Said::PasswordOctets { most: MAX_OCTETS },
            Breach::Unchanged => return Said::PasswordUnchanged,
            Breach::Of(rule, n) => (rule, n),
        };
        match rule {
            Rule::MinLength => Said::PasswordMinLength { n },
            Rule::MinLengthAdministrator => Said::PasswordMinLengthAdministrator { n },
            Rule::MaxLength => Said::PasswordMaxLength { n },
            Rule::NotLast => Said::PasswordNotLast { n },
            Rule::NotWithin => Said::PasswordNotWithin { n },
            Rule::MinUse => Said::PasswordMinUse { n },
            // They are asked of no new password.
            Rule::Validity | Rule::LogoutOnReset => breach.to_string().into(),
            Rule::Different => Said::PasswordDifferent { n },
            Rule::Letters => Said::PasswordLetters { n },
            Rule::Upper => Said::PasswordUpper { n },
            Rule::Lower => Said::PasswordLower { n },
            Rule::Digits => Said::PasswordDigits { n },
            Rule::Special => Said::PasswordSpecial { n },
            Rule::NoSpaces => Said::PasswordNoSpaces,
            Rule::NoUserName => Said::PasswordNoUserName,
            Rule::NoSequence => Said::PasswordNoSequence { n },
            Rule::SharedWithName => Said::PasswordSharedWithName { n },
            Rule::NoRepetition => Said::PasswordNoRepetition { n },
            Rule::Consecutive => Said::PasswordConsecutive { n },
            Rule::NoContact => Said::PasswordNoContact,
            Rule::NoWord => Said::PasswordNoWord,
            Rule::NotSimilar => Said::PasswordNotSimilar { n },
            Rule::Categories => Said::PasswordCategories { n },
            Rule::NotCommon => Said::PasswordNotCommon,
        }
    }
}

impl From<&[Breach]> for Said {
    fn from(breaches: &[Breach]) -> Self {
        let what = Said::listed(breaches.iter().map(Said::from)).unwrap_or(Said::PasswordEmpty);
        Said::PasswordRefused { what: what.into() }
    }
}

/// A rule for passwords as sentences name it.
fn rule_word(rule: Rule) -> Word {
    Word::new("password-rule", rule.as_str())
}

impl From<&Conflict> for Said {
    fn from(conflict: &Conflict) -> Self {
        let (profile, rule) = (conflict.profile.to_string(), rule_word(conflict.rule));
        match conflict.demand {
            Demand::On => Said::ToBeOn { profile, rule },
            Demand::Off => Said::ToBeOff { profile, rule },
            Demand::AtLeast(n) => Said::ToHaveAtLeast { profile, rule, n },
            Demand::AtMost(n) => Said::ToHaveAtMost { profile, rule, n },
            Demand::OffOrAtLeast(n) => Said::ToBeOffOrHave { profile, rule, n },
        }
    }
}

impl From<&PolicyError> for Said {
    fn from(error: &PolicyError) -> Self {
        match error {
            PolicyError::Range { rule, least, most, given } => {
                Said::RuleRange { rule: rule_word(*rule), least: *least, most: *most, given: *given }
            }
            PolicyError::NoNumber(rule) => Said::RuleWithoutNumber { rule: rule_word(*rule) },
            PolicyError::Lengths { least, most } => Said::PasswordLengths { least: *least, most: *most },
            PolicyError::Warning(given) => Said::PasswordWarning { given: *given },
            PolicyError::ManyWords(given) => Said::HackerWords {
                most: netwarden_identity::password::policy::MOST_HACKER_WORDS,
                given: *given,
            },
            PolicyError::NoWord(given) => Said::NoDictionaryWord { given: given.clone() },
            // Nothing that somebody has given.
            PolicyError::Stored(_) => Said::PartFailed,
        }
    }
}

impl From<&DictionaryError> for Said {
    fn from(error: &DictionaryError) -> Self {
        match error {
            DictionaryError::Octets(given) => Said::DictionaryOctets { most: MOST_OCTETS, given: *given },
            DictionaryError::Words => Said::DictionaryWords { most: MOST_WORDS },
            DictionaryError::NotText(at) => Said::DictionaryNotText { at: *at },
        }
    }
}

impl From<&PasswordError> for Said {
    fn from(error: &PasswordError) -> Self {
        match error {
            PasswordError::Iterations(given) => {
                Said::HashIterations { least: MIN_ITERATIONS, most: MAX_ITERATIONS, given: *given }
            }
            PasswordError::Cost { memory, passes, lanes } => {
                Said::HashCost { given: format!("m={memory},t={passes},p={lanes}") }
            }
            PasswordError::Kind(given) => Said::HashKind { given: given.clone() },
            PasswordError::Memory | PasswordError::Encoding(_) => Said::PartFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_identity::password::Profile;
    use netwarden_identity::{ObjectKind, Plane};
    use netwarden_model::{IfIndex, Mac};

    use super::*;

    #[test]
    fn what_is_said_of_passwords_is_what_identity_says() {
        for rule in Rule::ALL {
            for breach in [Breach::Of(*rule, 7), Breach::Empty, Breach::Octets, Breach::Unchanged] {
                assert_eq!(Said::from(&breach).to_string(), breach.to_string());
            }
            let demands =
                [Demand::On, Demand::Off, Demand::AtLeast(7), Demand::AtMost(7), Demand::OffOrAtLeast(7)];
            for demand in demands {
                let conflict = Conflict { profile: Profile::Gpp, rule: *rule, demand };
                assert_eq!(Said::from(&conflict).to_string(), conflict.to_string());
            }
        }
        let two = [Breach::Of(Rule::MinLength, 8), Breach::Of(Rule::NoSpaces, 0)];
        assert_eq!(
            Said::from(two.as_slice()).to_string(),
            "the password is refused: it needs at least 8 characters; it must not have blanks"
        );
        for error in [
            PolicyError::Range { rule: Rule::MinUse, least: 1, most: 2, given: 3 },
            PolicyError::NoNumber(Rule::NoSpaces),
            PolicyError::Lengths { least: 9, most: 8 },
            PolicyError::Warning(0),
            PolicyError::ManyWords(1_001),
            PolicyError::NoWord("x".to_owned()),
        ] {
            assert_eq!(Said::from(&error).to_string(), error.to_string());
        }
        for error in [DictionaryError::Octets(7), DictionaryError::Words, DictionaryError::NotText(7)] {
            assert_eq!(Said::from(&error).to_string(), error.to_string());
        }
        for error in [
            PasswordError::Iterations(7),
            PasswordError::Cost { memory: 1, passes: 2, lanes: 3 },
            PasswordError::Kind("md5".to_owned()),
        ] {
            assert_eq!(Said::from(&error).to_string(), error.to_string());
        }
    }

    #[test]
    fn inner_crates_say_it_in_the_same_words() {
        let (vlan, mac) = (VlanId::new(20).unwrap(), "00:1b:21:3a:4f:5e".parse::<Mac>().unwrap());
        let spared = [
            Spared::Protected,
            Spared::Uplink,
            Spared::Aggregate,
            Spared::Trunk,
            Spared::Logical,
            Spared::OwnPath(mac),
            Spared::NoVlan(vlan),
        ];
        for spared in spared {
            for shut in [true, false] {
                let (port, element) = ("Gi1/0/1".into(), "sw1".to_owned());
                let never = Never { port, element, shut, spared };
                assert_eq!(Said::from(never.clone()).to_string(), never.to_string());
            }
        }
        let obstacles = [
            Obstacle::PortUnknown,
            Obstacle::NotABridgePort,
            Obstacle::PvidUnknown,
            Obstacle::Uplink { neighbour: "core".into() },
            Obstacle::Trunk { tagged: Vec::new() },
            Obstacle::Trunk { tagged: vec![vlan, VlanId::new(30).unwrap()] },
            Obstacle::Aggregate { lag: IfIndex(7) },
            Obstacle::VlanMissing { vlan },
            Obstacle::VlanIsManagement { vlan },
            Obstacle::CarriesServer { mac },
            Obstacle::CarriesGateway { mac },
            Obstacle::OnlyManagementPath { vlan },
        ];
        for obstacle in obstacles {
            assert_eq!(Said::from(&obstacle).to_string(), obstacle.to_string());
        }
        let reasons = [
            Because::OpenToAnyone,
            Because::NotIdentified,
            Because::NoSuchOperation("x".into()),
            Because::WrongObject { expected: ObjectKind::Port, found: ObjectKind::Rule },
            Because::AccountDisabled,
            Because::PasswordMustChange,
            Because::SecondFactorMissing,
            Because::SecondFactorToBeMade,
            Because::ProofTooOld,
            Because::TokenExpired,
            Because::TokenNotForThis,
            Because::NoRoleHas,
            Because::NotOwn,
            Because::OutsideScope,
            Because::ConfinedTo("x".into()),
            Because::ForeignRole("x".into()),
            Because::WiderRole("x".into()),
            Because::NotInPlane(Plane::Tenant),
            Because::OtherPlane(Plane::Management),
            Because::OtherTenant,
            Because::Listed(7),
            Because::OwnRights,
            Because::NotNow("x".into()),
        ];
        for because in reasons {
            assert_eq!(Said::from(&because).to_string(), because.to_string());
        }
    }
}
