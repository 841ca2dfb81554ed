//! A walk of several columns side by side: GETBULK, or GETNEXT for SNMPv1.
//!
//! Columns that end are left out of the requests that follow; a column whose OIDs do not increase is
//! ended there, so that an agent that loops costs one request and no more.

use std::collections::HashMap;

use super::sizing::Sizing;
use super::task::{Failure, Outcome, Step, WalkQuirk, Walked};
use crate::ber::{DecodeError, Reader};
use crate::column::disjoint;
use crate::encode::{EncodeError, Writer};
use crate::pdu::{ErrorStatus, Pdu, PduKind, ValueRef, VarBindRef, encode_pdu};
use crate::{Column, Oid, Value};

/// Rows that a column gets memory for before an answer is read, at most.
const RESERVED_ROWS: usize = 64;

/// What bounds a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalkLimits {
    /// Columns in a request.
    pub max_columns: usize,
    /// Rows of a column.
    pub max_rows: usize,
}

#[derive(Debug)]
struct Progress {
    column: Column,
    /// The prefix as it stands in messages; None where it is too short to stand alone.
    octets: Option<Vec<u8>>,
    ended: bool,
}

/// Why a column is asked for no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing lies behind, or something that is not below.
    Reached,
    NotIncreasing,
    Endless,
}

impl End {
    fn quirk(self, column: &Column, name: &[u32]) -> Option<WalkQuirk> {
        let prefix = column.prefix().clone();
        match self {
            End::Reached => None,
            End::NotIncreasing => Some(WalkQuirk::NotIncreasing { column: prefix, at: Oid::from(name) }),
            End::Endless => Some(WalkQuirk::Endless { column: prefix, rows: column.len() }),
        }
    }
}

impl Progress {
    fn new(prefix: &Oid) -> Self {
        let octets = content_octets(prefix);
        Self { column: Column::new(prefix.clone()), octets, ended: false }
    }

    /// What the next request asks what follows of.
    fn last(&self) -> Oid {
        self.column.prefix().child(self.column.last().unwrap_or_default())
    }

    /// Keeps a binding that is as it mostly is, written where it stays; false, and nothing kept, where it
    /// has to be looked at more closely.
    #[inline]
    fn take_plain(&mut self, binding: &VarBindRef<'_>) -> bool {
        let Some(octets) = self.octets.as_ref().filter(|_| binding.value != ValueRef::EndOfMibView) else {
            return false;
        };
        let length = self.column.prefix().sub_ids().len();
        let read = |sub_ids: &mut Vec<u32>| binding.name.read_below(octets, length, sub_ids);
        let is_after = |before: Option<&[u32]>, index: &[u32]| before.is_none_or(|before| index > before);
        self.column.push_with(read, is_after, binding.value).is_some()
    }

    /// Keeps a binding, or says why the column ends with it. `name` is left with its sub-identifiers
    /// where it ends.
    #[inline]
    fn take(
        &mut self,
        binding: &VarBindRef<'_>,
        max_rows: usize,
        name: &mut Vec<u32>,
    ) -> Result<Option<End>, DecodeError> {
        let has_room = self.column.len() < max_rows && !self.column.is_full();
        if has_room && self.take_plain(binding) {
            return Ok(None);
        }
        binding.name.read_into(name)?;
        if let ValueRef::ObjectId(value) = binding.value {
            value.to_owned()?;
        }
        if matches!(binding.value, ValueRef::EndOfMibView) {
            return Ok(Some(End::Reached));
        }
        if name.as_slice() <= self.last().sub_ids() {
            return Ok(Some(End::NotIncreasing));
        }
        let Some(index) = name.strip_prefix(self.column.prefix().sub_ids()) else {
            return Ok(Some(End::Reached));
        };
        if !has_room || !self.column.push(index, binding.value) {
            return Ok(Some(End::Endless));
        }
        Ok(None)
    }
}

/// An object identifier's content octets; None where it cannot be written or is not whole.
fn content_octets(prefix: &Oid) -> Option<Vec<u8>> {
    if prefix.sub_ids().len() < 2 {
        return None;
    }
    let mut octets = Vec::new();
    let mut writer = Writer::new(&mut octets);
    writer.object_id(prefix.sub_ids()).ok()?;
    writer.finish();
    Reader::new(&octets).element("name").ok().map(|(_, content)| content.rest().to_vec())
}

