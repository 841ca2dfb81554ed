//! The rules for passwords: each of them by itself, then the profiles, then what is set.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::at;
use crate::password::history::{self, Compared, MOST, too_soon, variants};
use crate::password::policy::Rules;
use crate::password::words::DictionaryError;
use crate::password::{
    Breach, Candidate, Demand, Dictionary, Params, PasswordPolicy, Person, PolicyEdit, PolicyError, Profile,
    Renewal, Rule, breaches, conflicts,
};

const BOB: Person<'_> = Person {
    name: "bob.miller",
    is_administrator: false,
    mobile: "+49 171 2345678",
    mail: "b.miller@example.org",
};

fn dictionary() -> Dictionary {
    Dictionary::read("Gartenzwerg\nMontag\nab\n".as_bytes()).unwrap().0
}

/// No rule but this one, with this number.
fn only(rule: Rule, number: Option<u32>) -> PasswordPolicy {
    let all = Rule::ALL.iter().map(|other| (*other, Some(*other == rule), None));
    let rules = all.chain([(rule, Some(true), number)]).collect();
    PasswordPolicy::default().edited(PolicyEdit { rules, ..PolicyEdit::default() }).unwrap()
}

fn broken(policy: &PasswordPolicy, new: &str, old: Option<&str>, person: Person<'_>) -> Vec<Breach> {
    breaches(policy, &dictionary(), &Candidate { new, old, person })
}

/// A rule with its number; passwords that it takes and such as it refuses, where a present one matters
/// with that; and what is said of the refused.
type Line = (Rule, Option<u32>, &'static [&'static str], &'static [&'static str], &'static str);

const OLD: &str = "Zebra-finch7";

const TABLE: &[Line] = &[
    (
        Rule::MinLength,
        Some(8),
        &["12345678", "ääääääää"],
        &["1234567", "äääääää"],
        "it needs at least 8 characters",
    ),
    (
        Rule::MaxLength,
        Some(32),
        &["x", "01234567890123456789012345678901"],
        &["012345678901234567890123456789012"],
        "it must not have more than 32 characters",
    ),
    (
        Rule::Different,
        Some(3),
        &["Zebra-fish-7", "Zebra"],
        &["Zebra-finch8", "zebra-Finch7", "Zebra-finch", "1Zebra-finch7"],
        "it must differ from the present one in at least 3 characters",
    ),
    (Rule::Letters, Some(2), &["ab", "1ß2é3"], &["a1", "12345", ""], "it needs at least 2 letters"),
    (Rule::Upper, Some(1), &["aBc", "É"], &["abc", "123", "ß"], "it needs at least 1 capital letters"),
    (Rule::Lower, Some(1), &["ABc", "ß"], &["ABC", "123"], "it needs at least 1 small letters"),
    (Rule::Digits, Some(2), &["a1b2"], &["a1b", "ab"], "it needs at least 2 digits"),
    (Rule::Special, Some(1), &["a-b", "a€"], &["ab1", "a b"], "it needs at least 1 special characters"),
    (Rule::NoSpaces, None, &["a-b"], &["a b", " ab", "ab\u{a0}", "a\tb"], "it must not have blanks"),
    (
        Rule::NoUserName,
        None,
        &["bob-miller", "miller"],
        &["bob.miller", "xBOB.Millerx", "1rellim.bob1"],
        "it must not hold the user name, forwards or backwards",
    ),
    (
        Rule::NoSequence,
        Some(4),
        &["abc", "1243", "aaaa", "ab12cd", "9ab"],
        &["x1234", "4321", "ABcd", "aceg", "9630", "zyxw-1", "az13579"],
        "it must not have 4 characters that rise, fall or go in equal steps, as in 1234",
    ),
    (
        Rule::SharedWithName,
        Some(3),
        &["mil", "xbobx", "ill-ler"],
        &["mill", "xLLERx", "b.mi"],
        "it must not have more than 3 characters in a row that the user name has as well",
    ),
    (
        Rule::NoRepetition,
        Some(3),
        &["ababa", "abc-ab"],
        &["abcabc", "abc-x-abc", "aaaaaa", "1231234"],
        "it must not have a sequence of 3 characters twice",
    ),
    (
        Rule::Consecutive,
        Some(2),
        &["aabb", "aAa"],
        &["aaa", "xbbbb"],
        "it must not have a character more than 2 times in a row",
    ),
    (
        Rule::NoContact,
        None,
        &["miller", "171", "example.org"],
        &["x-0171/234.5678", "2345678", "B.Miller", "my b.miller!"],
        "it must not hold the mobile number or the mail address",
    ),
    (
        Rule::NoWord,
        None,
        &["gartenzwer", "Mont-ag", "p-assword", "ab"],
        &["GARTENZWERG", "my-montag-1", "xpasswordx", "P4$$w0rd", "!L0vey0u", "|etme1n"],
        "it must not hold a word of the dictionaries, also with digits and signs for letters",
    ),
    (
        Rule::NotSimilar,
        Some(3),
        &["Zebra-horse9", "other"],
        &["Zebra-finch8", "z3bra-finch!!", "ZEBRA-FINCH", "99Zebra-finch"],
        "it must not be like the present one or the 3 before it",
    ),
    (
        Rule::Categories,
        Some(3),
        &["aB1", "aB-", "a1-", "B1 "],
        &["ab1", "AB", "a-b"],
        "it needs characters of 3 of these kinds: capital letters, small letters, digits, others",
    ),
    (
        Rule::NotCommon,
        None,
        &["my password is long", "gartenzwergin"],
        &[
            "password",
            "Passw0rd",
            "PASSWORD2031!",
            "passwordpasswordpassword",
            "montag",
            "qwertz",
            "1234567890",
            "netwarden",
        ],
        "it must not be a common password",
    ),
];

