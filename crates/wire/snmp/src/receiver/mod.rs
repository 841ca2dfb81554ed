//! The notification receiver (RFC 3413 section 3.4): traps and informs in, notifications out, informs
//! answered. No socket and no clock.
//!
//! For a trap the sender's engine is authoritative; for an inform we are, with our own engine id, boots
//! and time: who sends one discovers us first, and is told our time where it does not know it.

mod notification;

pub use notification::{Notification, Principal};

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::ber::Reader;
use crate::encode::{EncodeError, Writer};
use crate::message::{
    CommunityMessage, CommunityVersion, Message, ScopedData, ScopedPdu, V3Header, V3Message,
    encode_community, encode_v3,
};
use crate::pdu::{AnyPdu, Pdu, PduKind, encode_pdu};
use crate::random::Random;
use crate::usm::{
    AuthKey, EngineClock, LocalisedUser, MAX_BOOTS, PrivKey, SecurityLevel, Timeliness, UsmUser,
    is_timely_for_us,
};
use crate::{Value, ber::tag};

/// Engines whose clock is kept; an attacker cannot add to them without a key.
const MAX_SENDERS: usize = 65_536;
/// Digests kept of one sender to know a repetition by.
const MAX_RECENT: usize = 8_192;
/// For how long: both sides of the time window.
const RECENT: Duration = Duration::from_secs(320);

/// Who may send, and who we are.
#[derive(Debug, Clone)]
pub struct ReceiverConfig {
    /// Our snmpEngineID, 5 to 32 octets, the same for ever.
    pub engine_id: Vec<u8>,
    /// Our snmpEngineBoots: one more with each start.
    pub boots: u32,
    /// Communities of v1 and v2c, each with a name that stands for it in notifications and logs.
    pub communities: Vec<(String, Zeroizing<Vec<u8>>)>,
    /// Users of v3. A message protected less than the user's keys allow is dropped.
    pub users: Vec<UsmUser>,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Datagrams received.
    pub datagrams: u64,
    /// Notifications handed on.
    pub notifications: u64,
    /// Informs answered, repetitions included.
    pub informs_answered: u64,
    /// Reports sent.
    pub reports_sent: u64,
    /// Dropped: no SNMP, or no notification that can be read.
    pub undecodable: u64,
    /// Dropped: another PDU than a notification.
    pub unexpected: u64,
    /// Dropped: unknown community.
    pub unknown_communities: u64,
    /// Dropped: another engine's (usmStatsUnknownEngineIDs); a sender's discovery counts here, too.
    pub unknown_engine_ids: u32,
    /// Dropped: unknown user (usmStatsUnknownUserNames).
    pub unknown_user_names: u32,
    /// Dropped: a level that the user has no keys for (usmStatsUnsupportedSecLevels).
    pub unsupported_sec_levels: u32,
    /// Dropped: protected less than the user's keys allow.
    pub too_low_level: u64,
    /// Dropped: wrong digest (usmStatsWrongDigests).
    pub wrong_digests: u32,
    /// Dropped: outside of the time window (usmStatsNotInTimeWindows).
    pub not_in_time_windows: u32,
    /// Dropped: not to be decrypted (usmStatsDecryptionErrors).
    pub decryption_errors: u32,
    /// Dropped: an authentic message seen before.
    pub replays: u64,
}

/// A sender whose messages were found authentic.
#[derive(Debug)]
struct Sender {
    clock: EngineClock,
    /// By the user's place in the configuration.
    keys: HashMap<usize, (AuthKey, Option<PrivKey>)>,
    recent: VecDeque<(Instant, [u8; 12])>,
    seen: HashSet<[u8; 12]>,
}

impl Sender {
    /// Remembers a digest; false where it is remembered already.
    fn is_new(&mut self, now: Instant, digest: &[u8]) -> bool {
        while self.recent.len() >= MAX_RECENT
            || self.recent.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > RECENT)
        {
            if let Some((_, old)) = self.recent.pop_front() {
                self.seen.remove(&old);
            }
        }
        let Some(mark) = digest.first_chunk::<12>() else { return true };
        if !self.seen.insert(*mark) {
            return false;
        }
        self.recent.push_back((now, *mark));
        true
    }
}

