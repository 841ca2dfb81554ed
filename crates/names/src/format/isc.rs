//! `dhcpd.leases` and `dhcpd6.leases` of ISC dhcpd (dhcpd.leases(5)).
//!
//! The file is a log: a lease that stands there again replaces the earlier one. What the server writes at
//! this very moment may be cut off; the entry that is not whole is dropped and read the next time.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use netwarden_model::Mac;

use super::hex;
use crate::lease::{Gathered, Lease, LeaseState, Parsed};

/// Blocks within blocks: a lease, its `on` statements and their branches.
const DEEPEST: usize = 8;

/// Words of a statement, at most; `set ddns-client-fqdn` and agent options have a few.
const LONGEST: usize = 256;

/// Reads lease files, the oldest first.
pub fn parse(files: &[&[u8]]) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        let mut lexer = Lexer { octets: file, at: 0, line: before + 1 };
        loop {
            match statement(&mut lexer, 0) {
                Ok(Some(statement)) => top(&statement, &mut gathered),
                Ok(None) => break,
                Err((line, reason)) => {
                    gathered.drop_row(line, reason);
                    lexer.resynchronise();
                }
            }
        }
        before = lexer.line;
    }
    gathered.finish()
}

#[derive(Debug)]
enum Token {
    Word(String),
    Text(Vec<u8>),
    Open,
    Close,
    End,
}

struct Lexer<'f> {
    octets: &'f [u8],
    at: usize,
    line: u64,
}

type Fault = (u64, String);

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        if octet == b'\n' {
            self.line += 1;
        }
        Some(octet)
    }

    fn token(&mut self) -> Result<Option<Token>, Fault> {
        while let Some(octet) = self.peek() {
            match octet {
                b'#' => {
                    while self.peek().is_some_and(|octet| octet != b'\n') {
                        self.step();
                    }
                }
                _ if octet.is_ascii_whitespace() => {
                    self.step();
                }
                b'{' => return self.one(Token::Open),
                b'}' => return self.one(Token::Close),
                b';' => return self.one(Token::End),
                b'"' => return self.text().map(Some),
                b'=' | b',' => return self.one(Token::Word(char::from(octet).to_string())),
                _ => return Ok(Some(self.word())),
            }
        }
        Ok(None)
    }

    fn one(&mut self, token: Token) -> Result<Option<Token>, Fault> {
        self.step();
        Ok(Some(token))
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while let Some(octet) = self.peek() {
            if octet.is_ascii_whitespace() || b"{};\"=,#".contains(&octet) {
                break;
            }
            self.at += 1;
        }
        Token::Word(String::from_utf8_lossy(self.octets.get(start..self.at).unwrap_or_default()).into_owned())
    }

    /// A string with the escapes that dhcpd writes and reads: octal, hexadecimal, and letters.
    fn text(&mut self) -> Result<Token, Fault> {
        let line = self.line;
        self.step();
        let mut text = Vec::new();
        loop {
            match self.peek() {
                None | Some(b'\n') => return Err((line, "a text has no end".to_owned())),
                Some(b'"') => {
                    self.step();
                    return Ok(Token::Text(text));
                }
                Some(b'\\') => {
                    self.step();
                    text.push(self.escaped().ok_or((line, "a text ends within an escape".to_owned()))?);
                }
                Some(octet) => {
                    self.step();
                    text.push(octet);
                }
            }
        }
    }

    fn escaped(&mut self) -> Option<u8> {
        let digits = |lexer: &mut Self, radix: u32, most: usize| {
            let mut value = 0u32;
            for _ in 0..most {
                let Some(digit) = lexer.peek().and_then(|octet| char::from(octet).to_digit(radix)) else {
                    break;
                };
                value = value * radix + digit;
                lexer.step();
            }
            u8::try_from(value & 0xff).unwrap_or(0)
        };
        match self.peek()? {
            b'0'..=b'7' => Some(digits(self, 8, 3)),
            b'x' => {
                self.step();
                Some(digits(self, 16, 2))
            }
            b'\n' => None,
            letter => {
                self.step();
                Some(match letter {
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'b' => 8,
                    other => other,
                })
            }
        }
    }

    /// Goes on at the next line that begins with a letter: dhcpd begins every entry so, and indents what
    /// is inside.
    fn resynchronise(&mut self) {
        while let Some(octet) = self.step() {
            if octet == b'\n' && self.peek().is_some_and(|next| next.is_ascii_alphabetic()) {
                return;
            }
        }
    }
}

