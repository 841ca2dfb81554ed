//! Which input a refusal is about: its name as bodies of REST and fields of forms have it. Interfaces show the
//! sentence there.

use super::Said;

impl Said {
    /// The input that has to be given otherwise; None where that is none, or more than one.
    pub fn input(&self) -> Option<&str> {
        Some(match self {
            Said::IsNo { column, .. } => column.as_str(),
            Said::TextRange { what, .. } => what.word.as_str(),
            Said::IntervalRange { method, .. }
            | Said::TimeoutRange { method, .. }
            | Said::RetriesRange { method, .. } => method.word.as_str(),
            Said::LabelRange { what, .. } => return what.input(),
            Said::CredentialNeeds { what, .. } => return what.input(),
            Said::ADeviceClass => "class",
            Said::ARegion => "region",
            Said::AGroup => "groups",
            Said::ADeviceSet => "device_sets",
            Said::ACommunity => "community",
            Said::AUserName => "user",
            Said::AuthTogether => "auth_password",
            Said::PrivTogether => "priv_password",
            Said::ReasonNeeded => "reason",
            Said::NoQuarantineVlan { .. } => "vlan",
            Said::NoUdpPort { .. }
            | Said::NoAddress { .. }
            | Said::NoAddressOf { .. }
            | Said::HasAddress { .. }
            | Said::AddressTaken { .. } => "address",
            Said::ElementName
            | Said::GroupName
            | Said::CredentialName { .. }
            | Said::CredentialIsThere { .. }
            | Said::ChannelName { .. }
            | Said::ChannelIsThere { .. }
            | Said::SourceIsThere { .. }
            | Said::BackupName { .. }
            | Said::BadUserName { .. }
            | Said::UserIsThere { .. } => "name",
            Said::IsThere { .. } => "name",
            Said::WindowEnds => "until",
            Said::GroupDescription => "description",
            Said::GroupSilence { .. } => "offline_after_s",
            Said::PasswordRefused { .. } => "password",
            Said::AttributeRange { attribute, .. } | Said::AttributeText { attribute, .. } => {
                attribute.word.as_str()
            }
            Said::RoleWithout | Said::NotForRoles { .. } => "operations",
            Said::NoSuchRole { .. } | Said::NoSuchDomain { .. } => "roles",
            Said::BadRoleName { .. } | Said::RoleIsThere { .. } => "name",
            Said::PasswordWrong => "password",
            Said::WrongCode => "code",
            Said::PasskeyRefused => "credential",
            Said::FactorLabel => "label",
            Said::TokenForNothing => "everything",
            Said::TokenLabel => "name",
            Said::NoListedKind { .. } => "kind",
            Said::AdminListed | Said::NoListedDevice { .. } => "who",
            Said::NoListedAddress { .. } | Said::BlocksOneself => "who",
            Said::NoResource { .. } | Said::DeniesNothing => "denies",
            Said::EndsBefore => "ends_at",
            Said::BadTenantName { .. } | Said::TenantIsThere { .. } => "name",
            Said::NoSuchTenant { .. } | Said::TenantNeeded | Said::NoTenantHere => "tenant",
            Said::NoAgency | Said::AgenciesAbove { .. } => "agency",
            Said::BadDomainName { .. } | Said::DomainIsThere { .. } => "name",
            Said::NoUnusedAct { .. } => "unused_act",
            Said::LoginPolicyName | Said::LoginPolicyIsThere { .. } => "name",
            Said::NoLoginPolicyKind { .. } | Said::NoTenantKind { .. } => "kind",
            Said::AddressLine { .. }
            | Said::HoursLine { .. }
            | Said::NoZone { .. }
            | Said::PolicyBackwards
            | Said::PolicyEmpty
            | Said::PolicyTooLong { .. } => "lines",
            Said::NoMobile { .. } => "mobile",
            Said::NoMail { .. } => "mail",
            Said::OldPassword => "old",
            Said::SubnetUnfit { .. } => "subnet",
            Said::HostIsName => "host",
            Said::NoPem => "ca_pem",
            Said::PasswordInClear => "security",
            Said::NoPlaceholder { .. } => "text",
            Said::NoRecipients { .. } => "to",
            Said::WebhookHttps => "url",
            Said::ProgramName => "program",
            Said::ArgumentRange { .. } => "args",
            Said::TimeLimit => "time_limit_s",
            Said::SettingsUnfit { .. } => "settings",
            Said::SecretRange { .. }
            | Said::SecretMost { .. }
            | Said::GoesElsewhere { .. }
            | Said::NeedsSecret { .. }
            | Said::TakesNoSecret { .. } => "secret",
            Said::TokenDays { .. } => "days",
            Said::TextFitsMany { .. } => "text",
            Said::NoChart { .. } | Said::TooManyCharts { .. } => "charts",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Word;
    use super::*;

    #[test]
    fn a_refusal_names_the_input_that_it_is_about() {
        let label = |what: Said| Said::LabelRange { given: "x".into(), what: what.into() };
        for (said, input) in [
            (Said::ReasonNeeded, Some("reason")),
            (Said::GroupSilence { least: 1, most: 2, given: 3 }, Some("offline_after_s")),
            (label(Said::ADeviceSet), Some("device_sets")),
            (Said::IntervalRange { given: 1, method: Word::new("method", "forwarding") }, Some("forwarding")),
            (
                Said::IsNo { column: "vlan".into(), given: "x".into(), what: Said::WholeNumber.into() },
                Some("vlan"),
            ),
            (Said::NothingToChange, None),
            ("free text".into(), None),
        ] {
            assert_eq!(said.input(), input, "{said}");
        }
    }
}
