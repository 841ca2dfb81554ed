//! The command generator against an agent of few lines that can be told to misbehave; time is virtual.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests, which the exemption for tests does not reach"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netwarden_snmp::generator::{
    AgentConfig, AgentId, AgentOptions, CommandGenerator, Event, Failure, Notice, Operation, Outcome,
    Security, SecurityReport, WalkQuirk, Walked,
};
use netwarden_snmp::message::{
    CommunityVersion, Message, ScopedData, ScopedPdu, V3Header, encode_community, encode_v3,
};
use netwarden_snmp::pdu::{AnyPdu, ErrorStatus, Pdu, PduKind, encode_bindings, encode_pdu};
use netwarden_snmp::usm::{AuthProtocol, KeyCache, LocalisedUser, PrivProtocol, SecurityLevel, UsmUser};
use netwarden_snmp::{Oid, Value, VarBind, ber::Reader};
use zeroize::Zeroizing;

const AGENT: ([u8; 4], u16) = ([192, 0, 2, 1], 161);
const ELSEWHERE: ([u8; 4], u16) = ([192, 0, 2, 99], 4_161);

fn user() -> UsmUser {
    let keys = KeyCache::default();
    let auth = keys.master_key(AuthProtocol::Sha256, b"authpassword").unwrap();
    let privacy = keys.master_key(AuthProtocol::Sha256, b"privpassword").unwrap();
    UsmUser::with_keys(b"watch", auth, Some((PrivProtocol::Aes128, privacy)))
}

/// How the agent misbehaves.
#[derive(Default, Clone)]
struct Habits {
    max_bindings: Option<usize>,
    too_big_above: Option<usize>,
    loops: bool,
    endless: bool,
    no_digest_downgrade: bool,
    wrong_digest: bool,
    wrong_request_id: bool,
    cut_off: usize,
    break_binding: Option<usize>,
    silent_on_wrong_engine: bool,
    refuse_with: Option<u32>,
    empty_answers: bool,
}

struct Agent {
    objects: BTreeMap<Oid, Value>,
    habits: Habits,
    engine_id: Vec<u8>,
    boots: u32,
    started: Instant,
    user: UsmUser,
    requests: Vec<(PduKind, usize, i32)>,
}

impl Agent {
    fn new(now: Instant) -> Self {
        let mut objects = BTreeMap::new();
        for column in 1..=3_u32 {
            for row in 1..=60_u32 {
                objects.insert(
                    Oid::new([1, 3, 6, 1, 9, column, row]),
                    Value::Integer(i32::try_from(row).unwrap()),
                );
            }
        }
        objects.insert(Oid::new([1, 3, 6, 1, 10, 0]), Value::OctetString(b"behind".to_vec()));
        Self {
            objects,
            habits: Habits::default(),
            engine_id: b"\x80\0\0\0\x04one".to_vec(),
            boots: 5,
            started: now - Duration::from_secs(1_000),
            user: user(),
            requests: Vec::new(),
        }
    }

    fn time(&self, now: Instant) -> u32 {
        u32::try_from(now.duration_since(self.started).as_secs()).unwrap()
    }

    fn next(&self, oid: &Oid) -> VarBind {
        if self.habits.endless {
            let [head @ .., last] = oid.sub_ids() else { panic!() };
            return VarBind::new(Oid::from(head).child([last + 1]), Value::Integer(1));
        }
        if self.habits.loops && oid.sub_ids().last() == Some(&20) {
            return VarBind::new(Oid::from(&oid.sub_ids()[..6]).child([3]), Value::Integer(3));
        }
        let after = (std::ops::Bound::Excluded(oid.clone()), std::ops::Bound::Unbounded);
        match self.objects.range(after).next() {
            Some((oid, value)) => VarBind::new(oid.clone(), value.clone()),
            None => VarBind::new(oid.clone(), Value::EndOfMibView),
        }
    }

