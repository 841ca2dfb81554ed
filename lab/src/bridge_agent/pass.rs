//! net-snmp's pass_persist protocol (snmpd.conf(5), "Arbitrary Extension Commands").

use std::io::{BufRead, Write};

use crate::bridge::Bridge;
use crate::mib::{Oid, Value};

/// Answers until snmpd closes standard input.
pub fn serve(mut bridge: Bridge) -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let mut out = std::io::stdout().lock();
    while let Some(command) = lines.next().transpose()? {
        let answer = match command.trim() {
            // snmpd ends the value of a SET with a blank line. To end here would lose the sets that a move
            // has changed so far, and the next request with them.
            "" => continue,
            "PING" => "PONG\n".to_owned(),
            word @ ("get" | "getnext") => {
                let oid = parse_oid(&lines.next().transpose()?.unwrap_or_default());
                let found = match word {
                    "get" => bridge.get(&oid).map(|value| (oid, value)),
                    _ => bridge.next(&oid),
                };
                found.map_or_else(|| "NONE\n".to_owned(), |(oid, value)| format_answer(&oid, &value))
            }
            "set" => {
                let oid = parse_oid(&lines.next().transpose()?.unwrap_or_default());
                let value = parse_value(&lines.next().transpose()?.unwrap_or_default());
                let done = value.ok_or("wrong-type").and_then(|value| bridge.set(&oid, &value));
                done.map_or_else(|error| format!("{error}\n"), |()| "DONE\n".to_owned())
            }
            // snmpd tells nobody what it could not be answered.
            _ => "NONE\n".to_owned(),
        };
        out.write_all(answer.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn parse_oid(text: &str) -> Oid {
    text.trim().trim_start_matches('.').split('.').filter_map(|part| part.parse().ok()).collect()
}

fn format_answer(oid: &Oid, value: &Value) -> String {
    let name: String = oid.iter().map(|part| format!(".{part}")).collect();
    let (kind, text) = match value {
        Value::Integer(number) => ("integer", number.to_string()),
        Value::Gauge(number) => ("gauge", number.to_string()),
        Value::Octets(octets) => {
            ("octet", octets.iter().map(|o| format!("{o:02x}")).collect::<Vec<_>>().join(" "))
        }
    };
    format!("{name}\n{kind}\n{text}\n")
}

/// A value as snmpd passes it to SET: `integer 3`, `unsigned 3`, `octet "80 00"`, `string "text"`.
fn parse_value(line: &str) -> Option<Value> {
    let (kind, text) = line.trim().split_once(' ')?;
    let text = text.trim();
    let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    Some(match kind {
        "integer" => Value::Integer(text.parse().ok()?),
        "unsigned" | "gauge" | "counter" => Value::Gauge(text.parse().ok()?),
        "octet" => Value::Octets(
            quoted.split_whitespace().map(|o| u8::from_str_radix(o, 16).ok()).collect::<Option<_>>()?,
        ),
        "string" => Value::Octets(quoted.as_bytes().to_vec()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_set() {
        assert_eq!(parse_value("unsigned 666"), Some(Value::Gauge(666)));
        assert_eq!(parse_value("octet \"80 01\""), Some(Value::Octets(vec![0x80, 1])));
        assert_eq!(parse_value("string \"@\""), Some(Value::Octets(b"@".to_vec())));
        assert_eq!(parse_value("objectid .1.3"), None);
    }

    #[test]
    fn answers_have_three_lines() {
        assert_eq!(format_answer(&vec![1, 3], &Value::Octets(vec![0x0a, 0])), ".1.3\noctet\n0a 00\n");
        assert_eq!(parse_oid(".1.3.6"), vec![1, 3, 6]);
    }
}
