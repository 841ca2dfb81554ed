//! What happens on the campus: single happenings with their sentences, and scripts of them.

use std::net::Ipv4Addr;
use std::time::Duration;

use netwarden_model::Mac;

use crate::time::{Chance, SimTime};
use crate::world::attach::address_in;
use crate::world::device::{Kind, Place};
use crate::world::endpoint::{Addressing, EndpointKind};
use crate::world::layout::people::endpoint;
use crate::world::layout::{USERS, mac_of};
use crate::world::{DeviceNo, EndpointNo, World};

/// How long a device is away when it restarts, in simulated time.
pub const REBOOT_TIME: Duration = Duration::from_secs(120);

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// An endpoint is connected where it belongs.
    Arrives(EndpointNo),
    /// An endpoint goes away.
    Leaves(EndpointNo),
    /// An endpoint stops sending; its link stays up.
    FallsAsleep(EndpointNo),
    /// It sends again.
    WakesUp(EndpointNo),
    /// A wireless client goes over to another access point.
    Roams {
        /// Who.
        who: EndpointNo,
        /// The access point.
        to: EndpointNo,
    },
    /// An endpoint is connected to another port.
    Moves {
        /// Who.
        who: EndpointNo,
        /// Where to.
        to: Place,
    },
    /// A device that nobody knows is connected.
    RogueArrives {
        /// Its address.
        mac: Mac,
        /// Where.
        place: Place,
    },
    /// Another device uses an endpoint's address elsewhere, while that endpoint is there.
    MacUsedElsewhere {
        /// Whose address.
        victim: EndpointNo,
        /// Where.
        place: Place,
    },
    /// An endpoint answers for another's address.
    ArpStolen {
        /// Who answers.
        thief: EndpointNo,
        /// For which address.
        ip: Ipv4Addr,
    },
    /// It stops answering for it.
    ArpReturned {
        /// Who answered.
        thief: EndpointNo,
        /// For which address.
        ip: Ipv4Addr,
    },
    /// A device restarts.
    Reboots(DeviceNo),
    /// The virtual routers change over: no attack.
    RoutersChangeOver,
}

impl Happening {
    /// What happens, in a sentence; said before [`Happening::apply`].
    pub fn describe(&self, world: &World) -> String {
        let name = |who: &EndpointNo| world.endpoint(*who).map_or("somebody", |e| e.name.as_str());
        let at = |who: &EndpointNo| {
            world
                .endpoint(*who)
                .and_then(|e| e.place.or(e.home))
                .map(|p| world.place_name(p))
                .unwrap_or_default()
        };
        match self {
            Happening::Arrives(who) => format!("{} arrives at {}", name(who), at(who)),
            Happening::Leaves(who) => format!("{} leaves {}", name(who), at(who)),
            Happening::FallsAsleep(who) => format!("{} falls asleep at {}", name(who), at(who)),
            Happening::WakesUp(who) => format!("{} wakes up at {}", name(who), at(who)),
            Happening::Roams { who, to } => {
                format!("{} roams from {} to {} at {}", name(who), at(who), name(to), at(to))
            }
            Happening::Moves { who, to } => {
                format!("{} moves from {} to {}", name(who), at(who), world.place_name(*to))
            }
            Happening::RogueArrives { mac, place } => {
                format!("a device that nobody knows ({mac}) is plugged into {}", world.place_name(*place))
            }
            Happening::MacUsedElsewhere { victim, place } => {
                let mac = world.endpoint(*victim).map(|e| e.mac.to_string()).unwrap_or_default();
                format!(
                    "somebody uses {}'s address {mac} at {}, while it is at {}",
                    name(victim),
                    world.place_name(*place),
                    at(victim)
                )
            }
            Happening::ArpStolen { thief, ip } => {
                format!("{} at {} answers for {ip}, which is not its own", name(thief), at(thief))
            }
            Happening::ArpReturned { thief, ip } => format!("{} no longer answers for {ip}", name(thief)),
            Happening::Reboots(device) => {
                let Some(device) = world.device(*device) else { return "a device restarts".to_owned() };
                let stack = if device.model.renumbers { " and will number its interfaces anew" } else { "" };
                format!("{} restarts{stack}", device.name)
            }
            Happening::RoutersChangeOver => "the routers change over: the other one is master now".to_owned(),
        }
    }

