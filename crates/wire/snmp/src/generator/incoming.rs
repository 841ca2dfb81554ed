//! What is done with a datagram: found its request, verified, decrypted, understood.

use std::net::SocketAddr;
use std::time::Instant;

use super::engine::Engine;
use super::task::{Failure, SecurityReport, Step, Task};
use super::{AgentId, CommandGenerator, Event, MAX_GARBAGE, MAX_REPAIRS, Notice, Security};
use crate::Oid;
use crate::ber::Reader;
use crate::message::{CommunityMessage, CommunityVersion, Message, ScopedData, ScopedPdu, V3Message};
use crate::pdu::{AnyPdu, Pdu, PduKind};
use crate::stats::Stats;
use crate::usm::{EngineClock, SecurityLevel, Timeliness};

/// A report's meaning.
enum Report {
    UnknownEngineId,
    NotInTimeWindow,
    Refusal(SecurityReport),
}

impl CommandGenerator {
    /// Takes a datagram in.
    pub fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let sender = self.by_address.get(&from).copied();
        self.drop_or_count(sender, |stats| stats.octets_in += datagram.len() as u64);
        match Message::decode(datagram) {
            Ok(Message::Community(message)) => self.on_community(now, from, sender, &message, datagram.len()),
            Ok(Message::V3(message)) => self.on_v3(now, from, sender, &message),
            Err(error) => {
                self.drop_or_count(sender, |stats| stats.dropped.undecodable += 1);
                if let Some(agent) = sender.and_then(|id| self.agents.get_mut(&id)) {
                    agent.unreadable = Some((now, error.to_string()));
                }
            }
        }
    }

    fn drop_or_count(&mut self, agent: Option<AgentId>, change: impl Fn(&mut Stats)) {
        match agent {
            Some(agent) => self.count(agent, change),
            None => change(&mut self.stats),
        }
    }

    fn on_community(
        &mut self,
        now: Instant,
        from: SocketAddr,
        sender: Option<AgentId>,
        message: &CommunityMessage<'_>,
        octets: usize,
    ) {
        let AnyPdu::Pdu(pdu) = &message.pdu else {
            return self.drop_or_count(sender, |stats| stats.dropped.unmatched += 1);
        };
        let found = self.under_way.get(&pdu.request_id).filter(|_| pdu.kind == PduKind::Response);
        let Some(pending) = found else {
            return self.drop_or_count(sender, |stats| stats.dropped.unmatched += 1);
        };
        let agent_id = pending.agent;
        let Some(agent) = self.agents.get(&agent_id) else { return };
        let (community, version) = match &agent.config.security {
            Security::V1 { community } => (community, CommunityVersion::V1),
            Security::V2c { community } => (community, CommunityVersion::V2c),
            Security::V3 { .. } => return self.count(agent_id, |stats| stats.dropped.too_low_level += 1),
        };
        // Agents asked as `community@VLAN` answer with either.
        let asked_with = pending.context.as_deref().unwrap_or(community);
        let fits = message.community == asked_with || message.community == community.as_slice();
        if !fits || version != message.version {
            return self.count(agent_id, |stats| stats.dropped.wrong_community += 1);
        }
        self.note_source(agent_id, from);
        self.on_response(now, pdu.request_id, pdu, octets);
    }

    fn on_v3(&mut self, now: Instant, from: SocketAddr, sender: Option<AgentId>, message: &V3Message<'_>) {
        let Some(pending) = self.under_way.get(&message.msg_id) else {
            return self.drop_or_count(sender, |stats| stats.dropped.unmatched += 1);
        };
        let agent_id = pending.agent;
        let discovery = matches!(pending.task, Task::Discovery);
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        let Security::V3 { user, .. } = &agent.config.security else {
            return self.count(agent_id, |stats| stats.dropped.unmatched += 1);
        };
        let wanted = user.level();
        let Some(level) = message.level() else {
            return self.count(agent_id, |stats| stats.dropped.undecodable += 1);
        };

        let mut timeliness = None;
        let mut decrypted = std::mem::take(&mut self.scratch);
        let mut verdict = Ok(());
        if level >= SecurityLevel::AuthNoPriv {
            verdict = match agent.engine.as_mut() {
                Some(engine) if engine.id == message.usm.engine_id && message.usm.user == user.name() => {
                    verify(engine, message).and_then(|()| decrypt(engine, message, &mut decrypted)).inspect(
                        |()| {
                            timeliness = Some(());
                        },
                    )
                }
                _ => Err(Reject::WrongEngine),
            };
        }
        if let Err(reject) = verdict {
            self.scratch = decrypted;
            return self.count(agent_id, |stats| reject.count(stats));
        }
        let scoped = match &message.data {
            ScopedData::Plain(scoped) => Ok(*scoped),
            ScopedData::Encrypted(_) => ScopedPdu::decode(&mut Reader::new(&decrypted)),
        };
        match scoped {
            Ok(ScopedPdu { pdu: AnyPdu::Pdu(pdu), .. }) if pdu.kind == PduKind::Report => {
                self.note_source(agent_id, from);
                self.on_report(now, message, level, &pdu, discovery);
            }
            Ok(ScopedPdu { pdu: AnyPdu::Pdu(pdu), .. })
                if pdu.kind == PduKind::Response && pdu.request_id == message.msg_id =>
            {
                // RFC 3412 section 7.2 step 12: a response is protected like its request.
                if level < wanted || discovery {
                    self.count(agent_id, |stats| stats.dropped.too_low_level += 1);
                } else if !self.known_engine(agent_id, message.usm.engine_id) {
                    self.count(agent_id, |stats| stats.dropped.wrong_engine += 1);
                } else if self.in_time(now, agent_id, message, timeliness.is_some()) {
                    self.note_source(agent_id, from);
                    self.on_response(now, message.msg_id, &pdu, message.whole.len());
                }
            }
            Ok(_) => self.count(agent_id, |stats| stats.dropped.unmatched += 1),
            // The digest was right, so it is the decryption that went wrong: other keys, or nonsense.
            Err(error) => self.on_garbage(now, message.msg_id, format!("scopedPDU: {error}")),
        }
        self.scratch = decrypted;
    }

    fn known_engine(&self, agent: AgentId, engine_id: &[u8]) -> bool {
        let engine = self.agents.get(&agent).and_then(|agent| agent.engine.as_ref());
        engine.is_some_and(|engine| engine.id == engine_id)
    }

    /// RFC 3414 section 3.2 step 7, for a message whose digest was right.
    fn in_time(&mut self, now: Instant, agent_id: AgentId, message: &V3Message<'_>, verified: bool) -> bool {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return false };
        let Some(engine) = agent.engine.as_mut() else { return false };
        if !verified {
            return true;
        }
        match engine.clock.judge(message.usm.boots, message.usm.time, now) {
            Timeliness::InWindow => true,
            Timeliness::Rebooted => {
                let boots = message.usm.boots;
                self.notice(agent_id, Notice::Rebooted { boots });
                true
            }
            Timeliness::Outside => {
                self.count(agent_id, |stats| stats.dropped.not_in_time_window += 1);
                false
            }
        }
    }

    fn on_response(&mut self, now: Instant, id: i32, pdu: &Pdu<'_>, octets: usize) {
        let Some(mut pending) = self.under_way.remove(&id) else { return };
        let agent_id = pending.agent;
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        let step = pending.task.on_response(pdu, octets, &mut agent.sizing);
        if let Step::Garbage(reason) = step {
            self.under_way.insert(id, pending);
            self.on_garbage(now, id, reason);
            return;
        }
        if pending.attempts == 1 {
            agent.measured(now.saturating_duration_since(pending.sent_at));
        }
        let variables = match &pending.task {
            Task::Walk(walk) => u64::from(walk.variables()),
            _ => pdu.bindings.count() as u64,
        };
        for stats in [&mut agent.stats, &mut self.stats] {
            stats.responses += 1;
            stats.variables += variables;
        }
        match step {
            Step::Again => self.launch(now, pending),
            Step::Done(result) => {
                agent.in_flight = agent.in_flight.saturating_sub(1);
                self.done(&pending, result);
                self.start_waiting(now, agent_id);
            }
            Step::Garbage(_) => {}
        }
    }

    /// An answer that cannot be used: once, the request is sent again, for the answer may have been
    /// damaged.
    fn on_garbage(&mut self, now: Instant, id: i32, reason: String) {
        let Some(pending) = self.under_way.get_mut(&id) else { return };
        let agent_id = pending.agent;
        pending.garbage_count += 1;
        let give_up = pending.garbage_count >= MAX_GARBAGE;
        pending.garbage = Some(reason.clone());
        self.count(agent_id, |stats| stats.dropped.undecodable += 1);
        if give_up {
            self.fail(now, id, Failure::Garbage(reason));
        } else {
            self.count(agent_id, |stats| stats.retransmits += 1);
            self.queue(now, id);
        }
    }

    fn on_report(
        &mut self,
        now: Instant,
        message: &V3Message<'_>,
        level: SecurityLevel,
        pdu: &Pdu<'_>,
        discovery: bool,
    ) {
        let id = message.msg_id;
        let Some(agent_id) = self.under_way.get(&id).map(|pending| pending.agent) else { return };
        let report = self.read_report(agent_id, pdu);
        // Without a digest it is only its id that shows it to be an answer of the agent's.
        match report {
            Report::UnknownEngineId => self.on_engine_id(now, agent_id, message, discovery),
            Report::NotInTimeWindow => self.on_not_in_time(now, agent_id, message, level),
            Report::Refusal(reason) if discovery => {
                // Some agents mind the empty user name or level before the engine id, and still tell it.
                if message.usm.engine_id.is_empty() {
                    self.fail(now, id, Failure::Security(reason));
                } else {
                    self.on_engine_id(now, agent_id, message, discovery);
                }
            }
            Report::Refusal(reason) => self.fail(now, id, Failure::Security(reason)),
        }
    }

    fn read_report(&mut self, agent_id: AgentId, pdu: &Pdu<'_>) -> Report {
        let mut name = Vec::new();
        let read = pdu
            .bindings
            .into_iter()
            .next()
            .and_then(Result::ok)
            .map(|binding| binding.name.read_into(&mut name));
        if !matches!(read, Some(Ok(()))) {
            name.clear();
        }
        let mut counted =
            |count: fn(&mut Stats) -> &mut u64| self.count(agent_id, |stats| *count(stats) += 1);
        match name.as_slice() {
            // usmStats, RFC 3414 section 5.
            [1, 3, 6, 1, 6, 3, 15, 1, 1, which, ..] => match which {
                1 => {
                    counted(|stats| &mut stats.reports.unsupported_sec_levels);
                    Report::Refusal(SecurityReport::UnsupportedSecLevel)
                }
                2 => {
                    counted(|stats| &mut stats.reports.not_in_time_windows);
                    Report::NotInTimeWindow
                }
                3 => {
                    counted(|stats| &mut stats.reports.unknown_user_names);
                    Report::Refusal(SecurityReport::UnknownUserName)
                }
                4 => {
                    counted(|stats| &mut stats.reports.unknown_engine_ids);
                    Report::UnknownEngineId
                }
                5 => {
                    counted(|stats| &mut stats.reports.wrong_digests);
                    Report::Refusal(SecurityReport::WrongDigest)
                }
                6 => {
                    counted(|stats| &mut stats.reports.decryption_errors);
                    Report::Refusal(SecurityReport::DecryptionError)
                }
                _ => {
                    counted(|stats| &mut stats.reports.other);
                    Report::Refusal(SecurityReport::Other(Oid::new(name)))
                }
            },
            // snmpUnavailableContexts and snmpUnknownContexts, RFC 3413 section 4.1.2.
            [1, 3, 6, 1, 6, 3, 12, 1, 4 | 5, ..] => {
                counted(|stats| &mut stats.reports.contexts);
                Report::Refusal(SecurityReport::UnknownContext)
            }
            _ => {
                counted(|stats| &mut stats.reports.other);
                Report::Refusal(SecurityReport::Other(Oid::new(name)))
            }
        }
    }

    /// The agent told its engine id: because it was asked, or because it has another one now.
    fn on_engine_id(&mut self, now: Instant, agent_id: AgentId, message: &V3Message<'_>, discovery: bool) {
        let id = message.msg_id;
        let engine_id = message.usm.engine_id;
        // RFC 3411 section 5: SnmpEngineID has 5 to 32 octets; shorter ones exist, empty ones cannot be.
        if engine_id.is_empty() || engine_id.len() > 64 {
            return self.on_garbage(now, id, "a report without a usable engine id".to_owned());
        }
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        let Security::V3 { user, .. } = &agent.config.security else { return };
        let before = agent.engine.as_ref().map(|engine| engine.id.clone());
        let changed = before.as_deref() != Some(engine_id);
        if changed {
            agent.engine =
                Some(Engine::discovered(engine_id, message.usm.boots, message.usm.time, now, user));
            let to = engine_id.to_vec();
            self.count(agent_id, |stats| stats.discoveries += 1);
            self.notice(
                agent_id,
                match before {
                    Some(from) => Notice::EngineChanged { from, to },
                    None => Notice::EngineDiscovered { engine_id: to },
                },
            );
        }
        if discovery {
            self.under_way.remove(&id);
            if let Some(agent) = self.agents.get_mut(&agent_id) {
                agent.discovering = false;
            }
            if changed {
                self.resend_all(now, agent_id);
            }
            return self.start_waiting(now, agent_id);
        }
        self.repair(now, id, SecurityReport::UnknownEngineId);
    }

    /// RFC 3414 section 3.2 step 7a: the agent told its time, with a digest.
    fn on_not_in_time(
        &mut self,
        now: Instant,
        agent_id: AgentId,
        message: &V3Message<'_>,
        level: SecurityLevel,
    ) {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        let Some(engine) = agent.engine.as_mut() else { return };
        if engine.id != message.usm.engine_id {
            return self.count(agent_id, |stats| stats.dropped.wrong_engine += 1);
        }
        // Without a digest it may only replace what itself came without one. With one it is fresh, for
        // it answers a msgID drawn for the request: so its boots and time are taken even where they lie
        // behind ours, as those of an agent that lost its boots do.
        let (boots, time, before) = (message.usm.boots, message.usm.time, engine.clock);
        if level >= SecurityLevel::AuthNoPriv {
            engine.clock = EngineClock::authenticated(boots, time, now);
        } else if before.is_authentic() {
            return self.count(agent_id, |stats| stats.dropped.too_low_level += 1);
        } else {
            engine.clock = EngineClock::unauthenticated(boots, time, now);
        }
        if before.is_authentic() && boots < before.boots() {
            self.notice(agent_id, Notice::BootsWentBack { boots });
        } else if before.is_authentic() && boots > before.boots() {
            self.notice(agent_id, Notice::Rebooted { boots });
        }
        self.repair(now, message.msg_id, SecurityReport::NotInTimeWindow);
    }

    /// Sends a message again at once, now that more is known; not for ever.
    fn repair(&mut self, now: Instant, id: i32, reason: SecurityReport) {
        let Some(pending) = self.under_way.get_mut(&id) else { return };
        if pending.repairs >= MAX_REPAIRS {
            return self.fail(now, id, Failure::Security(reason));
        }
        pending.repairs += 1;
        pending.attempts = 0;
        let agent_id = pending.agent;
        self.count(agent_id, |stats| stats.retransmits += 1);
        self.queue(now, id);
    }

    /// The engine is another one: what is under way went to one that is gone.
    fn resend_all(&mut self, now: Instant, agent_id: AgentId) {
        let under_way = self.under_way.iter().filter(|(_, pending)| pending.agent == agent_id);
        let ids: Vec<i32> = under_way.map(|(id, _)| *id).collect();
        for id in ids {
            self.repair(now, id, SecurityReport::UnknownEngineId);
        }
    }

    fn note_source(&mut self, agent_id: AgentId, from: SocketAddr) {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        if agent.config.address == from {
            return;
        }
        let told = agent.elsewhere.replace(from) == Some(from);
        self.count(agent_id, |stats| stats.from_elsewhere += 1);
        if !told {
            self.notice(agent_id, Notice::AnswersFromElsewhere { from });
        }
    }

    fn notice(&mut self, agent: AgentId, notice: Notice) {
        let Some(address) = self.agents.get(&agent).map(|agent| agent.config.address) else { return };
        self.events.push_back(Event::Notice { agent, address, notice });
    }
}

