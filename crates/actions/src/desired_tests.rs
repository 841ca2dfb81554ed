use super::*;
use Progress::{Attempted, Failed, Held, ObserveOnly, Pending, Released, Releasing, Verified};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + seconds).unwrap()
}

/// Feeds the inputs one second apart; answers with the state and the effects of the last one.
fn run(inputs: impl IntoIterator<Item = Input>) -> (Standing, Vec<Effect>) {
    let mut state = Standing::new(at(0));
    let mut effects = vec![];
    for (n, input) in inputs.into_iter().enumerate() {
        (state, effects) = step(at(i64::try_from(n).unwrap()), state, input).unwrap();
    }
    (state, effects)
}

fn sent() -> Input {
    Input::Sent { error: None }
}

fn held() -> Input {
    Input::Judged(Verdict::Held { why: "stop".into(), until: None, alarm: false })
}

fn enforced() -> Vec<Input> {
    vec![
        Input::Tick,
        Input::Judged(Verdict::Go),
        Input::Planned { changes: true },
        Input::AttemptRecorded,
        sent(),
        Input::ReadBack { result: Ok(()) },
    ]
}

fn with(more: impl IntoIterator<Item = Input>) -> Vec<Input> {
    enforced().into_iter().chain(more).collect()
}

fn wrong() -> Input {
    Input::ReadBack { result: Err("the PVID is 10, not 99".into()) }
}

#[test]
fn every_path_ends_where_it_should() {
    use Effect::{Judge, Plan, ReadBack, RecordAttempt, Send, Tell};
    let e = enforced();
    let attempted = || e[..4].to_vec();
    let cases: Vec<(&str, Vec<Input>, Progress, Vec<Effect>)> = vec![
        ("judged first", e[..1].to_vec(), Pending, vec![Judge]),
        ("then planned", e[..2].to_vec(), Pending, vec![Plan]),
        ("then recorded", e[..3].to_vec(), Pending, vec![RecordAttempt]),
        ("only then sent", e[..4].to_vec(), Attempted, vec![Send]),
        ("read back whatever the answer", e[..5].to_vec(), Attempted, vec![ReadBack]),
        ("verified", e.clone(), Verified, vec![Tell(Told::Done)]),
        (
            "already as wanted: nothing is sent",
            [&e[..2], &[Input::Planned { changes: false }]].concat(),
            Verified,
            vec![Tell(Told::Done)],
        ),
        (
            "observed",
            vec![Input::Tick, Input::Judged(Verdict::ObserveOnly("x".into()))],
            ObserveOnly,
            vec![Tell(Told::Observed)],
        ),
        ("held", vec![Input::Tick, held()], Held, vec![Tell(Told::Held { alarm: false })]),
        ("held again is not told again", vec![Input::Tick, held(), Input::Tick, held()], Held, vec![]),
        (
            "refused",
            vec![Input::Tick, Input::Judged(Verdict::Refused("x".into()))],
            Failed,
            vec![Tell(Told::Failed)],
        ),
        ("failed", [attempted(), vec![sent(), wrong()]].concat(), Failed, vec![Tell(Told::Failed)]),
        ("failed, again", [attempted(), vec![sent(), wrong(), Input::Tick]].concat(), Pending, vec![Judge]),
        ("interrupted", [attempted(), vec![Input::Interrupted]].concat(), Pending, vec![Plan]),
        ("in flight", [attempted(), vec![Input::Tick]].concat(), Attempted, vec![]),
        ("looked at again", with([Input::Tick]), Verified, vec![ReadBack]),
        ("still so", with([Input::Tick, Input::ReadBack { result: Ok(()) }]), Verified, vec![]),
        ("undone by somebody", with([Input::Tick, wrong()]), Pending, vec![Judge]),
        ("restarted", with([Input::Rebooted]), Pending, vec![Judge]),
        ("release", with([Input::ReleaseWanted]), Releasing, vec![Plan]),
        (
            "release sends",
            with([Input::ReleaseWanted, Input::Planned { changes: true }, Input::AttemptRecorded]),
            Releasing,
            vec![Send],
        ),
        (
            "released",
            with([
                Input::ReleaseWanted,
                Input::Planned { changes: true },
                Input::AttemptRecorded,
                sent(),
                Input::ReadBack { result: Ok(()) },
            ]),
            Released,
            vec![Tell(Told::Done)],
        ),
        (
            "release fails and goes on",
            with([
                Input::ReleaseWanted,
                Input::Planned { changes: true },
                Input::AttemptRecorded,
                sent(),
                wrong(),
            ]),
            Releasing,
            vec![Tell(Told::Failed)],
        ),
        ("release interrupted", with([Input::ReleaseWanted, Input::Interrupted]), Releasing, vec![Plan]),
        ("restarted while releasing", with([Input::ReleaseWanted, Input::Rebooted]), Releasing, vec![Plan]),
        ("release of what was never changed", vec![Input::ReleaseWanted], Released, vec![Tell(Told::Done)]),
        (
            "released twice",
            vec![Input::ReleaseWanted, Input::ReleaseWanted],
            Released,
            vec![Tell(Told::Done)],
        ),
        (
            "a restart after the release changes nothing",
            vec![Input::ReleaseWanted, Input::Rebooted],
            Released,
            vec![],
        ),
        ("wanted again after the release", vec![Input::ReleaseWanted, Input::Wanted], Pending, vec![Judge]),
        (
            "wanted otherwise while releasing",
            with([Input::ReleaseWanted, Input::Wanted]),
            Pending,
            vec![Judge],
        ),
        (
            "switched on",
            vec![Input::Tick, Input::Judged(Verdict::ObserveOnly("x".into())), Input::Reconsider],
            Pending,
            vec![Judge],
        ),
    ];
    for (what, inputs, progress, effects) in cases {
        let (state, done) = run(inputs);
        assert_eq!((state.progress, done), (progress, effects), "{what}");
    }
}

