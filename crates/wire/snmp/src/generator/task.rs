//! What a request asks for, and what its responses mean: GET, SET and walks, over as many messages as
//! they take.

use std::time::Duration;

use super::sizing::Sizing;
use super::walk::Walk;
use crate::encode::{EncodeError, Writer};
use crate::pdu::{ErrorStatus, Pdu, PduKind, encode_bindings, encode_pdu};
use crate::{Column, Oid, Value, VarBind};

/// What an agent is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// The values of these variables, in this order.
    Get(Vec<Oid>),
    /// These values, all in one request.
    Set(Vec<VarBind>),
    /// Everything below these columns or subtrees.
    Walk(Vec<Oid>),
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of GET: in the order asked for. Of SET: what the agent echoed.
    Bindings(Vec<VarBind>),
    /// Of a walk.
    Walked(Walked),
}

/// What a walk brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// What lies below the columns asked for, ordered by name, without repetitions; columns asked for below
    /// another are part of that one.
    pub columns: Vec<Column>,
    /// What was odd about the agent's answers.
    pub quirks: Vec<WalkQuirk>,
}

impl Walked {
    /// All variables, each with its name.
    pub fn bindings(&self) -> impl Iterator<Item = VarBind> {
        self.columns.iter().flat_map(Column::bindings)
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.columns.iter().map(Column::len).sum()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a walk would have brought: for those who stand in for an agent.
impl FromIterator<VarBind> for Walked {
    fn from_iter<I: IntoIterator<Item = VarBind>>(bindings: I) -> Self {
        Self { columns: vec![Column::of(bindings)], quirks: Vec::new() }
    }
}

/// Oddities of an agent that a walk met and survived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkQuirk {
    /// A column's OIDs did not increase: its walk was ended there.
    NotIncreasing {
        /// The column.
        column: Oid,
        /// The OID that came out of order.
        at: Oid,
    },
    /// The agent answered tooBig: max-repetitions was lowered to this.
    TooBig {
        /// Repetitions from then on.
        max_repetitions: u32,
    },
    /// A column had more rows than the limit: its walk was ended there.
    Endless {
        /// The column.
        column: Oid,
        /// Rows read.
        rows: usize,
    },
}

/// Why an operation came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No answer to any transmission.
    #[error("no answer after {attempts} attempts of {} ms", timeout.as_millis())]
    Timeout {
        /// Datagrams sent.
        attempts: u32,
        /// Time given to each at most.
        timeout: Duration,
    },
    /// A Report that refuses the user, the digest, the level or the context.
    #[error("{0}")]
    Security(SecurityReport),
    /// A Response with an error status.
    #[error("{status} at {oid}")]
    Status {
        /// The status.
        status: ErrorStatus,
        /// The variable that error-index points at; empty where it points at none.
        oid: Oid,
    },
    /// Answers that are no SNMP, or not what was asked for.
    #[error("unreadable answer: {0}")]
    Garbage(String),
    /// The request cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The datagram could not be sent.
    #[error("could not be sent: {0}")]
    Unsendable(String),
    /// The agent was removed while the operation was under way.
    #[error("given up because the session was closed")]
    Closed,
}

/// Reports that refuse a request (RFC 3414 section 5, RFC 3412 section 5, RFC 3413 section 5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityReport {
    /// usmStatsUnsupportedSecLevels.
    #[error("the agent does not offer this user the security level asked for (usmStatsUnsupportedSecLevels)")]
    UnsupportedSecLevel,
    /// usmStatsNotInTimeWindows, again after resynchronisation.
    #[error("the agent refuses our notion of its time (usmStatsNotInTimeWindows)")]
    NotInTimeWindow,
    /// usmStatsUnknownUserNames.
    #[error("the agent does not know the user name (usmStatsUnknownUserNames)")]
    UnknownUserName,
    /// usmStatsUnknownEngineIDs, again after discovery.
    #[error("the agent refuses the engine id that it gave (usmStatsUnknownEngineIDs)")]
    UnknownEngineId,
    /// usmStatsWrongDigests.
    #[error("the agent refuses the digest: wrong authentication password or protocol (usmStatsWrongDigests)")]
    WrongDigest,
    /// usmStatsDecryptionErrors.
    #[error("the agent cannot decrypt: wrong privacy password or protocol (usmStatsDecryptionErrors)")]
    DecryptionError,
    /// snmpUnknownContexts, snmpUnavailableContexts.
    #[error("the agent does not have the context asked for (snmpUnknownContexts)")]
    UnknownContext,
    /// Any other.
    #[error("the agent refuses with a report of {0}")]
    Other(Oid),
}

/// What to do after a response.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send the next request.
    Again,
    /// The operation is over.
    Done(Result<Outcome, Failure>),
    /// The response cannot be used: another one may do.
    Garbage(String),
}

/// An operation under way.
#[derive(Debug)]
pub(crate) enum Task {
    Get(Get),
    Set(Set),
    Walk(Walk),
    /// Discovery of the agent's engine (RFC 3414 section 4): answered by a Report alone.
    Discovery,
}