    fn perform(&mut self, pdu: &Pdu<'_>, v1: bool) -> (i32, i32, Vec<VarBind>) {
        let asked = pdu.bindings.to_owned().unwrap();
        self.requests.push((pdu.kind, asked.len(), pdu.error_index));
        if self.habits.empty_answers {
            return (0, 0, Vec::new());
        }
        let mut answer = Vec::new();
        match pdu.kind {
            PduKind::Get => {
                for (at, binding) in asked.iter().enumerate() {
                    match self.objects.get(&binding.oid) {
                        Some(value) => answer.push(VarBind::new(binding.oid.clone(), value.clone())),
                        None if v1 => return (2, i32::try_from(at + 1).unwrap(), asked),
                        None => answer.push(VarBind::new(binding.oid.clone(), Value::NoSuchInstance)),
                    }
                }
            }
            PduKind::GetNext => {
                for (at, binding) in asked.iter().enumerate() {
                    let next = self.next(&binding.oid);
                    if v1 && next.value == Value::EndOfMibView {
                        return (2, i32::try_from(at + 1).unwrap(), asked);
                    }
                    answer.push(next);
                }
            }
            PduKind::GetBulk => {
                let mut from: Vec<Oid> = asked.iter().map(|binding| binding.oid.clone()).collect();
                for _ in 0..pdu.error_index {
                    for oid in &mut from {
                        let next = self.next(oid);
                        oid.clone_from(&next.oid);
                        answer.push(next);
                    }
                }
            }
            PduKind::Set => {
                for binding in &asked {
                    self.objects.insert(binding.oid.clone(), binding.value.clone());
                }
                answer = asked;
            }
            other => panic!("{other:?}"),
        }
        if self.habits.too_big_above.is_some_and(|most| answer.len() > most) {
            return (1, 0, Vec::new());
        }
        answer.truncate(self.habits.max_bindings.unwrap_or(usize::MAX));
        (0, 0, answer)
    }

    fn handle(&mut self, now: Instant, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut answer = match Message::decode(datagram).unwrap() {
            Message::Community(message) => {
                let AnyPdu::Pdu(pdu) = message.pdu else { panic!() };
                let (status, index, bindings) = self.perform(&pdu, message.version == CommunityVersion::V1);
                let id = pdu.request_id.wrapping_add(i32::from(self.habits.wrong_request_id));
                let mut answer = Vec::new();
                encode_community(&mut answer, message.version, message.community, |w| {
                    encode_pdu(w, PduKind::Response, id, status, index, |w| encode_bindings(w, &bindings))
                })
                .unwrap();
                answer
            }
            Message::V3(message) => {
                if message.usm.engine_id != self.engine_id {
                    if self.habits.silent_on_wrong_engine && !message.usm.engine_id.is_empty() {
                        return None;
                    }
                    return Some(self.report(now, message.msg_id, 4, SecurityLevel::NoAuthNoPriv));
                }
                if let Some(which) = self.habits.refuse_with {
                    return Some(self.report(now, message.msg_id, which, SecurityLevel::NoAuthNoPriv));
                }
                let keys = self.user.localise(&self.engine_id);
                assert!(keys.auth().unwrap().verify(
                    message.whole,
                    message.usm.auth_offset,
                    message.usm.auth
                ));
                if message.usm.boots != self.boots || message.usm.time.abs_diff(self.time(now)) > 150 {
                    return Some(self.report(now, message.msg_id, 2, SecurityLevel::AuthNoPriv));
                }
                let ScopedData::Encrypted(octets) = message.data else { panic!("in clear") };
                let mut octets = octets.to_vec();
                let (boots, time) = (message.usm.boots, message.usm.time);
                assert!(keys.privacy().unwrap().decrypt(boots, time, message.usm.privacy, &mut octets));
                let scoped = ScopedPdu::decode(&mut Reader::new(&octets)).unwrap();
                let AnyPdu::Pdu(pdu) = scoped.pdu else { panic!() };
                let (status, index, bindings) = self.perform(&pdu, false);
                let level = if self.habits.no_digest_downgrade {
                    SecurityLevel::NoAuthNoPriv
                } else {
                    SecurityLevel::AuthPriv
                };
                self.v3(now, message.msg_id, level, |w| {
                    encode_pdu(w, PduKind::Response, pdu.request_id, status, index, |w| {
                        encode_bindings(w, &bindings)
                    })
                })
            }
        };
        if self.habits.wrong_digest
            && let Some(last) = answer.last_mut()
        {
            *last ^= 1;
        }
        if let Some(at) = self.habits.break_binding {
            // The name's tag of the binding `at` becomes one that no name has.
            let mut found = answer
                .windows(2)
                .enumerate()
                .filter(|(_, pair)| pair[0] == 6 && (5..0x20).contains(&pair[1]))
                .map(|(at, _)| at);
            if let Some(at) = found.nth(at) {
                answer[at] = 0x1f;
            }
        }
        answer.truncate(answer.len() - self.habits.cut_off);
        Some(answer)
    }