/// See the module.
#[derive(Debug)]
pub struct NotificationReceiver {
    config: ReceiverConfig,
    started: Instant,
    senders: HashMap<Vec<u8>, Sender>,
    own_keys: HashMap<usize, LocalisedUser>,
    outbox: VecDeque<(SocketAddr, Vec<u8>)>,
    notifications: VecDeque<Notification>,
    stats: ReceiverStats,
    random: Random,
    salt: u64,
    scratch: Vec<u8>,
}

/// usmStats below which the counters of Reports stand (RFC 3414 section 5).
const USM_STATS: [u32; 9] = [1, 3, 6, 1, 6, 3, 15, 1, 1];

/// Why a message is answered with a Report: the counter's sub-identifier below usmStats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    UnsupportedSecLevels = 1,
    NotInTimeWindows = 2,
    UnknownUserNames = 3,
    UnknownEngineIds = 4,
    WrongDigests = 5,
    DecryptionErrors = 6,
}

impl NotificationReceiver {
    /// Our engine's time begins at `now`. `seed` makes the salts of our answers.
    pub fn new(config: ReceiverConfig, now: Instant, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        Self {
            config,
            started: now,
            senders: HashMap::new(),
            own_keys: HashMap::new(),
            outbox: VecDeque::new(),
            notifications: VecDeque::new(),
            stats: ReceiverStats::default(),
            salt: random.next_u64(),
            random,
            scratch: Vec::new(),
        }
    }

    /// The next notification.
    pub fn poll_notification(&mut self) -> Option<Notification> {
        self.notifications.pop_front()
    }