/// The state of a walk between its requests.
#[derive(Debug)]
pub(crate) struct Walk {
    columns: Vec<Progress>,
    /// Columns in the request under way, by index.
    asked: Vec<usize>,
    repetitions: u32,
    max_columns: usize,
    max_rows: usize,
    bulk: bool,
    quirks: Vec<WalkQuirk>,
    /// Sub-identifiers of the name being read.
    name: Vec<u32>,
    /// Variables taken from the last answer.
    variables: u32,
}

impl Walk {
    pub(crate) fn new(columns: &[Oid], bulk: bool, limits: WalkLimits, sizing: &Sizing) -> Self {
        let columns = columns.iter().map(Progress::new).collect();
        let mut walk = Self {
            columns,
            asked: Vec::new(),
            repetitions: 1,
            max_columns: limits.max_columns.max(1),
            max_rows: limits.max_rows,
            bulk,
            quirks: Vec::new(),
            name: Vec::with_capacity(32),
            variables: 0,
        };
        walk.choose(sizing);
        walk
    }

    /// Which columns the next request asks for, and how often.
    fn choose(&mut self, sizing: &Sizing) {
        self.asked.clear();
        let open = self.columns.iter().enumerate().filter(|(_, column)| !column.ended).map(|(at, _)| at);
        self.asked.extend(open.take(self.max_columns));
        self.repetitions = if self.bulk { sizing.repetitions(self.asked_count()) } else { 1 };
    }

    fn asked_count(&self) -> u32 {
        u32::try_from(self.asked.len()).unwrap_or(u32::MAX)
    }

    /// Variables in the last answer.
    pub(crate) fn variables(&self) -> u32 {
        self.variables
    }

    pub(crate) fn is_done(&self) -> bool {
        self.asked.is_empty()
    }

    /// Before a retransmission: an answer may have been too large for the path.
    pub(crate) fn before_retransmit(&mut self, sizing: &mut Sizing) {
        if self.bulk && self.repetitions > 1 {
            self.repetitions = sizing.shrink(self.asked_count());
        }
    }

    pub(crate) fn encode(&self, request_id: i32, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let repetitions = i32::try_from(self.repetitions).unwrap_or(i32::MAX);
        let (kind, repetitions) =
            if self.bulk { (PduKind::GetBulk, repetitions) } else { (PduKind::GetNext, 0) };
        encode_pdu(writer, kind, request_id, 0, repetitions, |w| {
            let open = self.asked.iter().rev().filter_map(|at| self.columns.get(*at));
            open.into_iter().try_for_each(|column| w.binding(column.last().sub_ids(), &Value::Null))
        })
    }

    pub(crate) fn on_response(&mut self, pdu: &Pdu<'_>, octets: usize, sizing: &mut Sizing) -> Step {
        self.variables = 0;
        match ErrorStatus(pdu.error_status) {
            ErrorStatus::NO_ERROR => self.on_bindings(pdu, octets, sizing),
            ErrorStatus::TOO_BIG => self.on_too_big(sizing),
            // RFC 1157 section 4.1.3: in v1 a column's end; some agents answer v2c's requests so, too.
            ErrorStatus::NO_SUCH_NAME => {
                let at = usize::try_from(pdu.error_index).ok().and_then(|index| index.checked_sub(1));
                match at.and_then(|at| self.asked.get(at)).or(self.asked.first()).copied() {
                    Some(column) => self.end(column),
                    None => return Step::Garbage("noSuchName to an empty request".to_owned()),
                }
                self.next(sizing)
            }
            status => {
                let at = usize::try_from(pdu.error_index).ok().and_then(|index| index.checked_sub(1));
                let column = at.and_then(|at| self.asked.get(at)).or(self.asked.first());
                let oid = column.and_then(|at| self.columns.get(*at)).map(Progress::last);
                Step::Done(Err(Failure::Status { status, oid: oid.unwrap_or_default() }))
            }
        }
    }

