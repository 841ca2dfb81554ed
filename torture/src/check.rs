//! The invariants: functions over plain data, each with a test that feeds it an altered input.
//!
//! Each answers with one sentence for everything that is wrong, and with none where all is well.

use std::collections::{BTreeMap, BTreeSet};

use netwarden_simulator::SetRecord;

use crate::observed::Observed;
use crate::reference::calculate;

/// What the world outside saw of the server.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Every SET that an agent carried out.
    pub sets: Vec<SetRecord>,
    /// Message-IDs at the mail server.
    pub mails: Vec<String>,
    /// Requests' ids at the webhook.
    pub webhooks: Vec<String>,
    /// Lines that the command wrote: address and event.
    pub commands: Vec<String>,
    /// Reasons of acts that the server had answered with yes.
    pub promised: Vec<String>,
    /// PVID and ifAdminStatus of each port that had to do with a rogue, by switch and port.
    pub ports: BTreeMap<(String, String), (u16, bool)>,
    /// The ports on which a rogue is connected that nobody has accepted.
    pub quarantined: BTreeSet<(String, String)>,
    /// The quarantine VLAN.
    pub quarantine: u16,
}

/// What must hold at every moment, whatever was interrupted.
pub fn always(observed: &Observed) -> Vec<String> {
    [log(observed), judged_once(observed), keys(observed), recorded_once(observed), trail(observed)].concat()
}

/// What must hold when the server has had time to finish.
pub fn settled(observed: &Observed, outside: &Outside) -> Vec<String> {
    [
        always(observed),
        finished(observed),
        one_shots(observed, outside),
        sets(observed, outside),
        access(observed, outside),
        promises(observed, outside),
    ]
    .concat()
}

/// The log has no gap, and the judge is not ahead of it.
pub fn log(observed: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, event) in (1..).zip(&observed.events) {
        if event.seq.0 != place {
            wrong.push(format!("event {} stands where event {place} belongs", event.seq));
            break;
        }
    }
    let last = observed.events.last().map_or(0, |event| event.seq.0);
    if observed.judged > last {
        wrong.push(format!("the judge stands at event {}, the log ends at {last}", observed.judged));
    }
    wrong
}

/// Every event up to the cursor was judged exactly once: requests and the rules' memory are as the
/// reference calculation has them.
pub fn judged_once(observed: &Observed) -> Vec<String> {
    let expected = calculate(observed);
    let mut wrong = Vec::new();
    let stored: BTreeMap<&str, &str> = observed
        .requests
        .iter()
        .filter(|asked| asked.key.starts_with("rule:"))
        .map(|asked| (asked.key.as_str(), asked.action.as_str()))
        .collect();
    for (key, action) in &expected.requests {
        match stored.get(key.as_str()) {
            None => wrong.push(format!("request {key} ({action}) should be there and is not")),
            Some(found) if found != action => {
                wrong.push(format!("request {key} is {found}, it should be {action}"));
            }
            Some(_) => {}
        }
    }
    for key in stored.keys().filter(|key| !expected.requests.contains_key(**key)) {
        wrong.push(format!("request {key} follows from no event"));
    }
    if expected.decisions != expected.requests.len() {
        wrong.push("two decisions bear one key".to_owned());
    }
    let (mut memory, mut should) = (observed.state.clone(), expected.state);
    memory.sort_by(|a, b| a.key.cmp(&b.key));
    should.sort_by(|a, b| a.key.cmp(&b.key));
    if memory != should {
        let differs = memory.iter().zip(&should).find(|(is, should)| is != should);
        wrong.push(format!(
            "the rules remember {} things, they should remember {}; first difference: {differs:?}",
            memory.len(),
            should.len()
        ));
    }
    wrong
}

/// No two requests bear one key, and none of the keys is empty.
pub fn keys(observed: &Observed) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let twice = observed.requests.iter().filter(|asked| !seen.insert(&asked.key) || asked.key.is_empty());
    twice.map(|asked| format!("the key '{}' of request {} is not unique", asked.key, asked.id)).collect()
}

