//! `netwarden events …`: what happened, and what happens.

use std::time::Duration;

use clap::{Args, Subcommand};
use netwarden_api::ClientError;
use netwarden_api::client::Method;
use netwarden_api::event::Event;
use netwarden_api::sse::Decoder;
use netwarden_model::{EventKind, Mac};

use super::fault::{Fault, failed};
use super::list::{Filters, Paging, Tabular, list, show};
use super::ne;
use super::session::{Printer, ProgressLine, Session};
use super::when::Sense;
use crate::output::{Cell, Format, Rows};

/// From the least on.
const SEVERITIES: [&str; 5] = ["info", "warning", "minor", "major", "critical"];

/// Longest pause before the stream is taken up again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Verbs of events.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists events, newest first.
    List(ListArguments),
    /// Shows one event with everything that was recorded of it.
    Show {
        /// Its place in the log.
        seq: i64,
    },
    /// Prints events as they happen, until Ctrl-C.
    Follow(FollowArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in the kind, and in what names the endpoint or the network element.
    text: Option<String>,
    #[command(flatten)]
    whom: Whom,
    /// From then on: 2026-11-22, '2026-11-22 14:05', RFC 3339, or a span such as 2h.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// Which events.
#[derive(Debug, Args)]
pub struct Whom {
    /// Only of this kind, for instance new_endpoint; can be given several times.
    #[arg(long)]
    kind: Vec<EventKind>,
    /// Only about this endpoint; MAC address in every spelling.
    #[arg(long, alias = "subject")]
    mac: Option<Mac>,
    /// Only of this network element, by name or id.
    #[arg(long)]
    ne: Option<String>,
    /// At least so severe: info, warning, minor, major or critical.
    #[arg(long, value_parser = SEVERITIES)]
    severity: Option<String>,
}

/// What to follow.
#[derive(Debug, Args)]
pub struct FollowArguments {
    #[command(flatten)]
    whom: Whom,
    /// Begin after this place in the log instead of now.
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(arguments) => {
            let time = |text: &Option<String>, sense| {
                text.as_deref().map(|text| session.out.time(text, sense)).transpose()
            };
            let filters = filters(session, arguments.whom)
                .await?
                .with("from", time(&arguments.from, Sense::PastFrom)?)
                .with("until", time(&arguments.until, Sense::PastUntil)?)
                .with("text", arguments.text.clone());
            list::<Event>(session, "/events", filters, &arguments.paging).await
        }
        Verb::Show { seq } => {
            show::<Event>(&session.out, session.client.get(&format!("/events/{seq}"), &[]).await?)
        }
        Verb::Follow(arguments) => follow(session, arguments).await,
    }
}

async fn filters(session: &Session, whom: Whom) -> Result<Filters, Fault> {
    let kinds: Vec<String> = whom.kind.iter().map(ToString::to_string).collect();
    let kinds = (!kinds.is_empty()).then(|| kinds.join(","));
    Ok(Filters::default()
        .with("kind", kinds)
        .with("mac", whom.mac)
        .with("ne", ne::id_of_filter(session, whom.ne).await?)
        .with("severity", whom.severity))
}

async fn follow(session: &Session, arguments: FollowArguments) -> Result<(), Fault> {
    let ne = ne::id_of_filter(session, arguments.whom.ne.clone()).await?;
    let last = arguments.after.map(|after| after.to_string());
    let mut stream = Following { out: &session.out, whom: &arguments.whom, ne, last, printed: 0 };
    let watch = async {
        let mut pause = Duration::from_secs(1);
        let mut was_read = false;
        loop {
            let before = stream.last.clone();
            let ended = read(session, &mut stream).await;
            match ended {
                Ok(()) => was_read = true,
                Err(Fault::Client(ClientError::Unreachable { .. })) if was_read => {}
                // A server that refuses will refuse again.
                Err(fault) => return Err(fault),
            }
            if stream.last != before {
                pause = Duration::from_secs(1);
            }
            let mut line = ProgressLine::new();
            line.show("the stream was interrupted; it is taken up again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    tokio::select! {
        ended = watch => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Reads one connection to its end; a connection that breaks has ended.
async fn read(session: &Session, into: &mut Following<'_>) -> Result<(), Fault> {
    let query: Vec<_> = into.last.iter().map(|last| ("after", last.clone())).collect();
    let mut stream = session.client.request(Method::GET, "/events/stream").query(&query).stream().await?;
    let mut decoder = Decoder::default();
    while let Ok(Some(chunk)) = stream.chunk().await {
        for message in decoder.feed(&chunk).map_err(|error| failed(error.to_string()))? {
            // Words of the stream itself, such as a greeting, are no events.
            let Ok(event) = serde_json::from_str::<Event>(&message.data) else { continue };
            if into.wants(&event) {
                into.print(&event)?;
            }
            into.last = message.id.or_else(|| Some(event.seq.to_string()));
        }
    }
    Ok(())
}

struct Following<'a> {
    out: &'a Printer,
    whom: &'a Whom,
    ne: Option<i64>,
    last: Option<String>,
    printed: u64,
}

impl Following<'_> {
    /// The stream brings everything that the caller may see.
    fn wants(&self, event: &Event) -> bool {
        let Whom { kind, mac, severity, .. } = self.whom;
        (kind.is_empty() || kind.iter().any(|kind| kind.as_str() == event.kind))
            && mac.is_none_or(|mac| event.subject == mac.to_string())
            && self.ne.is_none_or(|ne| event.ne_id == Some(ne))
            && severity.as_deref().is_none_or(|least| rank(&event.severity) >= rank(least))
    }

    fn print(&mut self, event: &Event) -> Result<(), Fault> {
        let is_first = self.printed == 0;
        self.printed += 1;
        match self.out.format {
            Format::Json => self.out.write(&(self.out.json_text(event)? + "\n")),
            Format::Csv => {
                let mut rows = Rows::new(Event::COLUMNS);
                rows.push_cells(event.cells());
                self.out.write(&rows.to_csv(is_first)?)
            }
            Format::Table => {
                let at = Cell::from(event.at).shown(&self.out.zone);
                let (kind, text) = (crate::output::plain(&event.kind), crate::output::plain(&event.text));
                self.out.write(&format!("{at}  {:8}  {kind:20}  {text}\n", event.severity))
            }
        }
    }
}

fn rank(severity: &str) -> Option<usize> {
    SEVERITIES.iter().position(|known| *known == severity)
}

impl Tabular for Event {
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "at",
        "kind",
        "severity",
        "subject",
        "text",
        "outcome",
        "ne id",
        "port",
        "cause",
        "recorded at",
        "details",
        "endpoint",
    ];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.seq.into(),
            self.at.into(),
            Cell::from(&self.kind),
            Cell::from(&self.severity),
            Cell::from(&self.subject),
            Cell::from(&self.text),
            Cell::from(&self.outcome),
            self.ne_id.into(),
            self.port.clone().into(),
            self.cause.clone().into(),
            self.recorded_at.into(),
            Cell::Text(self.details.to_string()),
            self.endpoint.as_ref().map(ToString::to_string).into(),
        ]
    }
}