    fn on_too_big(&mut self, sizing: &mut Sizing) -> Step {
        if self.repetitions > 1 {
            let max_repetitions = sizing.shrink(self.asked_count());
            self.quirks.push(WalkQuirk::TooBig { max_repetitions });
        } else if self.asked.len() > 1 {
            self.max_columns = (self.asked.len() / 2).max(1);
            self.quirks.push(WalkQuirk::TooBig { max_repetitions: 1 });
        } else {
            let column = self.asked.first().and_then(|at| self.columns.get(*at));
            let oid = column.map(Progress::last).unwrap_or_default();
            return Step::Done(Err(Failure::Status { status: ErrorStatus::TOO_BIG, oid }));
        }
        self.next(sizing)
    }

    fn on_bindings(&mut self, pdu: &Pdu<'_>, octets: usize, sizing: &mut Sizing) -> Step {
        let columns = self.asked.len();
        let most = self.asked_count().saturating_mul(self.repetitions);
        let mut taken = 0_u32;
        let mut progress = false;
        let mut ended = false;
        let mut turn = 0;
        let expected = usize::try_from(self.repetitions).unwrap_or(0).min(RESERVED_ROWS);
        for at in &self.asked {
            if let Some(column) = self.columns.get_mut(*at) {
                column.column.reserve(expected);
            }
        }
        for binding in pdu.bindings {
            if taken >= most {
                break;
            }
            let Some(column) = self.asked.get(turn).and_then(|at| self.columns.get_mut(*at)) else { break };
            if column.ended {
                taken += 1;
                turn = if turn + 1 == columns { 0 } else { turn + 1 };
                continue;
            }
            match binding.and_then(|binding| column.take(&binding, self.max_rows, &mut self.name)) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    column.ended = true;
                    ended = true;
                    self.quirks.extend(end.quirk(&column.column, &self.name));
                }
                // What stands before it is kept; the next request starts right there.
                Err(_) if progress => break,
                Err(error) => return Step::Garbage(error.to_string()),
            }
            taken += 1;
            turn = if turn + 1 == columns { 0 } else { turn + 1 };
            progress = true;
        }
        self.variables = taken;
        if !progress {
            // An agent that cuts its answers down to nothing: ask for less, as after tooBig.
            return if taken == 0 && (self.repetitions > 1 || columns > 1) {
                self.on_too_big(sizing)
            } else {
                Step::Garbage("an answer without variables".to_owned())
            };
        }
        if self.bulk && !ended {
            sizing.answered(most, taken, octets);
        }
        self.rotate(taken);
        self.next(sizing)
    }

    /// Columns that a cut answer did not reach come first in the next request.
    fn rotate(&mut self, taken: u32) {
        let taken = usize::try_from(taken).unwrap_or(usize::MAX);
        if taken >= self.asked.len() {
            return;
        }
        self.max_columns = taken.max(1);
    }

    fn end(&mut self, at: usize) {
        if let Some(column) = self.columns.get_mut(at) {
            column.ended = true;
        }
    }

    fn next(&mut self, sizing: &Sizing) -> Step {
        self.choose(sizing);
        if self.is_done() { Step::Done(Ok(Outcome::Walked(self.finish()))) } else { Step::Again }
    }

    /// What was brought, in the order of names and without repetitions: columns may overlap.
    pub(crate) fn finish(&mut self) -> Walked {
        let columns = std::mem::take(&mut self.columns).into_iter().map(|progress| progress.column);
        let columns = columns.filter(|column| !column.is_empty()).collect();
        Walked { columns: disjoint(columns), quirks: fewer(std::mem::take(&mut self.quirks)) }
    }
}

/// The same quirk met again says nothing new: of every tooBig only the last stays.
fn fewer(quirks: Vec<WalkQuirk>) -> Vec<WalkQuirk> {
    let mut last_too_big = None;
    let mut kept: Vec<WalkQuirk> = Vec::with_capacity(quirks.len());
    let mut seen = HashMap::new();
    for quirk in quirks {
        match &quirk {
            WalkQuirk::TooBig { .. } => last_too_big = Some(quirk),
            WalkQuirk::NotIncreasing { column, .. } | WalkQuirk::Endless { column, .. } => {
                if seen.insert(column.clone(), ()).is_none() {
                    kept.push(quirk);
                }
            }
        }
    }
    kept.extend(last_too_big);
    kept
}