// proves: IAM-07
#[test]
fn every_rule_takes_and_refuses_what_it_says() {
    for (rule, number, taken, refused, told) in TABLE {
        let policy = only(*rule, *number);
        for password in taken.iter() {
            assert_eq!(broken(&policy, password, Some(OLD), BOB), [], "{rule} refuses {password:?}");
        }
        for password in refused.iter().filter(|password| !password.is_empty()) {
            let found = broken(&policy, password, Some(OLD), BOB);
            assert_eq!(found, [Breach::Of(*rule, number.unwrap_or(0))], "{rule} takes {password:?}");
            assert_eq!(found[0].to_string(), *told);
            assert_eq!(found[0].as_str(), rule.as_str());
        }
        // Off, it refuses nothing.
        let edit = PolicyEdit { rules: vec![(*rule, Some(false), None)], ..PolicyEdit::default() };
        let off = policy.edited(edit).unwrap();
        for password in refused.iter().filter(|password| !password.is_empty()) {
            assert_eq!(broken(&off, password, Some(OLD), BOB), [], "{rule} is off");
        }
    }
    // Those of the table, that of administrators, and those that have tests of their own below.
    let mut tested: BTreeSet<Rule> = TABLE.iter().map(|(rule, ..)| *rule).collect();
    tested.extend([Rule::MinLengthAdministrator, Rule::NotLast, Rule::NotWithin, Rule::MinUse]);
    tested.extend([Rule::Validity, Rule::LogoutOnReset]);
    assert_eq!(tested.len(), Rule::ALL.len());
    let positions: Vec<u32> = Rule::ALL.iter().map(|rule| rule.position()).collect();
    assert_eq!(positions, (1..=25).collect::<Vec<_>>(), "the source's 22, likeness, and two of profiles");
}

// proves: IAM-07
#[test]
fn administrators_have_a_least_length_of_their_own() {
    let admin = Person { is_administrator: true, ..BOB };
    let rules =
        vec![(Rule::MinLength, Some(true), Some(8)), (Rule::MinLengthAdministrator, Some(true), Some(12))];
    let policy = only(Rule::MinLength, None).edited(PolicyEdit { rules, ..PolicyEdit::default() }).unwrap();
    assert_eq!(broken(&policy, "123456789", None, BOB), []);
    let found = broken(&policy, "123456789", None, admin);
    assert_eq!(found, [Breach::Of(Rule::MinLengthAdministrator, 12)]);
    assert_eq!(found[0].to_string(), "an administrator's needs at least 12 characters");
    assert_eq!(broken(&policy, "123456789012", None, admin), []);
    // It never lets an administrator have less than others.
    let rules = vec![(Rule::MinLength, None, Some(15))];
    let policy = policy.edited(PolicyEdit { rules, ..PolicyEdit::default() }).unwrap();
    assert_eq!(broken(&policy, "1234567890123", None, admin), [Breach::Of(Rule::MinLength, 15)]);
}