    /// True for what a product should call an attack or a rogue.
    pub const fn is_hostile(&self) -> bool {
        matches!(
            self,
            Happening::RogueArrives { .. } | Happening::MacUsedElsewhere { .. } | Happening::ArpStolen { .. }
        )
    }

    /// Makes it happen. Returns the endpoint that it brought into the world, if any.
    pub fn apply(&self, world: &mut World) -> Option<EndpointNo> {
        match self {
            Happening::Arrives(who) => {
                if let Some(home) = world.endpoint(*who).and_then(|e| e.home) {
                    world.attach(*who, home);
                }
                None
            }
            Happening::Leaves(who) => {
                world.detach(*who);
                None
            }
            Happening::FallsAsleep(who) => {
                world.set_awake(*who, false);
                None
            }
            Happening::WakesUp(who) => {
                world.set_awake(*who, true);
                None
            }
            Happening::Roams { who, to } => {
                if let Some(place) = world.endpoint(*to).and_then(|e| e.place) {
                    world.attach(*who, place);
                }
                None
            }
            Happening::Moves { who, to } => {
                world.attach(*who, *to);
                None
            }
            Happening::RogueArrives { mac, place } => {
                let mut rogue = endpoint(format!("rogue-{mac}"), EndpointKind::Rogue, *mac);
                let [.., high, low] = mac.octets();
                rogue.addressing = Addressing::Lease(u16::from_be_bytes([high | 0x80, low]));
                rogue.period_s = 20;
                let rogue = world.add_endpoint(rogue);
                world.attach(rogue, *place);
                Some(rogue)
            }
            Happening::MacUsedElsewhere { victim, place } => {
                let mac = world.endpoint(*victim)?.mac;
                let mut twin = endpoint(format!("twin-of-{mac}"), EndpointKind::Rogue, mac);
                twin.addressing = Addressing::Lease(0xfe00 | (victim.0 & 0xff) as u16);
                twin.period_s = 10;
                let twin = world.add_endpoint(twin);
                world.attach(twin, *place);
                Some(twin)
            }
            Happening::ArpStolen { thief, ip } => {
                world.claim(*thief, *ip);
                None
            }
            Happening::ArpReturned { thief, ip } => {
                world.unclaim(*thief, *ip);
                None
            }
            Happening::Reboots(device) => {
                world.reboot(*device, REBOOT_TIME);
                None
            }
            Happening::RoutersChangeOver => {
                world.fail_over();
                None
            }
        }
    }
}

/// Which script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Nobody comes or goes; everybody is there.
    Still,
    /// From 06:00 to 20:00 with all that can happen.
    Day,
    /// Everybody is there; after this much simulated time a rogue arrives, and nothing else happens.
    Once {
        /// Simulated seconds before the rogue.
        warm_up_s: u64,
    },
}

impl Script {
    /// The time of day at which it begins.
    pub const fn begin(self) -> SimTime {
        match self {
            Script::Day => SimTime::at(6, 0, 0),
            Script::Still | Script::Once { .. } => SimTime::at(9, 0, 0),
        }
    }

    /// The time of day at which it has ended; the world goes on.
    pub fn end(self) -> SimTime {
        match self {
            Script::Day => SimTime::at(20, 0, 0),
            Script::Still => self.begin(),
            Script::Once { warm_up_s } => self.begin().after(Duration::from_secs(warm_up_s)),
        }
    }

    /// True where everybody is there at the beginning.
    pub const fn begins_full(self) -> bool {
        !matches!(self, Script::Day)
    }

    /// What happens when, in order.
    pub fn happenings(self, seed: u64, world: &World) -> Vec<(SimTime, Happening)> {
        let mut chance = Chance::new(seed ^ 0xda15);
        let mut script = match self {
            Script::Still => Vec::new(),
            Script::Once { .. } => rogue_port(world, &mut chance, "acc-a2")
                .map(|place| (self.end(), Happening::RogueArrives { mac: rogue_mac(&mut chance), place }))
                .into_iter()
                .collect(),
            Script::Day => {
                let mut script = routine(world, &mut chance);
                script.extend(incidents(world, &mut chance));
                script
            }
        };
        script.sort_by_key(|(at, _)| *at);
        script
    }
}