    /// The next datagram to send, and where to.
    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.outbox.pop_front()
    }

    /// Counters since the start.
    pub fn stats(&self) -> ReceiverStats {
        self.stats
    }

    /// Boots and time of the senders seen, by engine id: to be stored, so that what was recorded before
    /// a restart of ours cannot be replayed after it.
    pub fn sender_clocks(&self, now: Instant) -> Vec<(Vec<u8>, u32, u32)> {
        let clocks = self.senders.iter().map(|(id, sender)| (id, &sender.clock));
        clocks.map(|(id, clock)| (id.clone(), clock.boots(), clock.time_at(now))).collect()
    }

    /// Takes up what [`NotificationReceiver::sender_clocks`] gave, or what a session learnt.
    pub fn remember_sender(&mut self, engine_id: &[u8], boots: u32, time: u32, now: Instant) {
        let clock = EngineClock::authenticated(boots, time, now);
        self.sender(engine_id, clock).clock = clock;
    }

    /// Takes users and communities in place of the present ones.
    pub fn set_principals(&mut self, communities: Vec<(String, Zeroizing<Vec<u8>>)>, users: Vec<UsmUser>) {
        self.config.communities = communities;
        self.config.users = users;
        self.own_keys.clear();
        for sender in self.senders.values_mut() {
            sender.keys.clear();
        }
    }

    /// Takes a datagram in.
    pub fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.stats.datagrams += 1;
        match Message::decode(datagram) {
            Ok(Message::Community(message)) => self.on_community(from, &message),
            Ok(Message::V3(message)) => self.on_v3(now, from, &message),
            Err(_) => self.stats.undecodable += 1,
        }
    }

    fn own_time(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.started).as_secs();
        u32::try_from(passed).unwrap_or(MAX_BOOTS).min(MAX_BOOTS)
    }

    fn on_community(&mut self, from: SocketAddr, message: &CommunityMessage<'_>) {
        let mut known = None;
        for (name, community) in &self.config.communities {
            if community.ct_eq(message.community).into() {
                known = Some(name.clone());
            }
        }
        let Some(name) = known else {
            self.stats.unknown_communities += 1;
            return;
        };
        let principal = Principal::Community { name };
        let notification = match &message.pdu {
            AnyPdu::TrapV1(trap) if message.version == CommunityVersion::V1 => {
                Notification::from_v1(from, principal, trap)
            }
            AnyPdu::Pdu(pdu)
                if message.version == CommunityVersion::V2c
                    && matches!(pdu.kind, PduKind::TrapV2 | PduKind::Inform) =>
            {
                let confirmed = pdu.kind == PduKind::Inform;
                let notification = Notification::from_bindings(from, principal, confirmed, pdu.bindings);
                if confirmed && notification.is_ok() {
                    let mut answer = Vec::new();
                    let version = CommunityVersion::V2c;
                    if encode_community(&mut answer, version, message.community, |w| response(w, pdu)).is_ok()
                    {
                        self.stats.informs_answered += 1;
                        self.outbox.push_back((from, answer));
                    }
                }
                notification
            }
            _ => {
                self.stats.unexpected += 1;
                return;
            }
        };
        self.deliver(notification);
    }

    fn deliver(&mut self, notification: Result<Notification, notification::Unreadable>) {
        match notification {
            Ok(notification) => {
                self.stats.notifications += 1;
                self.notifications.push_back(notification);
            }
            Err(_) => self.stats.undecodable += 1,
        }
    }

    /// RFC 3414 section 3.2, in its order.
    fn on_v3(&mut self, now: Instant, from: SocketAddr, message: &V3Message<'_>) {
        let Some(level) = message.level() else {
            self.stats.undecodable += 1;
            return;
        };
        let ours = message.usm.engine_id == self.config.engine_id;
        // Step 3: whoever asks for a Report takes us for the authoritative engine. Without, it is a
        // trap of an engine that is authoritative itself.
        if !ours && message.is_reportable() {
            return self.refuse(now, from, message, Refusal::UnknownEngineIds, None);
        }
        if message.usm.engine_id.is_empty() || message.usm.engine_id.len() > 64 {
            self.stats.undecodable += 1;
            return;
        }
        let found = self.config.users.iter().enumerate().find(|(_, user)| user.name() == message.usm.user);
        let Some((number, user)) = found.map(|(number, user)| (number, user.clone())) else {
            return self.refuse(now, from, message, Refusal::UnknownUserNames, None);
        };
        if level > user.level() {
            return self.refuse(now, from, message, Refusal::UnsupportedSecLevels, None);
        }
        if level < user.level() {
            self.stats.too_low_level += 1;
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        self.on_known_user(now, from, message, level, ours, number, &user, &mut scratch);
        self.scratch = scratch;
    }

    #[allow(clippy::too_many_arguments, reason = "the rest of one procedure of RFC 3414")]
    fn on_known_user(
        &mut self,
        now: Instant,
        from: SocketAddr,
        message: &V3Message<'_>,
        level: SecurityLevel,
        ours: bool,
        number: usize,
        user: &UsmUser,
        scratch: &mut Vec<u8>,
    ) {
        let engine_id = message.usm.engine_id;
        let mut is_new = true;
        if level >= SecurityLevel::AuthNoPriv {
            // Step 6. The privacy key is made for authentic messages alone: it may cost a hash of 1 MiB.
            let known = self.senders.get(engine_id).and_then(|sender| sender.keys.get(&number));
            let auth = known.map(|(auth, _)| auth.clone()).or_else(|| user.localise_auth(engine_id));
            let authentic = auth
                .as_ref()
                .is_some_and(|key| key.verify(message.whole, message.usm.auth_offset, message.usm.auth));
            let Some(auth) = auth.filter(|_| authentic) else {
                return self.refuse(now, from, message, Refusal::WrongDigests, None);
            };
            // Step 7.
            let (boots, time) = (message.usm.boots, message.usm.time);
            if ours {
                if !is_timely_for_us(self.config.boots, self.own_time(now), boots, time) {
                    return self.refuse(now, from, message, Refusal::NotInTimeWindows, Some((number, user)));
                }
            } else {
                let sender = self.sender(engine_id, EngineClock::unauthenticated(boots, time, now));
                if sender.clock.judge(boots, time, now) == Timeliness::Outside {
                    self.stats.not_in_time_windows = self.stats.not_in_time_windows.wrapping_add(1);
                    return;
                }
            }
            let privacy_key = user.localise_privacy(engine_id);
            let sender = self.sender(engine_id, EngineClock::unauthenticated(boots, time, now));
            let (_, privacy) = sender.keys.entry(number).or_insert_with(|| (auth, privacy_key));
            // Step 8.
            if let ScopedData::Encrypted(octets) = &message.data {
                scratch.clear();
                scratch.extend_from_slice(octets);
                let decrypted = privacy
                    .as_ref()
                    .is_some_and(|key| key.decrypt(boots, time, message.usm.privacy, scratch));
                if !decrypted {
                    return self.refuse(now, from, message, Refusal::DecryptionErrors, Some((number, user)));
                }
            }
            is_new =
                self.senders.get_mut(engine_id).is_none_or(|sender| sender.is_new(now, message.usm.auth));
        }
        let scoped = match &message.data {
            ScopedData::Plain(scoped) => Ok(*scoped),
            ScopedData::Encrypted(_) => ScopedPdu::decode(&mut Reader::new(scratch)),
        };
        match scoped {
            Ok(scoped) => self.on_scoped(now, from, message, level, ours, (number, user), is_new, &scoped),
            Err(_) if matches!(message.data, ScopedData::Encrypted(_)) => {
                self.refuse(now, from, message, Refusal::DecryptionErrors, Some((number, user)));
            }
            Err(_) => self.stats.undecodable += 1,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the rest of one procedure of RFC 3414")]
    fn on_scoped(
        &mut self,
        now: Instant,
        from: SocketAddr,
        message: &V3Message<'_>,
        level: SecurityLevel,
        ours: bool,
        (number, user): (usize, &UsmUser),
        is_new: bool,
        scoped: &ScopedPdu<'_>,
    ) {
        let pdu = match &scoped.pdu {
            AnyPdu::Pdu(pdu) if pdu.kind == PduKind::TrapV2 || (pdu.kind == PduKind::Inform && ours) => pdu,
            _ => {
                self.stats.unexpected += 1;
                return;
            }
        };
        let confirmed = pdu.kind == PduKind::Inform;
        let principal = Principal::User {
            name: String::from_utf8_lossy(user.name()).into_owned(),
            level,
            engine_id: scoped.context_engine_id.to_vec(),
            context: String::from_utf8_lossy(scoped.context_name).into_owned(),
        };
        let notification = Notification::from_bindings(from, principal, confirmed, pdu.bindings);
        if confirmed && notification.is_ok() {
            // A repetition is answered, too: the answer to the first may be lost.
            self.answer(now, from, message, level, (number, user), scoped, pdu);
        }
        if is_new {
            self.deliver(notification);
        } else {
            self.stats.replays += 1;
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one message")]
    fn answer(
        &mut self,
        now: Instant,
        to: SocketAddr,
        message: &V3Message<'_>,
        level: SecurityLevel,
        user: (usize, &UsmUser),
        scoped: &ScopedPdu<'_>,
        pdu: &Pdu<'_>,
    ) {
        let contexts = (scoped.context_engine_id, scoped.context_name);
        let sent = self.send(now, to, message, level, Some(user), contexts, |w| response(w, pdu));
        if sent.is_ok() {
            self.stats.informs_answered += 1;
        }
    }

    /// Counts what is dropped, and sends a Report where one is asked for (RFC 3412 section 7.1 step 3).
    fn refuse(
        &mut self,
        now: Instant,
        from: SocketAddr,
        message: &V3Message<'_>,
        refusal: Refusal,
        user: Option<(usize, &UsmUser)>,
    ) {
        let counter = match refusal {
            Refusal::UnsupportedSecLevels => &mut self.stats.unsupported_sec_levels,
            Refusal::NotInTimeWindows => &mut self.stats.not_in_time_windows,
            Refusal::UnknownUserNames => &mut self.stats.unknown_user_names,
            Refusal::UnknownEngineIds => &mut self.stats.unknown_engine_ids,
            Refusal::WrongDigests => &mut self.stats.wrong_digests,
            Refusal::DecryptionErrors => &mut self.stats.decryption_errors,
        };
        *counter = counter.wrapping_add(1);
        let count = *counter;
        if !message.is_reportable() {
            return;
        }
        let request_id = match &message.data {
            ScopedData::Plain(ScopedPdu { pdu: AnyPdu::Pdu(pdu), .. }) => pdu.request_id,
            _ => 0,
        };
        let name: Vec<u32> = USM_STATS.into_iter().chain([refusal as u32, 0]).collect();
        // RFC 3414 section 3.2 step 7a: the time goes out authenticated, everything else without.
        let level = match (refusal, user) {
            (Refusal::NotInTimeWindows, Some(_)) => SecurityLevel::AuthNoPriv,
            _ => SecurityLevel::NoAuthNoPriv,
        };
        let own_id = self.config.engine_id.clone();
        let sent = self.send(now, from, message, level, user, (&own_id, b""), |w| {
            encode_pdu(w, PduKind::Report, request_id, 0, 0, |w| w.binding(&name, &Value::Counter32(count)))
        });
        if sent.is_ok() {
            self.stats.reports_sent += 1;
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one message")]
    fn send(
        &mut self,
        now: Instant,
        to: SocketAddr,
        message: &V3Message<'_>,
        level: SecurityLevel,
        user: Option<(usize, &UsmUser)>,
        (context_engine_id, context_name): (&[u8], &[u8]),
        pdu: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.salt = self.salt.wrapping_add(1);
        let time = self.own_time(now);
        let none = LocalisedUser::default();
        let keys = match user.filter(|_| level > SecurityLevel::NoAuthNoPriv) {
            Some((number, user)) => {
                let own_id = &self.config.engine_id;
                self.own_keys.entry(number).or_insert_with(|| user.localise(own_id))
            }
            None => &none,
        };
        let header = V3Header {
            msg_id: message.msg_id,
            reportable: false,
            level,
            engine_id: &self.config.engine_id,
            boots: self.config.boots,
            time,
            user: message.usm.user,
            context_engine_id,
            context_name,
            salt: self.salt,
        };
        let mut datagram = Vec::new();
        encode_v3(&mut datagram, &header, keys, pdu)?;
        self.outbox.push_back((to, datagram));
        Ok(())
    }

    /// The sender of this engine id, whose digest has been found right.
    fn sender(&mut self, engine_id: &[u8], clock: EngineClock) -> &mut Sender {
        if self.senders.len() >= MAX_SENDERS && !self.senders.contains_key(engine_id) {
            // Who holds a key can invent engines; memory stays bounded, the victim is drawn.
            let at = usize::try_from(self.random.next_u64() % MAX_SENDERS as u64).unwrap_or(0);
            if let Some(victim) = self.senders.keys().nth(at).cloned() {
                self.senders.remove(&victim);
            }
        }
        self.senders.entry(engine_id.to_vec()).or_insert_with(|| Sender {
            clock,
            keys: HashMap::new(),
            recent: VecDeque::new(),
            seen: HashSet::new(),
        })
    }
}

/// RFC 3416 section 4.2.7: a Response with the inform's request-id and bindings.
fn response(writer: &mut Writer<'_>, inform: &Pdu<'_>) -> Result<(), EncodeError> {
    writer.wrap(PduKind::Response as u8, |w| {
        w.octets(tag::SEQUENCE, inform.bindings.octets());
        w.integer(0);
        w.integer(0);
        w.integer(inform.request_id);
        Ok(())
    })
}