// proves: IAM-07
#[test]
fn what_no_setting_permits_is_refused_by_all_of_them() {
    let rules = Rule::ALL.iter().map(|rule| (*rule, Some(false), None)).collect();
    let nothing = PasswordPolicy::default().edited(PolicyEdit { rules, ..PolicyEdit::default() }).unwrap();
    assert_eq!(broken(&nothing, "", None, BOB), [Breach::Empty]);
    assert_eq!(broken(&nothing, &"x".repeat(1_025), None, BOB), [Breach::Octets]);
    assert_eq!(broken(&nothing, OLD, Some(OLD), BOB), [Breach::Unchanged]);
    assert_eq!(broken(&nothing, "x", None, BOB), []);
}

// proves: IAM-07
#[test]
fn profiles_take_and_refuse_what_their_documents_say() {
    for (profile, password, told) in [
        (Profile::Source, "Gr4vel-path", ""),
        (Profile::Source, "short", "min_length"),
        (Profile::Source, "a long enough phrase", "no_spaces"),
        (Profile::Source, "aaa 1234", "no_spaces no_sequence consecutive"),
        (Profile::Source, "grey-password-31", "no_word"),
        (Profile::Source, "a-much-longer-phrase-than-32-signs", "max_length"),
        (Profile::Gpp, "Gravel 7", ""),
        (Profile::Gpp, "gravelpath", "categories"),
        (Profile::Gpp, "Gr4vel!", "min_length"),
        (Profile::Gpp, "Passw0rd!", "not_common"),
        (Profile::Nist, "gravel path behind the mill", ""),
        (Profile::Nist, "aaaaaaaaaaaaaaa1234", ""),
        (Profile::Nist, "Gr4vel-path!", "min_length"),
        (Profile::Nist, "passwordpassword", "not_common"),
        (Profile::Nist, "letmein-bob.miller", "no_user_name"),
    ] {
        let edit = PolicyEdit { profile: Some(profile), ..PolicyEdit::default() };
        let policy = PasswordPolicy::default().edited(edit).unwrap();
        let found = broken(&policy, password, None, BOB);
        let words: Vec<&str> = found.iter().map(|breach| breach.as_str()).collect();
        assert_eq!(words.join(" "), told, "{profile}: {password}");
    }
}

// proves: IAM-07
#[test]
fn the_profile_to_begin_with_has_the_numbers_of_the_source() {
    let policy = PasswordPolicy::default();
    for (rule, number) in [
        (Rule::MinLength, 8),
        (Rule::MinLengthAdministrator, 8),
        (Rule::MaxLength, 32),
        (Rule::MinUse, 10),
        (Rule::Different, 3),
        (Rule::Consecutive, 2),
    ] {
        assert_eq!(policy.rules.number(rule), Some(number), "{rule}");
    }
    for rule in [Rule::LogoutOnReset, Rule::NoSpaces, Rule::NoUserName, Rule::NoContact, Rule::NoWord] {
        assert!(policy.rules.is_on(rule), "{rule}");
    }
    assert!(!policy.rules.is_on(Rule::Validity), "the source names no number of days");
}

// proves: IAM-07
#[test]
fn where_settings_depart_from_a_profile_is_told() {
    for profile in Profile::ALL {
        let rules = Rules::of(profile);
        let own = conflicts(&rules).into_iter().filter(|conflict| conflict.profile == profile).count();
        assert_eq!(own, 0, "{profile} departs from itself");
    }
    let source = conflicts(&Rules::of(Profile::Source));
    let told = |profile, rule| source.iter().find(|one| one.profile == profile && one.rule == rule);
    assert_eq!(told(Profile::Nist, Rule::NoSpaces).unwrap().demand, Demand::Off);
    let length = told(Profile::Nist, Rule::MaxLength).unwrap();
    assert_eq!(length.to_string(), "nist-800-63b: max_length is to be off, or to have 64 or more");
    assert_eq!(told(Profile::Gpp, Rule::Categories).unwrap().demand, Demand::AtLeast(3));
    assert!(told(Profile::Gpp, Rule::MinLength).is_none());
    // A single setting is told as soon as it departs.
    let rules = vec![(Rule::Validity, Some(true), Some(90)), (Rule::MinLength, None, Some(12))];
    let edit = PolicyEdit { profile: Some(Profile::Nist), rules, ..PolicyEdit::default() };
    let policy = PasswordPolicy::default().edited(edit).unwrap();
    let nist = conflicts(&policy.rules).into_iter().filter(|one| one.profile == Profile::Nist);
    let texts: Vec<String> = nist.map(|one| one.to_string()).collect();
    assert_eq!(
        texts,
        ["nist-800-63b: min_length is to be on, with 15 or more", "nist-800-63b: validity is to be off",]
    );
}