#[derive(Debug)]
struct Statement {
    line: u64,
    words: Vec<Token>,
    block: Vec<Statement>,
}

impl Statement {
    fn word(&self, place: usize) -> &str {
        match self.words.get(place) {
            Some(Token::Word(word)) => word,
            _ => "",
        }
    }

    fn text(&self, place: usize) -> Option<&[u8]> {
        match self.words.get(place) {
            Some(Token::Text(text)) => Some(text),
            Some(Token::Word(word)) => Some(word.as_bytes()),
            _ => None,
        }
    }
}

/// The next statement; None at the end of the file or of the block.
fn statement(lexer: &mut Lexer, depth: usize) -> Result<Option<Statement>, Fault> {
    let mut found = Statement { line: 0, words: Vec::new(), block: Vec::new() };
    let cut = |line| (line, "the file ends within this entry".to_owned());
    loop {
        let token = lexer.token()?;
        if found.line == 0 {
            found.line = lexer.line;
        }
        match token {
            None if found.words.is_empty() && depth == 0 => return Ok(None),
            None => return Err(cut(found.line)),
            Some(Token::End) if found.words.is_empty() => {}
            Some(Token::End) => return Ok(Some(found)),
            Some(Token::Close) if depth > 0 && found.words.is_empty() => return Ok(None),
            Some(Token::Close) => {
                return Err((lexer.line, "a closing brace where none belongs".to_owned()));
            }
            Some(Token::Open) if depth >= DEEPEST => {
                return Err((lexer.line, "blocks are nested too deep".to_owned()));
            }
            Some(Token::Open) => {
                while let Some(inner) = statement(lexer, depth + 1)? {
                    found.block.push(inner);
                }
                return Ok(Some(found));
            }
            Some(_) if found.words.len() >= LONGEST => {
                return Err((lexer.line, "a statement has too many words".to_owned()));
            }
            Some(token) => found.words.push(token),
        }
    }
}

/// Leases are taken; what else stands in the file (failover states, hosts, the server's DUID) has no
/// client's name.
fn top(entry: &Statement, gathered: &mut Gathered) {
    match entry.word(0) {
        "lease" => match lease(entry) {
            Ok((lease, odd)) => {
                odd.into_iter().for_each(|(line, reason)| gathered.drop_row(line, reason));
                gathered.put(lease);
            }
            Err((line, reason)) => gathered.drop_row(line, reason),
        },
        "ia-na" | "ia-ta" => association(entry, gathered),
        _ => {}
    }
}

fn lease(entry: &Statement) -> Result<(Lease, Vec<Fault>), Fault> {
    let ip = entry.word(1);
    let ip = ip.parse::<IpAddr>().map_err(|_| (entry.line, format!("'{}' is no address", cut(ip))))?;
    let mut lease = Lease::new(ip, LeaseState::Free);
    let mut odd = Vec::new();
    let mut told = false;
    for inner in &entry.block {
        match (inner.word(0), inner.word(1)) {
            ("starts", _) => lease.starts = time(inner),
            ("ends", _) => lease.ends = time(inner),
            ("binding", "state") => {
                told = true;
                lease.state = state(inner.word(2));
            }
            ("hardware", "ethernet") => match inner.word(2).parse::<Mac>() {
                Ok(mac) => lease.mac = Some(mac),
                Err(error) => odd.push((inner.line, error.to_string())),
            },
            ("uid", _) => lease.client_id = inner.text(1).and_then(hex),
            ("client-hostname" | "hostname", _) => {
                let name = String::from_utf8_lossy(inner.text(1).unwrap_or_default());
                if let Err(reason) = lease.take_name(&name) {
                    odd.push((inner.line, reason));
                }
            }
            ("reserved", _) => lease.state = LeaseState::Reserved,
            // Leases that dhcpd 2 wrote have words instead of states.
            ("abandoned", _) => lease.state = LeaseState::Declined,
            _ => {}
        }
    }
    if !told && lease.state == LeaseState::Free && lease.mac.is_some() {
        lease.state = LeaseState::Active;
    }
    Ok((lease, odd))
}