/// Every request of a rule stands in the trail once: T1 was neither lost nor done twice.
pub fn recorded_once(observed: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left = observed.recorded.clone();
    // What gives a port back to who was authorised meanwhile follows from a rule's request.
    let of_rules = |key: &str| key.starts_with("rule:") || key.starts_with("late:");
    for asked in observed.requests.iter().filter(|asked| of_rules(&asked.key)) {
        match left.remove(&asked.id) {
            Some(1) => {}
            times => wrong.push(format!("request {} stands {times:?} times in the trail", asked.id)),
        }
    }
    wrong.extend(left.keys().map(|id| format!("the trail tells of request {id}, which does not exist")));
    wrong
}

/// The trail verifies.
pub fn trail(observed: &Observed) -> Vec<String> {
    observed.fault.iter().map(|fault| format!("the audit trail does not verify: {fault}")).collect()
}

/// Nothing is left half done. Mail may wait for the flood limit.
pub fn finished(observed: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    let last = observed.events.last().map_or(0, |event| event.seq.0);
    if observed.judged != last {
        wrong.push(format!("the judge stands at event {} of {last}", observed.judged));
    }
    for asked in &observed.requests {
        let waits = asked.state == "pending" && asked.action == "mail";
        if !waits && matches!(asked.state.as_str(), "pending" | "opened" | "held" | "observed") {
            wrong.push(format!("{} {} is still {}: {}", asked.action, asked.id, asked.state, asked.note));
        }
    }
    for wanted in &observed.wanted {
        if !matches!(wanted.progress.as_str(), "verified" | "released") {
            wrong.push(format!("port {:?} is still {}: {}", wanted.port, wanted.progress, wanted.note));
        }
    }
    if observed.open_records != 0 {
        wrong.push(format!("{} records of the trail have no outcome", observed.open_records));
    }
    if observed.open_attempts != 0 {
        wrong.push(format!("{} attempts at ports have no outcome", observed.open_attempts));
    }
    wrong
}

const ONE_SHOTS: [&str; 3] = ["mail", "webhook", "command"];

/// One-shots: what is done was seen outside exactly once; what is unknown was seen at most once and is
/// told by an event; nothing was seen that nobody asked for, and nothing twice.
pub fn one_shots(observed: &Observed, outside: &Outside) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut mails = BTreeSet::new();
    for id in &outside.mails {
        let request = id.trim_start_matches('<').split('@').next().unwrap_or_default();
        if !mails.insert(request) {
            wrong.push(format!("Message-ID {id} came twice"));
        }
    }
    let mut webhooks = BTreeSet::new();
    for id in &outside.webhooks {
        if !webhooks.insert(id.as_str()) {
            wrong.push(format!("webhook {id} came twice"));
        }
    }
    // A command is known by the event that it was told of: there is one command a rule.
    let mut commands = BTreeSet::new();
    for line in &outside.commands {
        let event = line.split_ascii_whitespace().nth(1).unwrap_or_default();
        if !commands.insert(event) {
            wrong.push(format!("the command ran twice for '{line}'"));
        }
    }
    for asked in observed.requests.iter().filter(|asked| ONE_SHOTS.contains(&asked.action.as_str())) {
        let seen = match asked.action.as_str() {
            // Of a digest the first one's id is seen.
            "mail" => mails.remove(asked.id.as_str()),
            "webhook" => webhooks.remove(asked.id.as_str()),
            _ => commands.remove(asked.key.split(':').nth(1).unwrap_or_default()),
        };
        let in_digest = asked.batch.as_ref().is_some_and(|batch| *batch != asked.id);
        match (asked.state.as_str(), seen) {
            ("done", true) | ("pending", false) | ("unknown", _) => {}
            ("done", false) if in_digest => {}
            (state, seen) => wrong.push(format!(
                "{} {} is {state} ({}), but it was {}seen outside",
                asked.action,
                asked.id,
                asked.note,
                if seen { "" } else { "not " }
            )),
        }
        let told = asked.outcome.is_some_and(|seq| observed.events.iter().any(|event| event.seq.0 == seq));
        if matches!(asked.state.as_str(), "done" | "unknown" | "failed") && !told {
            wrong.push(format!("no event tells what became of {} {}", asked.action, asked.id));
        }
    }
    let left = mails.into_iter().chain(webhooks).chain(commands);
    wrong.extend(left.map(|id| format!("{id} was seen outside, but nobody asked for it")));
    wrong
}