// proves: IAM-07
#[test]
fn settings_are_taken_whole_or_not_at_all_and_read_as_they_were_written() {
    let policy = PasswordPolicy::default();
    let refused = |edit: PolicyEdit| policy.edited(edit).unwrap_err();
    let rule = |rule, number| PolicyEdit { rules: vec![(rule, None, Some(number))], ..PolicyEdit::default() };
    assert_eq!(
        refused(rule(Rule::MinLength, 5)),
        PolicyError::Range { rule: Rule::MinLength, least: 6, most: 128, given: 5 }
    );
    assert_eq!(refused(rule(Rule::NoSpaces, 1)), PolicyError::NoNumber(Rule::NoSpaces));
    assert_eq!(refused(rule(Rule::MinLength, 33)), PolicyError::Lengths { least: 33, most: 32 });
    let warning = PolicyEdit { warning_days: Some(91), ..PolicyEdit::default() };
    assert_eq!(refused(warning), PolicyError::Warning(91));
    let words = |words: &[&str]| PolicyEdit {
        hacker_words: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        ..PolicyEdit::default()
    };
    assert_eq!(refused(words(&["abc"])), PolicyError::NoWord("abc".to_owned()));
    assert_eq!(refused(words(&["wort"; 1_001])), PolicyError::ManyWords(1_001));

    let edit = PolicyEdit {
        profile: Some(Profile::Gpp),
        rules: vec![(Rule::Validity, Some(true), Some(30))],
        warning_days: Some(5),
        hacker_words: Some(vec!["Zürich".to_owned()]),
        hash: Some(Params::usual_argon2id()),
    };
    let edited = policy.edited(edit).unwrap();
    assert_eq!(PasswordPolicy::decode(&edited.encode()).unwrap(), edited);
    assert_eq!(edited.hacker_words, ["zürich"]);
    // A rule of a later release is left out, one that was not known yet is as under the profile.
    let text = edited.encode().replace("\"not_common\"", "\"of_tomorrow\"");
    let read = PasswordPolicy::decode(&text).unwrap();
    assert!(read.rules.is_on(Rule::NotCommon));
    for text in ["", "{}", &edited.encode().replace("argon2id", "md5"), &edited.encode().replace("30", "0")] {
        assert!(PasswordPolicy::decode(text).is_err(), "{text}");
    }
}