    fn report(&self, now: Instant, msg_id: i32, which: u32, level: SecurityLevel) -> Vec<u8> {
        self.v3(now, msg_id, level, |w| {
            encode_pdu(w, PduKind::Report, msg_id, 0, 0, |w| {
                w.binding(&[1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0], &Value::Counter32(1))
            })
        })
    }

    fn v3(
        &self,
        now: Instant,
        msg_id: i32,
        level: SecurityLevel,
        pdu: impl FnOnce(
            &mut netwarden_snmp::encode::Writer<'_>,
        ) -> Result<(), netwarden_snmp::encode::EncodeError>,
    ) -> Vec<u8> {
        let keys: LocalisedUser = self.user.localise(&self.engine_id);
        let header = V3Header {
            msg_id,
            reportable: false,
            level,
            engine_id: &self.engine_id,
            boots: self.boots,
            time: self.time(now),
            user: self.user.name(),
            context_engine_id: &self.engine_id,
            context_name: b"",
            salt: u64::from(msg_id.unsigned_abs()),
        };
        let mut datagram = Vec::new();
        encode_v3(&mut datagram, &header, &keys, pdu).unwrap();
        datagram
    }
}

/// Generator and agent on a virtual line.
struct Bench {
    generator: CommandGenerator,
    id: AgentId,
    agent: Agent,
    now: Instant,
    start: Instant,
    sent: Vec<Duration>,
    lose: usize,
    answer_from: SocketAddr,
    twice: bool,
    notices: Vec<Notice>,
}

fn v2c() -> Security {
    Security::V2c { community: Zeroizing::new(b"public".to_vec()) }
}

fn v3() -> Security {
    Security::V3 { user: user(), context: Vec::new() }
}

impl Bench {
    fn new(security: Security) -> Self {
        Self::with(security, AgentOptions::default())
    }

    fn with(security: Security, options: AgentOptions) -> Self {
        let now = Instant::now() + Duration::from_secs(10_000);
        let mut generator = CommandGenerator::new([9; 32]);
        let id = generator.add_agent(AgentConfig { address: AGENT.into(), security, options });
        Self {
            generator,
            id,
            agent: Agent::new(now),
            now,
            start: now,
            sent: Vec::new(),
            lose: 0,
            answer_from: AGENT.into(),
            twice: false,
            notices: Vec::new(),
        }
    }

    fn run(&mut self, operation: Operation) -> Result<Outcome, Failure> {
        self.generator.submit(self.now, self.id, operation, None);
        let mut datagram = Vec::new();
        for _ in 0..10_000 {
            while let Some(transmit) = self.generator.poll_transmit(self.now, &mut datagram) {
                assert_eq!(transmit.to, AGENT.into());
                self.sent.push(self.now - self.start);
                if self.lose > 0 {
                    self.lose -= 1;
                    continue;
                }
                let later = self.now + Duration::from_millis(5);
                if let Some(answer) = self.agent.handle(later, &datagram) {
                    self.now = later;
                    self.generator.handle_input(later, self.answer_from, &answer);
                    if self.twice {
                        self.generator.handle_input(later, self.answer_from, &answer);
                    }
                }
            }
            while let Some(event) = self.generator.poll_event() {
                match event {
                    Event::Done { result, .. } => return result,
                    Event::Notice { notice, .. } => self.notices.push(notice),
                }
            }
            if let Some(at) = self.generator.poll_timeout() {
                self.now = self.now.max(at);
                self.generator.handle_timeout(self.now);
            }
        }
        panic!("no end: {:?}", self.generator.stats());
    }

    fn walk(&mut self, columns: &[[u32; 6]]) -> Result<Walked, Failure> {
        match self.run(Operation::Walk(columns.iter().map(|column| Oid::from(*column)).collect()))? {
            Outcome::Walked(walked) => Ok(walked),
            other => panic!("{other:?}"),
        }
    }

    fn get(&mut self) -> Result<Outcome, Failure> {
        self.run(Operation::Get(vec![Oid::from(BEHIND)]))
    }
}

const BEHIND: [u32; 6] = [1, 3, 6, 1, 10, 0];
const COLUMNS: [[u32; 6]; 3] = [[1, 3, 6, 1, 9, 1], [1, 3, 6, 1, 9, 2], [1, 3, 6, 1, 9, 3]];