/// People come, work, roam, sleep at lunch and go.
fn routine(world: &World, chance: &mut Chance) -> Vec<(SimTime, Happening)> {
    let mut script = Vec::new();
    let points: Vec<EndpointNo> =
        world.endpoints().filter(|(_, e)| e.kind == EndpointKind::AccessPoint).map(|(n, _)| n).collect();
    let minute = |hour: u64, minute: u64| SimTime::at(hour, minute, 0);
    for (who, e) in world.endpoints() {
        let overnight = e.place.is_some();
        match e.kind {
            EndpointKind::Pc if !overnight => {
                let from = minute(7, 0).after(Duration::from_secs(chance.below(9_000)));
                let to = minute(16, 0).after(Duration::from_secs(chance.below(10_800)));
                script.push((from, Happening::Arrives(who)));
                script.push((to, Happening::Leaves(who)));
                if chance.percent(40) {
                    let lunch = minute(11, 45).after(Duration::from_secs(chance.below(2_700)));
                    script.push((lunch, Happening::FallsAsleep(who)));
                    let back = lunch.after(Duration::from_secs(1_500 + chance.below(1_800)));
                    script.push((back, Happening::WakesUp(who)));
                }
            }
            EndpointKind::WirelessClient => {
                let from = minute(7, 15).after(Duration::from_secs(chance.below(14_400)));
                let to = minute(15, 30).after(Duration::from_secs(chance.below(14_000)));
                script.push((from, Happening::Arrives(who)));
                let mut at = from;
                loop {
                    at = at.after(Duration::from_secs(1_800 + chance.below(9_000)));
                    if at >= to {
                        break;
                    }
                    if let Some(point) = chance.pick(&points) {
                        script.push((at, Happening::Roams { who, to: *point }));
                    }
                }
                script.push((to, Happening::Leaves(who)));
            }
            EndpointKind::Printer if chance.percent(50) => {
                let at = minute(18, 30).after(Duration::from_secs(chance.below(3_000)));
                script.push((at, Happening::FallsAsleep(who)));
            }
            _ => {}
        }
    }
    script
}

/// What a product should notice, and two things that it should not cry about.
fn incidents(world: &World, chance: &mut Chance) -> Vec<(SimTime, Happening)> {
    let mut script = Vec::new();
    if let Some(stack) = world.devices().find(|(_, d)| d.model.renumbers).map(|(n, _)| n) {
        script.push((SimTime::at(9, 40, 0), Happening::Reboots(stack)));
    }
    if let Some(place) = rogue_port(world, chance, "acc-a2") {
        let mac = rogue_mac(chance);
        script.push((SimTime::at(10, 20, 0), Happening::RogueArrives { mac, place }));
    }
    script.push((SimTime::at(11, 10, 0), Happening::RoutersChangeOver));
    if let (Some(victim), Some(place)) =
        (world.endpoint_named("printer-05"), rogue_port(world, chance, "acc-b1"))
    {
        script.push((SimTime::at(13, 20, 0), Happening::MacUsedElsewhere { victim, place }));
    }
    // A PC that is there all day answers for the users' gateway.
    if let Some(thief) = world.endpoint_named("pc-016") {
        let ip = address_in(USERS, 1);
        script.push((SimTime::at(14, 30, 0), Happening::ArpStolen { thief, ip }));
        script.push((SimTime::at(16, 30, 0), Happening::ArpReturned { thief, ip }));
    }
    if let (Some(who), Some(to)) = (world.endpoint_named("camera-01"), rogue_port(world, chance, "acc-a1")) {
        script.push((SimTime::at(15, 30, 0), Happening::Moves { who, to }));
    }
    script
}