// proves: IAM-07
#[test]
fn earlier_passwords_come_back_neither_soon_nor_likened() {
    let policy = |rules: &[(Rule, u32)]| {
        let off = Rule::ALL.iter().map(|rule| (*rule, Some(false), None));
        let on = rules.iter().map(|(rule, number)| (*rule, Some(true), Some(*number)));
        let rules = off.chain(on).collect();
        PasswordPolicy::default().edited(PolicyEdit { rules, ..PolicyEdit::default() }).unwrap()
    };
    let day = |days: i64| at(days * 86_400);
    let earlier = |same: usize| -> Vec<Compared> {
        let one = |at| Compared {
            replaced: day(-30 * (i64::try_from(at).unwrap() + 1)),
            same: at == same,
            similar: false,
        };
        (0..8).map(one).collect()
    };
    // The present one is the first of the last three, so two before it count.
    let last = policy(&[(Rule::NotLast, 3)]);
    assert_eq!(history::wanted(&last), (2, 0));
    assert_eq!(history::breaches(&last, &earlier(1), day(0)), [Breach::Of(Rule::NotLast, 3)]);
    assert_eq!(history::breaches(&last, &earlier(2), day(0)), []);
    let within = policy(&[(Rule::NotWithin, 6)]);
    assert_eq!(history::wanted(&within), (MOST, 0));
    let found = history::breaches(&within, &earlier(5), day(0));
    assert_eq!(found, [Breach::Of(Rule::NotWithin, 6)], "replaced 180 days ago");
    assert_eq!(found[0].to_string(), "it must not have been in use within the last 6 months");
    assert_eq!(history::breaches(&within, &earlier(6), day(0)), [], "replaced 210 days ago");
    let like = policy(&[(Rule::NotSimilar, 2)]);
    let mut compared = earlier(9);
    compared[1].similar = true;
    assert_eq!(history::breaches(&like, &compared, day(0)), [Breach::Of(Rule::NotSimilar, 2)]);
    compared[1].similar = false;
    compared[2].similar = true;
    assert_eq!(history::breaches(&like, &compared, day(0)), []);
    // Off, nothing is compared.
    assert_eq!(history::wanted(&policy(&[])), (0, 0));
    let usual = Renewal::default();
    let soon = policy(&[(Rule::MinUse, 10)]);
    assert_eq!(too_soon(&soon, &usual, day(0), day(9)), Some(Breach::Of(Rule::MinUse, 10)));
    assert_eq!(too_soon(&soon, &usual, day(0), day(10)), None);
    // What an account says itself comes first, also that there is no such time.
    let own = Renewal { validity_days: Some(5), warning_days: Some(1), min_use_days: Some(2) };
    assert_eq!(too_soon(&soon, &own, day(0), day(2)), None);
    assert_eq!(too_soon(&soon, &own, day(0), day(1)), Some(Breach::Of(Rule::MinUse, 2)));
    assert_eq!(too_soon(&policy(&[]), &usual, day(0), day(0)), None);
    let valid = policy(&[(Rule::Validity, 90)]);
    assert_eq!(valid.ends(&usual, day(0)), Some(day(90)));
    assert!(valid.is_told(&usual, day(90), day(83)) && !valid.is_told(&usual, day(90), day(82)));
    assert_eq!(policy(&[]).ends(&usual, day(0)), None);
    assert_eq!(policy(&[]).ends(&own, day(0)), Some(day(5)));
    assert!(valid.is_told(&own, day(5), day(4)) && !valid.is_told(&own, day(5), day(3)));
    assert_eq!(valid.ends(&Renewal { validity_days: Some(0), ..usual }, day(0)), None);
}

#[test]
fn what_people_do_to_passwords_is_undone() {
    let of = |new: &str, back| {
        variants(new, back).iter().map(|text| text.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("Summer8!", 1), "Summer6! Summer7! Summer8 Summer9! summer8!");
    assert_eq!(of("Summer8!", 2), "Summer5! Summer7! Summer8 Summer9! summer8!");
    assert_eq!(of("x09", 1), "X09 x0 x07 x08 x10");
    assert_eq!(of("x10", 1), "X10 x1 x11 x8 x9");
    assert_eq!(of("0", 1), "1");
    assert_eq!(of("ä", 3), "Ä");
    assert_eq!(of("", 1), "");
    assert_eq!(of("x99999999999999999999", 1), "X99999999999999999999 x9999999999999999999");
}

// proves: IAM-07
#[test]
fn a_dictionary_has_bounds() {
    let (read, left_out) =
        Dictionary::read("Zug\n\n  Bahnhof \nGleis Drei\nBAHNHOF\nWeiche\n".as_bytes()).unwrap();
    assert_eq!((read.len(), left_out), (2, 2), "what is no word of 4 to 64 characters is left out");
    assert_eq!(read.text(), "bahnhof\nweiche");
    assert_eq!(Dictionary::read(read.text().as_bytes()).unwrap().0, read);
    assert_eq!(Dictionary::read(&vec![b'x'; (1 << 20) + 1]), Err(DictionaryError::Octets((1 << 20) + 1)));
    let many: String = (0..100_001).map(|n| format!("{n:04}\n")).collect();
    assert_eq!(Dictionary::read(many.as_bytes()), Err(DictionaryError::Words));
    assert_eq!(Dictionary::read(b"caf\xe9"), Err(DictionaryError::NotText(3)));
    assert!(Dictionary::default().is_empty());
}

proptest! {
    #[test]
    fn no_password_is_too_odd_to_be_judged(new in "\\PC{0,300}", old in "\\PC{0,300}", name in "[a-z]{0,5}") {
        let all = Rule::ALL.iter().map(|rule| (*rule, Some(true), None)).collect();
        let policy = PasswordPolicy::default().edited(PolicyEdit { rules: all, ..PolicyEdit::default() }).unwrap();
        let person = Person { name: &name, ..BOB };
        let found = broken(&policy, &new, Some(&old), person);
        prop_assert!(found.is_sorted());
        if new.chars().count() < 8 {
            prop_assert!(!found.is_empty());
        }
        for variant in variants(&new, 1) {
            prop_assert!(*variant != new);
        }
    }
}