fn behind() -> Result<Outcome, Failure> {
    Ok(Outcome::Bindings(vec![VarBind::new(Oid::from(BEHIND), Value::OctetString(b"behind".to_vec()))]))
}

#[test]
fn walks_several_columns_in_few_requests() {
    let v1 = Security::V1 { community: Zeroizing::new(b"public".to_vec()) };
    let mut results = Vec::new();
    for (security, most) in [(v2c(), 12), (v3(), 14), (v1, 70)] {
        let mut bench = Bench::new(security);
        let walked = bench.walk(&COLUMNS).unwrap();
        assert_eq!((walked.len(), &walked.quirks[..]), (180, &[][..]));
        assert!(walked.bindings().is_sorted_by(|a, b| a.oid < b.oid));
        assert!(bench.sent.len() <= most, "{} requests", bench.sent.len());
        results.push(walked.bindings().collect::<Vec<_>>());
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn columns_that_overlap_give_each_variable_once() {
    let mut bench = Bench::new(v2c());
    let walked = bench.run(Operation::Walk(vec![
        Oid::from(COLUMNS[1]),
        Oid::new([1, 3, 6, 1, 9]),
        Oid::from(COLUMNS[0]),
        Oid::new([1, 3, 6, 1, 77]),
    ]));
    let Ok(Outcome::Walked(walked)) = walked else { panic!("{walked:?}") };
    assert_eq!(walked.len(), 180);
    assert!(walked.bindings().is_sorted_by(|a, b| a.oid < b.oid));
}

#[test]
fn a_column_that_ended_is_asked_for_no_more() {
    let mut bench = Bench::new(v2c());
    bench.agent.objects.retain(|oid, _| oid.sub_ids()[5] != 2 || oid.sub_ids()[6] == 1);
    let walked = bench.walk(&COLUMNS).unwrap();
    assert_eq!(walked.len(), 121);
    assert_eq!(bench.agent.requests.first().map(|(_, columns, _)| *columns), Some(3));
    assert!(
        bench.agent.requests[1..].iter().all(|(_, columns, _)| *columns == 2),
        "{:?}",
        bench.agent.requests
    );
}

#[test]
fn an_agent_that_loops_ends_the_column_and_is_reported() {
    for security in [v2c(), v3(), Security::V1 { community: Zeroizing::new(b"public".to_vec()) }] {
        let mut bench = Bench::new(security);
        bench.agent.habits.loops = true;
        let walked = bench.walk(&COLUMNS).unwrap();
        assert_eq!(walked.len(), 60);
        let expected: Vec<WalkQuirk> = COLUMNS
            .map(|column| WalkQuirk::NotIncreasing {
                column: column.into(),
                at: Oid::from(column).child([3]),
            })
            .into();
        assert_eq!(walked.quirks, expected);
    }
}

#[test]
fn an_endless_column_is_cut_at_the_limit() {
    let mut bench = Bench::with(v2c(), AgentOptions { max_rows: 500, ..AgentOptions::default() });
    bench.agent.habits.endless = true;
    let column = Oid::new([1, 3, 6, 1, 9]);
    let walked = bench.run(Operation::Walk(vec![column.clone()]));
    // From the column itself the agent goes on beside it: nothing below.
    assert_eq!(walked, Ok(Outcome::Walked(Walked::default())));
    bench.agent.habits.endless = false;
    bench.agent.objects = (1..=2_000).map(|n| (column.child([n]), Value::Null)).collect();
    let Ok(Outcome::Walked(walked)) = bench.run(Operation::Walk(vec![column.clone()])) else { panic!() };
    assert_eq!(walked.len(), 500);
    assert_eq!(walked.quirks, [WalkQuirk::Endless { column, rows: 500 }]);
}

#[test]
fn too_big_lowers_repetitions_until_it_fits() {
    let mut bench = Bench::new(v2c());
    bench.agent.habits.too_big_above = Some(6);
    let walked = bench.walk(&COLUMNS).unwrap();
    assert_eq!(walked.len(), 180);
    assert!(
        matches!(walked.quirks[..], [WalkQuirk::TooBig { max_repetitions: 1..=2 }]),
        "{:?}",
        walked.quirks
    );
    // Below one repetition: fewer columns.
    let mut bench = Bench::new(v2c());
    bench.agent.habits.too_big_above = Some(1);
    assert_eq!(bench.walk(&COLUMNS).unwrap().len(), 180);
    // And nothing at all: said so.
    let mut bench = Bench::new(v2c());
    bench.agent.habits.too_big_above = Some(0);
    let failure = bench.walk(&COLUMNS).unwrap_err();
    assert_eq!(failure, Failure::Status { status: ErrorStatus::TOO_BIG, oid: Oid::from(COLUMNS[0]) });
}

#[test]
fn cut_answers_are_continued() {
    for most in [1, 2, 4, 7] {
        let mut bench = Bench::new(v2c());
        bench.agent.habits.max_bindings = Some(most);
        let walked = bench.walk(&COLUMNS).unwrap();
        assert_eq!(walked.len(), 180, "{most} bindings an answer");
        assert!(walked.quirks.is_empty());
    }
    let mut bench = Bench::new(v2c());
    bench.agent.habits.max_bindings = Some(2);
    let oids: Vec<Oid> = bench.agent.objects.keys().take(9).cloned().collect();
    let Ok(Outcome::Bindings(read)) = bench.run(Operation::Get(oids.clone())) else { panic!() };
    assert_eq!(read.into_iter().map(|binding| binding.oid).collect::<Vec<_>>(), oids);
}

#[test]
fn an_empty_answer_is_garbage_not_an_end() {
    for security in [v2c(), v3()] {
        let mut bench = Bench::new(security);
        bench.agent.habits.empty_answers = true;
        assert!(matches!(bench.get(), Err(Failure::Garbage(_))));
        assert!(matches!(bench.walk(&COLUMNS), Err(Failure::Garbage(_))));
    }
}

#[test]
fn v1_gets_what_is_there_and_says_what_is_not() {
    let mut bench = Bench::new(Security::V1 { community: Zeroizing::new(b"public".to_vec()) });
    let absent = Oid::new([1, 3, 6, 1, 11, 0]);
    let read = bench.run(Operation::Get(vec![absent.clone(), Oid::from(BEHIND), absent.clone()]));
    let Ok(Outcome::Bindings(read)) = read else { panic!("{read:?}") };
    assert_eq!(read[0], VarBind::new(absent.clone(), Value::NoSuchObject));
    assert_eq!(read[1].value, Value::OctetString(b"behind".to_vec()));
    assert_eq!(read[2], VarBind::new(absent, Value::NoSuchObject));
}

// A reply that is lost costs a short retransmission.
#[test]
fn one_loss_costs_little() {
    let mut bench = Bench::new(v2c());
    bench.get().unwrap();
    bench.lose = 1;
    let before = bench.now;
    assert_eq!(bench.get(), behind());
    assert!(bench.now - before < Duration::from_millis(200), "{:?}", bench.now - before);
    let stats = bench.generator.agent_stats(bench.id);
    assert_eq!((stats.requests, stats.retransmits, stats.losses), (2, 1, 0));
}

#[test]
fn retransmissions_back_off_and_end() {
    let options = AgentOptions {
        timeout: Duration::from_secs(2),
        retries: 3,
        first_wait: Duration::from_millis(400),
        ..AgentOptions::default()
    };
    let mut bench = Bench::with(v2c(), options);
    bench.lose = usize::MAX;
    let failure = bench.get().unwrap_err();
    assert_eq!(failure, Failure::Timeout { attempts: 4, timeout: Duration::from_secs(2) });
    let gaps: Vec<u128> = bench.sent.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    for (gap, expected) in gaps.iter().zip([400, 800, 1_600]) {
        assert!((expected * 9 / 10..=expected * 11 / 10).contains(gap), "{gaps:?}");
    }
    assert!(gaps != [400, 800, 1_600], "jitter");
    assert_eq!(bench.generator.in_flight(), 0);
}

#[test]
fn an_answer_from_elsewhere_is_taken_and_reported() {
    for security in [v2c(), v3()] {
        let mut bench = Bench::new(security);
        bench.answer_from = ELSEWHERE.into();
        assert_eq!(bench.get(), behind());
        let told = Notice::AnswersFromElsewhere { from: ELSEWHERE.into() };
        assert_eq!(bench.notices.iter().filter(|notice| **notice == told).count(), 1, "{:?}", bench.notices);
        assert!(bench.generator.stats().from_elsewhere > 0);
    }
}

#[test]
fn an_answer_with_another_id_is_dropped() {
    let mut bench = Bench::new(v2c());
    bench.agent.habits.wrong_request_id = true;
    assert!(matches!(bench.get(), Err(Failure::Timeout { .. })));
    assert_eq!(bench.generator.stats().dropped.unmatched, 4);
}

/// And the request is sent again, as after a loss.
// proves: SEC-02
#[test]
fn a_wrong_digest_is_dropped_and_counted() {
    let mut bench = Bench::new(v3());
    bench.agent.habits.wrong_digest = true;
    assert!(matches!(bench.get(), Err(Failure::Timeout { .. })));
    assert_eq!(bench.generator.stats().dropped.wrong_digest, 4);
    assert_eq!(bench.generator.stats().responses, 0);
}

#[test]
fn an_answer_without_the_protection_asked_for_is_dropped_and_counted() {
    let mut bench = Bench::new(v3());
    bench.agent.habits.no_digest_downgrade = true;
    assert!(matches!(bench.get(), Err(Failure::Timeout { .. })));
    assert_eq!(bench.generator.stats().dropped.too_low_level, 4);
}

#[test]
fn a_second_answer_is_dropped_and_counted() {
    let mut bench = Bench::new(v3());
    bench.twice = true;
    assert_eq!(bench.get(), behind());
    let stats = bench.generator.stats();
    assert_eq!((stats.responses, stats.dropped.unmatched), (1, 2), "the report of discovery is doubled, too");
}

/// An answer out of the time window, even to a request under way, is not believed.
#[test]
fn an_answer_out_of_the_time_window_is_dropped_and_counted() {
    let mut bench = Bench::new(v3());
    bench.get().unwrap();
    let mut request = Vec::new();
    bench.generator.submit(bench.now, bench.id, Operation::Get(vec![Oid::from(BEHIND)]), None);
    bench.generator.poll_transmit(bench.now, &mut request).unwrap();
    let answer = bench.agent.handle(bench.now, &request).unwrap();
    let much_later = bench.now + Duration::from_secs(200);
    bench.generator.handle_input(much_later, AGENT.into(), &answer);
    assert_eq!(bench.generator.stats().dropped.not_in_time_window, 1);
    bench.generator.handle_input(bench.now + Duration::from_secs(100), AGENT.into(), &answer);
    assert_eq!(bench.generator.stats().responses, 2, "inside of the window it is");
}

#[test]
fn a_reboot_resynchronises_and_is_reported() {
    let mut bench = Bench::new(v3());
    bench.get().unwrap();
    bench.agent.boots += 1;
    bench.agent.started = bench.now;
    assert_eq!(bench.get(), behind());
    assert!(bench.notices.contains(&Notice::Rebooted { boots: 6 }), "{:?}", bench.notices);
    assert_eq!(bench.generator.engine(bench.now, bench.id).unwrap().boots, 6);
    // An agent that lost its boots is found again, too, and that is said.
    bench.agent.boots = 1;
    assert_eq!(bench.get(), behind());
    assert!(bench.notices.contains(&Notice::BootsWentBack { boots: 1 }), "{:?}", bench.notices);
    assert_eq!(bench.generator.stats().losses, 0);
}

#[test]
fn a_changed_engine_is_discovered_even_where_the_agent_stays_silent() {
    for silent in [false, true] {
        let mut bench = Bench::new(v3());
        bench.get().unwrap();
        let from = std::mem::replace(&mut bench.agent.engine_id, b"\x80\0\0\0\x04two".to_vec());
        bench.agent.boots = 1;
        bench.agent.habits.silent_on_wrong_engine = silent;
        assert_eq!(bench.get(), behind(), "silent: {silent}");
        let to = bench.agent.engine_id.clone();
        assert!(bench.notices.contains(&Notice::EngineChanged { from, to }), "{:?}", bench.notices);
    }
}

#[test]
fn reports_that_refuse_are_named() {
    let cases = [
        (1, SecurityReport::UnsupportedSecLevel),
        (3, SecurityReport::UnknownUserName),
        (5, SecurityReport::WrongDigest),
        (6, SecurityReport::DecryptionError),
        (9, SecurityReport::Other(Oid::new([1, 3, 6, 1, 6, 3, 15, 1, 1, 9, 0]))),
    ];
    for (which, expected) in cases {
        let mut bench = Bench::new(v3());
        bench.agent.habits.refuse_with = Some(which);
        assert_eq!(bench.get(), Err(Failure::Security(expected)));
        assert_eq!(bench.sent.len(), 2, "discovery and one request");
    }
}

#[test]
fn an_agent_that_never_accepts_the_time_is_given_up() {
    let mut bench = Bench::new(v3());
    // A report without digest, once boots and time are authentic, changes nothing.
    bench.get().unwrap();
    bench.agent.habits.refuse_with = Some(2);
    assert!(matches!(bench.get(), Err(Failure::Timeout { .. })));
    assert!(bench.generator.stats().dropped.too_low_level > 0);
    // Before that, it is tried a few times.
    let mut bench = Bench::new(v3());
    bench.agent.habits.refuse_with = Some(2);
    assert_eq!(bench.get(), Err(Failure::Security(SecurityReport::NotInTimeWindow)));
}

#[test]
fn garbage_is_told_from_silence() {
    let mut bench = Bench::new(v2c());
    bench.agent.habits.cut_off = 3;
    match bench.get() {
        Err(Failure::Garbage(reason)) => assert!(reason.starts_with("message at octet 0:"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let mut bench = Bench::new(v2c());
    bench.agent.habits.break_binding = Some(0);
    match bench.walk(&COLUMNS) {
        Err(Failure::Garbage(reason)) => assert!(reason.contains("name at octet"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.sent.len(), 2, "asked once more, for the answer may have been damaged");
    // What stands before the broken binding is kept, and the walk goes on behind it.
    let mut bench = Bench::new(v2c());
    bench.agent.habits.break_binding = Some(5);
    assert_eq!(bench.walk(&COLUMNS).unwrap().len(), 180);
}

#[test]
fn no_more_than_allowed_is_under_way_to_one_agent() {
    let mut bench = Bench::with(v2c(), AgentOptions { max_in_flight: 3, ..AgentOptions::default() });
    let handles: Vec<_> = (0..10)
        .map(|_| bench.generator.submit(bench.now, bench.id, Operation::Get(vec![Oid::from(BEHIND)]), None))
        .collect();
    let mut datagram = Vec::new();
    let mut sent = 0;
    while bench.generator.poll_transmit(bench.now, &mut datagram).is_some() {
        sent += 1;
    }
    assert_eq!((sent, bench.generator.in_flight()), (3, 3));
    bench.generator.cancel(bench.now, bench.id, handles[0]);
    bench.generator.cancel(bench.now, bench.id, handles[9]);
    assert!(bench.generator.poll_transmit(bench.now, &mut datagram).is_some(), "the next has its turn");
    bench.generator.remove_agent(bench.id);
    let mut closed = 0;
    while let Some(Event::Done { result, .. }) = bench.generator.poll_event() {
        assert_eq!(result, Err(Failure::Closed));
        closed += 1;
    }
    assert_eq!((closed, bench.generator.in_flight()), (8, 0));
}

#[test]
fn what_cannot_be_written_fails_at_once() {
    let mut bench = Bench::new(v2c());
    let failure = bench.run(Operation::Get(vec![Oid::new([9, 9, 9])])).unwrap_err();
    assert!(matches!(failure, Failure::Encode(_)), "{failure}");
    assert_eq!(failure.to_string(), "9.9.9 cannot be written as an object identifier");
}

#[test]
fn a_context_stands_in_for_the_community() {
    let mut bench = Bench::new(v2c());
    let context: Arc<[u8]> = b"public@10".as_slice().into();
    bench.generator.submit(bench.now, bench.id, Operation::Get(vec![Oid::from(BEHIND)]), Some(context));
    let mut datagram = Vec::new();
    bench.generator.poll_transmit(bench.now, &mut datagram).unwrap();
    let Ok(Message::Community(message)) = Message::decode(&datagram) else { panic!() };
    assert_eq!(message.community, b"public@10");
    // Another community in the answer than either is not believed.
    let AnyPdu::Pdu(pdu) = message.pdu else { panic!() };
    let answer = |community: &[u8]| {
        let mut answer = Vec::new();
        encode_community(&mut answer, CommunityVersion::V2c, community, |w| {
            encode_pdu(w, PduKind::Response, pdu.request_id, 0, 0, |w| w.binding(&BEHIND, &Value::Null))
        })
        .unwrap();
        answer
    };
    bench.generator.handle_input(bench.now, AGENT.into(), &answer(b"private"));
    assert_eq!(bench.generator.stats().dropped.wrong_community, 1);
    bench.generator.handle_input(bench.now, AGENT.into(), &answer(b"public"));
    assert_eq!(bench.generator.stats().responses, 1);
}