/// At most one changing SET for each desired state: a port enters the quarantine VLAN's PVID, egress
/// and untagged set at most as often as that was wanted, leaves them at most as often as a release was, and its link is
/// taken down at most as often as both.
pub fn sets(observed: &Observed, outside: &Outside) -> Vec<String> {
    let mut wishes: BTreeMap<(String, String), (u32, u32)> = BTreeMap::new();
    for asked in &observed.requests {
        let Some(port) = asked.port.clone() else { continue };
        let wish = wishes.entry(port).or_default();
        match asked.action.as_str() {
            "move_port" => wish.0 += 1,
            "release_port" => wish.1 += 1,
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    for ((port, object, to), times) in changes(outside) {
        let (moves, releases) = wishes.get(&port).copied().unwrap_or_default();
        let allowed = match to {
            Direction::Into => moves,
            Direction::OutOf => releases,
            Direction::Link => moves + releases,
        };
        if times > allowed {
            wrong.push(format!(
                "{object} of {port:?} was changed {times} times ({to:?}) for {allowed} wishes"
            ));
        }
    }
    wrong
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    /// Into the quarantine VLAN.
    Into,
    /// Back out of it.
    OutOf,
    /// The link was taken down.
    Link,
}

type Change = ((String, String), String, Direction);

/// How often each object of each port was changed.
fn changes(outside: &Outside) -> BTreeMap<Change, u32> {
    let quarantine = outside.quarantine.to_string();
    let mut found: BTreeMap<Change, u32> = BTreeMap::new();
    for record in &outside.sets {
        for change in &record.changes {
            let mut add = |port: &str, to| {
                let key = ((record.device.clone(), port.to_owned()), change.object.to_owned(), to);
                *found.entry(key).or_default() += 1;
            };
            match change.object {
                "dot1qPvid" if change.after == quarantine => add(&change.instance, Direction::Into),
                "dot1qPvid" => add(&change.instance, Direction::OutOf),
                "ifAdminStatus" if change.after == "down" => add(&change.instance, Direction::Link),
                "ifAdminStatus" => {}
                _ if change.instance == quarantine => {
                    let set = |text: &str| -> BTreeSet<String> {
                        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
                    };
                    let (before, after) = (set(&change.before), set(&change.after));
                    after.difference(&before).for_each(|port| add(port, Direction::Into));
                    before.difference(&after).for_each(|port| add(port, Direction::OutOf));
                }
                _ => {}
            }
        }
    }
    found
}

/// Every port that should be quarantined is, every other one is not, and no link was left down.
pub fn access(observed: &Observed, outside: &Outside) -> Vec<String> {
    let mut wrong = Vec::new();
    for (port, (pvid, up)) in &outside.ports {
        let should = outside.quarantined.contains(port);
        let wanted = observed.wanted.iter().find(|wanted| wanted.port == *port);
        if should && *pvid != outside.quarantine {
            wrong.push(format!("{port:?} should be in quarantine and is in VLAN {pvid}: {wanted:?}"));
        }
        if !should && *pvid == outside.quarantine {
            wrong.push(format!("{port:?} is in quarantine and should not be: {wanted:?}"));
        }
        if !up {
            wrong.push(format!("{port:?} was left shut: {wanted:?}"));
        }
    }
    wrong
}

/// Every act that was answered with yes stands in the trail.
pub fn promises(observed: &Observed, outside: &Outside) -> Vec<String> {
    let kept = |reason: &String| observed.acts.iter().any(|(_, _, words)| words.contains(reason.as_str()));
    let broken = outside.promised.iter().filter(|reason| !kept(reason));
    broken.map(|reason| format!("'{reason}' was answered with yes and is not in the trail")).collect()
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
