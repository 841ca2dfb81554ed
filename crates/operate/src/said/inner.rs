//! What inner crates say, as sentences: they have words of their own for logs, the trail and the command
//! line, and these are the same.

use netwarden_actions::guard::{Never, Spared};
use netwarden_collect::preflight::Obstacle;
use netwarden_identity::Because;
use netwarden_model::VlanId;

use super::Said;

impl From<Never> for Said {
    fn from(never: Never) -> Self {
        let Never { port, element, shut, spared } = never;
        let act = if shut { Said::Shut } else { Said::MovedAway }.into();
        match spared {
            Spared::Protected => Said::IsProtected { port, element, act },
            Spared::Uplink => Said::IsUplink { port, element, act },
            Spared::Aggregate => Said::IsAggregate { port, element, act },
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
            Because::TokenExpired => Said::TokenExpired,
            Because::TokenNotForThis => Said::TokenNotForThis,
            Because::NoRoleHas => Said::NoRoleHas,
            Because::NotOwn => Said::NotOwn,
            Because::OutsideScope => Said::OutsideScope,
            Because::ForeignRole(role) => Said::ForeignRole { role: role.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_identity::ObjectKind;
    use netwarden_model::{IfIndex, Mac};

    use super::*;

    #[test]
    fn inner_crates_say_it_in_the_same_words() {
        let (vlan, mac) = (VlanId::new(20).unwrap(), "00:1b:21:3a:4f:5e".parse::<Mac>().unwrap());
        let spared = [
            Spared::Protected,
            Spared::Uplink,
            Spared::Aggregate,
            Spared::Trunk,
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
            Because::TokenExpired,
            Because::TokenNotForThis,
            Because::NoRoleHas,
            Because::NotOwn,
            Because::OutsideScope,
            Because::ForeignRole("x".into()),
        ];
        for because in reasons {
            assert_eq!(Said::from(&because).to_string(), because.to_string());
        }
    }
}