/// Why a message that claims to be protected is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reject {
    WrongEngine,
    WrongDigest,
    Undecryptable,
}

impl Reject {
    fn count(self, stats: &mut Stats) {
        match self {
            Reject::WrongEngine => stats.dropped.wrong_engine += 1,
            Reject::WrongDigest => stats.dropped.wrong_digest += 1,
            Reject::Undecryptable => stats.dropped.undecryptable += 1,
        }
    }
}

fn verify(engine: &Engine, message: &V3Message<'_>) -> Result<(), Reject> {
    let key = engine.keys.auth().ok_or(Reject::WrongDigest)?;
    match key.verify(message.whole, message.usm.auth_offset, message.usm.auth) {
        true => Ok(()),
        false => Err(Reject::WrongDigest),
    }
}

fn decrypt(engine: &Engine, message: &V3Message<'_>, into: &mut Vec<u8>) -> Result<(), Reject> {
    let ScopedData::Encrypted(octets) = &message.data else { return Ok(()) };
    let key = engine.keys.privacy().ok_or(Reject::Undecryptable)?;
    into.clear();
    into.extend_from_slice(octets);
    match key.decrypt(message.usm.boots, message.usm.time, message.usm.privacy, into) {
        true => Ok(()),
        false => Err(Reject::Undecryptable),
    }
}