/// An identity association: its text is the IAID and the client's DUID (RFC 8415 section 6.2, 11).
fn association(entry: &Statement, gathered: &mut Gathered) {
    let key = entry.text(1).unwrap_or_default();
    let duid = key.get(4..).and_then(hex);
    if duid.is_none() {
        gathered.drop_row(entry.line, "the identity association has no DUID");
        return;
    }
    let started = entry.block.iter().find(|inner| inner.word(0) == "cltt").and_then(time);
    for address in entry.block.iter().filter(|inner| inner.word(0) == "iaaddr") {
        let Ok(ip) = address.word(1).parse::<IpAddr>() else {
            gathered.drop_row(address.line, format!("'{}' is no address", cut(address.word(1))));
            continue;
        };
        let mut lease = Lease::new(ip, LeaseState::Free);
        lease.client_id.clone_from(&duid);
        lease.starts = started;
        for inner in &address.block {
            match (inner.word(0), inner.word(1)) {
                ("binding", "state") => lease.state = state(inner.word(2)),
                ("ends", _) => lease.ends = time(inner),
                // The name that dhcpd put into DNS for the client.
                ("set", "ddns-fwd-name" | "ddns-client-fqdn") if inner.word(2) == "=" => {
                    let name = String::from_utf8_lossy(inner.text(3).unwrap_or_default());
                    if let Err(reason) = lease.take_name(&name) {
                        gathered.drop_row(inner.line, reason);
                    }
                }
                _ => {}
            }
        }
        gathered.put(lease);
    }
}

fn state(word: &str) -> LeaseState {
    match word {
        "active" => LeaseState::Active,
        "expired" => LeaseState::Expired,
        "released" => LeaseState::Released,
        "abandoned" => LeaseState::Declined,
        // `reset` is a lease that an operator wants to be free; `backup` is the failover peer's to give.
        _ => LeaseState::Free,
    }
}