#[test]
fn waits_grow_and_have_an_end() {
    let waits: Vec<u64> = (1..9).map(|n| back_off(n).as_secs()).collect();
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(back_off(u32::MAX), LAST_RETRY);
    let (state, _) = run([enforced()[..5].to_vec(), vec![wrong()]].concat());
    assert!(!state.at_rest(at(10)));
    assert!(state.at_rest(at(9)), "{state:?}");
}

#[test]
fn a_refused_set_is_named_beside_what_was_read() {
    let sent = Input::Sent { error: Some("noAccess at 1.3".into()) };
    let (state, _) = run([enforced()[..4].to_vec(), vec![sent, wrong()]].concat());
    assert_eq!(state.note, "noAccess at 1.3; the PVID is 10, not 99");
}

#[test]
fn an_element_that_stays_silent_is_told_once_and_asked_ever_less_often() {
    let fail = || Input::PlanFailed { why: "no answer".into() };
    let once = [Input::Tick, Input::Judged(Verdict::Go), fail()];
    let (state, effects) = run(once.clone());
    assert_eq!((state.attempts, effects), (1, vec![Effect::Tell(Told::Failed)]));
    let (state, effects) = run([once.clone(), once].concat());
    assert_eq!((state.attempts, effects), (2, vec![]));
}

#[test]
fn what_is_refused_waits_for_no_time() {
    let (state, _) = run([Input::Tick, Input::Judged(Verdict::Refused("uplink".into()))]);
    assert_eq!(state.next, None);
    let (_, effects) = step(at(9), state, Input::Tick).unwrap();
    assert_eq!(effects, []);
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let error = step(at(0), Standing::new(at(0)), sent()).unwrap_err();
    assert_eq!(error.progress, Pending);
    let (verified, _) = run(enforced());
    assert!(step(at(9), verified, Input::AttemptRecorded).is_err());
}