/// A free port of the switch, in the users' VLAN.
pub fn rogue_port(world: &World, chance: &mut Chance, device: &str) -> Option<Place> {
    let device = world.device_named(device)?;
    let d = world.device(device).filter(|d| d.kind == Kind::Switch)?;
    // Ports that belong to somebody who is away are not free.
    let homes: Vec<Place> = world.endpoints().filter_map(|(_, e)| e.home).collect();
    let free: Vec<Place> = world
        .free_ports(device)
        .into_iter()
        .map(|port| Place { device, port })
        .filter(|place| !homes.contains(place))
        .filter(|place| d.port(place.port).is_some_and(|p| p.pvid == USERS && p.base_port.is_some()))
        .collect();
    chance.pick(&free).copied()
}

/// An address of a maker of small computers, with a random rest.
pub fn rogue_mac(chance: &mut Chance) -> Mac {
    mac_of(0xb8_27_eb_00_00_00 | chance.next_u64() & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_brings_everything_once_and_is_the_same_for_a_seed() {
        let world = World::campus(5, Script::Day.begin(), false);
        let script = Script::Day.happenings(5, &world);
        assert_eq!(script, Script::Day.happenings(5, &world));
        let count = |test: fn(&Happening) -> bool| script.iter().filter(|(_, h)| test(h)).count();
        assert_eq!(count(|h| matches!(h, Happening::RogueArrives { .. })), 1);
        assert_eq!(count(|h| matches!(h, Happening::MacUsedElsewhere { .. })), 1);
        assert_eq!(count(|h| matches!(h, Happening::ArpStolen { .. })), 1);
        assert_eq!(count(|h| matches!(h, Happening::Reboots(_))), 1);
        assert!(count(|h| matches!(h, Happening::Roams { .. })) > 50);
        assert_eq!(
            count(|h| matches!(h, Happening::Arrives(_))),
            count(|h| matches!(h, Happening::Leaves(_)))
        );
        for (_, happening) in &script {
            let sentence = happening.describe(&world);
            assert!(!sentence.contains("somebody ") || happening.is_hostile(), "{sentence}");
        }
    }

    #[test]
    fn the_whole_day_can_be_lived_through() {
        let mut world = World::campus(5, Script::Day.begin(), false);
        let morning = world.endpoints().filter(|(_, e)| e.place.is_some()).count();
        let mut noon = 0;
        for (at, happening) in Script::Day.happenings(5, &world) {
            world.advance(at);
            happening.apply(&mut world);
            if at < SimTime::at(12, 0, 0) {
                noon = world.endpoints().filter(|(_, e)| e.place.is_some()).count();
            }
        }
        world.advance(Script::Day.end());
        let evening = world.endpoints().filter(|(_, e)| e.place.is_some()).count();
        assert!(noon > morning + 100 && evening < noon - 100, "{morning} {noon} {evening}");
        let stack = world.device(world.device_named("stack-b").unwrap()).unwrap();
        assert!(stack.port_by_if_index(20_101).is_some());
    }

    #[test]
    fn a_stolen_pairing_shows_in_the_other_routers_cache() {
        let mut world = World::campus(5, SimTime::at(9, 0, 0), true);
        let thief = world.endpoint_named("pc-016").unwrap();
        let ip = address_in(USERS, 1);
        let entry =
            |world: &World| world.device(world.device_named("rtr-2").unwrap()).unwrap().arp[&ip.into()].mac;
        assert!(entry(&world).is_virtual_router());
        Happening::ArpStolen { thief, ip }.apply(&mut world);
        assert_eq!(entry(&world), world.endpoint(thief).unwrap().mac);
    }

    #[test]
    fn an_address_used_twice_is_seen_at_both_ports() {
        let mut world = World::campus(5, SimTime::at(9, 0, 0), true);
        let victim = world.endpoint_named("printer-05").unwrap();
        let place = rogue_port(&world, &mut Chance::new(1), "acc-b1").unwrap();
        Happening::MacUsedElsewhere { victim, place }.apply(&mut world);
        let mac = world.endpoint(victim).unwrap().mac;
        assert_eq!(world.with_mac(mac).len(), 2);
        assert_eq!(world.fdb_row(place.device, USERS, mac).map(|r| r.0), Some(place.port));
    }
}
