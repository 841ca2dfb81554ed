//! The chain of cause as people read it: newest first, each cause below its effect.

use jiff::tz::TimeZone;
use netwarden_api::endpoint::Why;

use super::fault::Fault;
use super::session::Printer;
use crate::output::{Cell, Format, Rows, plain};

/// Prints the chain.
pub fn print(out: &Printer, subject: &str, why: &Why) -> Result<(), Fault> {
    match out.format {
        Format::Json => out.json(why),
        Format::Csv => {
            let mut rows = Rows::new(&["at", "stage", "text", "link"]);
            for link in &why.chain {
                rows.push_cells([
                    link.at.into(),
                    Cell::from(&link.stage),
                    Cell::from(&link.text),
                    link.link.clone().into(),
                ]);
            }
            out.write(&rows.to_csv(true)?)
        }
        Format::Table => out.write(&text(subject, why, &out.zone)),
    }
}

fn text(subject: &str, why: &Why, zone: &TimeZone) -> String {
    let mut text = format!("{}: {}\n", plain(subject), plain(&why.access));
    let stages = why.chain.iter().map(|link| link.stage.chars().count()).max().unwrap_or(0);
    for (depth, link) in why.chain.iter().enumerate() {
        let at = Cell::from(link.at).shown(zone);
        let stage = plain(&link.stage.replace('_', " "));
        // Deep chains stay on the screen.
        let indent = "  ".repeat(depth.min(12) + 1);
        text.push_str(&format!("{indent}{at}  {stage:stages$}  {}\n", plain(&link.text)));
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use netwarden_api::endpoint::WhyLink;

    use super::*;

    #[test]
    fn causes_stand_below_their_effects_in_local_time() {
        let link = |stage: &str, text: &str| WhyLink {
            stage: stage.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            text: text.to_owned(),
            link: None,
        };
        let why = Why {
            access: "quarantined in VLAN 666".to_owned(),
            chain: vec![
                link("read_back", "PVID 666 was read"),
                link("sighting", "seen on \u{1b}[2JGi1/0/7\n"),
            ],
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let expected = "Endpoint x: quarantined in VLAN 666\n  \
                        1970-01-01 02:00:00  read back  PVID 666 was read\n    \
                        1970-01-01 02:00:00  sighting   seen on \u{fffd}[2JGi1/0/7 \n";
        assert_eq!(text("Endpoint x", &why, &zone), expected);
    }
}