/// `starts 3 2026/11/18 10:00:00;` in UTC, `starts epoch 1795082400;`, or `never`.
fn time(statement: &Statement) -> Option<Timestamp> {
    if statement.word(1) == "epoch" {
        return Timestamp::from_second(statement.word(2).parse().ok()?).ok();
    }
    let (day, clock) = (statement.word(2), statement.word(3));
    let at: DateTime = format!("{}T{clock}", day.replace('/', "-")).parse().ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn cut(word: &str) -> String {
    word.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
failover peer "pair" state {
  my state normal at 3 2026/11/18 09:00:00;
  partner state normal at 3 2026/11/18 09:00:01;
}
server-duid "\000\001\000\001/\322";
lease 10.0.0.17 {
  starts 3 2026/11/18 10:00:00;
  ends 3 2026/11/18 22:00:00;
  binding state active;
  hardware ethernet 00:1b:21:3a:4f:5e;
  client-hostname "old-name";
}
lease 10.0.0.18 {
  starts 3 2026/11/18 10:00:00;
  ends never;
  tstp 3 2026/11/18 10:00:00;
  cltt 3 2026/11/18 10:00:00;
  binding state active;
  next binding state expired;
  hardware ethernet 00:1b:21:3a:4f:60;
  uid "\001\000\033!:O`\"\\;{";
  set vendor-class-identifier = "MSFT 5.0";
  set ddns-fwd-name = "x.example.net";
  client-hostname "caf\303\251.example.net";
  on release { if known { set a = "}"; } }
}
lease 10.0.0.17 {
  starts epoch 1795168800; # Thu Nov 19 2026
  ends epoch 1795212000; # Thu Nov 19 2026
  binding state free;
  hardware ethernet 00:1b:21:3a:4f:5e;
  client-hostname "new-name";
}
lease 10.0.0.19 { binding state backup; }
lease 10.0.0.20 { binding state abandoned; client-hostname "bad\033[31m"; hardware ethernet zz; }
ia-na "\004\003\002\001\000\003\000\001\000\033!:Oa" {
  cltt 3 2026/11/18 10:00:00;
  iaaddr 2001:db8::17 {
    binding state active;
    preferred-life 375;
    max-life 600;
    ends 3 2026/11/18 10:10:00;
    set ddns-client-fqdn = "pc6.example.net";
  }
}
lease 10.0.0.300 {
  binding state active;
}
lease 10.0.0.21 {
  binding state active;
  hardware ethernet 00:1b:21:3a:4f:62;
"#;

    #[test]
    fn later_entries_replace_earlier_ones_and_escapes_are_read() {
        let parsed = parse(&[FILE.as_bytes()]);
        let by = |ip: &str| parsed.leases.iter().find(|lease| lease.ip == ip.parse::<IpAddr>().unwrap());
        let lease = by("10.0.0.17").unwrap();
        assert_eq!(lease.host_name.as_deref(), Some("new-name"));
        assert_eq!(lease.state, LeaseState::Free);
        assert_eq!(lease.starts, Timestamp::from_second(1_795_168_800).ok());
        let lease = by("10.0.0.18").unwrap();
        assert_eq!(lease.host_name.as_deref(), Some("café"));
        assert_eq!(lease.domain.as_deref(), Some("example.net"));
        assert_eq!(lease.client_id.as_deref(), Some("01:00:1b:21:3a:4f:60:22:5c:3b:7b"));
        assert_eq!(lease.mac, "00:1b:21:3a:4f:60".parse().ok());
        assert_eq!(lease.starts.map(|at| at.to_string()).as_deref(), Some("2026-11-18T10:00:00Z"));
        assert_eq!((lease.ends, lease.state), (None, LeaseState::Active));
        assert_eq!(by("10.0.0.19").unwrap().state, LeaseState::Free);
        let lease = by("10.0.0.20").unwrap();
        assert_eq!((lease.state, &lease.host_name, lease.mac), (LeaseState::Declined, &None, None));
        let lease = by("2001:db8::17").unwrap();
        assert_eq!(lease.client_id.as_deref(), Some("00:03:00:01:00:1b:21:3a:4f:61"));
        assert_eq!(lease.host_name.as_deref(), Some("pc6"));
        assert!(by("10.0.0.21").is_none());
        let lines: Vec<u64> = parsed.dropped.iter().map(|dropped| dropped.line).collect();
        assert_eq!(lines.len(), 4, "{:?}", parsed.dropped);
        assert!(parsed.dropped.iter().any(|dropped| dropped.reason.contains("10.0.0.300")));
        assert!(parsed.dropped.last().unwrap().reason.contains("ends within"), "{:?}", parsed.dropped);
    }

    #[test]
    fn one_broken_entry_leaves_the_others() {
        let file = "lease 10.0.0.1 {\n  client-hostname \"no end\n}\nlease 10.0.0.2 {\n  binding state active;\n}\n}\nlease 10.0.0.3 {\n  binding state active;\n}\n";
        let parsed = parse(&[file.as_bytes()]);
        let ips: Vec<String> = parsed.leases.iter().map(|lease| lease.ip.to_string()).collect();
        assert_eq!(ips, ["10.0.0.2", "10.0.0.3"]);
        assert_eq!(parsed.dropped.iter().map(|dropped| dropped.line).collect::<Vec<_>>(), [2, 7]);
    }

    #[test]
    fn depth_has_an_end() {
        let deep = format!("lease 10.0.0.1 {}", "{ a ".repeat(10_000));
        assert!(parse(&[deep.as_bytes()]).dropped.iter().any(|dropped| dropped.reason.contains("nested")));
    }
}