impl Task {
    pub(crate) fn encode(&self, request_id: i32, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Task::Get(get) => get.encode(request_id, writer),
            Task::Set(set) => {
                encode_pdu(writer, PduKind::Set, request_id, 0, 0, |w| encode_bindings(w, &set.bindings))
            }
            Task::Walk(walk) => walk.encode(request_id, writer),
            Task::Discovery => encode_pdu(writer, PduKind::Get, request_id, 0, 0, |_| Ok(())),
        }
    }

    pub(crate) fn on_response(&mut self, pdu: &Pdu<'_>, octets: usize, sizing: &mut Sizing) -> Step {
        match self {
            Task::Get(get) => get.on_response(pdu),
            Task::Set(set) => set.on_response(pdu),
            Task::Walk(walk) => walk.on_response(pdu, octets, sizing),
            Task::Discovery => Step::Garbage("a response to discovery, which asks for a report".to_owned()),
        }
    }
}

/// GET of any number of variables.
#[derive(Debug)]
pub(crate) struct Get {
    oids: Vec<Oid>,
    values: Vec<Option<VarBind>>,
    /// Which of them the request under way asks for.
    asked: Vec<usize>,
    per_request: usize,
    name: Vec<u32>,
}

impl Get {
    pub(crate) fn new(oids: Vec<Oid>, per_request: usize) -> Self {
        let values = vec![None; oids.len()];
        let mut get =
            Self { oids, values, asked: Vec::new(), per_request: per_request.max(1), name: Vec::new() };
        get.choose();
        get
    }

    fn choose(&mut self) {
        self.asked.clear();
        let open = self.values.iter().enumerate().filter(|(_, value)| value.is_none()).map(|(at, _)| at);
        self.asked.extend(open.take(self.per_request));
    }

    pub(crate) fn is_done(&self) -> bool {
        self.asked.is_empty()
    }

    fn encode(&self, request_id: i32, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        encode_pdu(writer, PduKind::Get, request_id, 0, 0, |w| {
            let mut oids = self.asked.iter().rev().filter_map(|at| self.oids.get(*at));
            oids.try_for_each(|oid| w.binding(oid.sub_ids(), &Value::Null))
        })
    }

    fn asked_oid(&self, error_index: i32) -> Option<(usize, Oid)> {
        let index = usize::try_from(error_index).ok()?.checked_sub(1)?;
        let at = *self.asked.get(index)?;
        Some((at, self.oids.get(at)?.clone()))
    }

    fn on_response(&mut self, pdu: &Pdu<'_>) -> Step {
        match ErrorStatus(pdu.error_status) {
            ErrorStatus::NO_ERROR => {}
            ErrorStatus::TOO_BIG if self.asked.len() > 1 => {
                self.per_request = (self.asked.len() / 2).max(1);
                return self.next();
            }
            // RFC 1157 section 4.1.2: v1 refuses the whole request for one variable it lacks.
            ErrorStatus::NO_SUCH_NAME => {
                let only = if self.asked.len() == 1 { 1 } else { pdu.error_index };
                let Some((at, oid)) = self.asked_oid(only) else {
                    return Step::Garbage(format!("noSuchName with error-index {}", pdu.error_index));
                };
                if let Some(value) = self.values.get_mut(at) {
                    *value = Some(VarBind::new(oid, Value::NoSuchObject));
                }
                return self.next();
            }
            status => {
                let oid = self.asked_oid(pdu.error_index).map(|(_, oid)| oid).unwrap_or_default();
                return Step::Done(Err(Failure::Status { status, oid }));
            }
        }
        let mut read = 0;
        for (at, binding) in self.asked.iter().zip(pdu.bindings) {
            let binding = match binding.and_then(|binding| {
                binding.name.read_into(&mut self.name)?;
                Ok((binding, binding.value.to_owned()?))
            }) {
                Ok((_, value)) => value,
                Err(_) if read > 0 => break,
                Err(error) => return Step::Garbage(error.to_string()),
            };
            let (Some(oid), Some(place)) = (self.oids.get(*at), self.values.get_mut(*at)) else { break };
            if oid.sub_ids() != self.name {
                let answered = Oid::from(self.name.as_slice());
                return Step::Garbage(format!("{answered} where {oid} was asked for"));
            }
            *place = Some(VarBind::new(oid.clone(), binding));
            read += 1;
        }
        if read == 0 {
            return Step::Garbage("an answer without variables".to_owned());
        }
        self.next()
    }

    fn next(&mut self) -> Step {
        self.choose();
        if self.is_done() { Step::Done(Ok(self.finish())) } else { Step::Again }
    }

    pub(crate) fn finish(&mut self) -> Outcome {
        Outcome::Bindings(std::mem::take(&mut self.values).into_iter().flatten().collect())
    }
}

/// SET of all bindings in one request.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) bindings: Vec<VarBind>,
}

impl Set {
    fn on_response(&mut self, pdu: &Pdu<'_>) -> Step {
        let status = ErrorStatus(pdu.error_status);
        if status != ErrorStatus::NO_ERROR {
            let index = usize::try_from(pdu.error_index).ok().and_then(|index| index.checked_sub(1));
            let binding = index.and_then(|index| self.bindings.get(index));
            let oid = binding.map(|binding| binding.oid.clone()).unwrap_or_default();
            return Step::Done(Err(Failure::Status { status, oid }));
        }
        match pdu.bindings.to_owned() {
            Ok(bindings) => Step::Done(Ok(Outcome::Bindings(bindings))),
            Err(error) => Step::Garbage(error.to_string()),
        }
    }
}
