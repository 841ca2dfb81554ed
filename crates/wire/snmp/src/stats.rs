//! What was sent, received and dropped.

use std::ops::AddAssign;

/// Counters of one agent, or of all. All count from the start; octets are those of UDP's payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests, without their retransmissions.
    pub requests: u64,
    /// Requests sent again.
    pub retransmits: u64,
    /// Requests given up without an answer.
    pub losses: u64,
    /// Responses accepted.
    pub responses: u64,
    /// Variables in the accepted responses.
    pub variables: u64,
    /// Octets sent.
    pub octets_out: u64,
    /// Octets received.
    pub octets_in: u64,
    /// Engines discovered.
    pub discoveries: u64,
    /// Reports, by kind.
    pub reports: Reports,
    /// Datagrams that were not used, by reason.
    pub dropped: Dropped,
    /// Responses accepted although they came from another address than asked.
    pub from_elsewhere: u64,
}

/// Reports received, by their counter (RFC 3414 section 5, RFC 3412 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reports {
    /// usmStatsUnsupportedSecLevels.
    pub unsupported_sec_levels: u64,
    /// usmStatsNotInTimeWindows.
    pub not_in_time_windows: u64,
    /// usmStatsUnknownUserNames.
    pub unknown_user_names: u64,
    /// usmStatsUnknownEngineIDs.
    pub unknown_engine_ids: u64,
    /// usmStatsWrongDigests.
    pub wrong_digests: u64,
    /// usmStatsDecryptionErrors.
    pub decryption_errors: u64,
    /// snmpUnknownContexts and snmpUnavailableContexts (RFC 3413 section 5).
    pub contexts: u64,
    /// Any other.
    pub other: u64,
}

/// Datagrams dropped, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No SNMP, or bindings that cannot be read.
    pub undecodable: u64,
    /// An answer to nothing that is asked (any more): late, doubled, or made up.
    pub unmatched: u64,
    /// Another community than was asked with.
    pub wrong_community: u64,
    /// A digest that is not the message's (usmStatsWrongDigests).
    pub wrong_digest: u64,
    /// Outside of the time window (usmStatsNotInTimeWindows): a replay, or an engine set back.
    pub not_in_time_window: u64,
    /// Protected less than was asked for (RFC 3412 section 7.2 step 12).
    pub too_low_level: u64,
    /// From another engine, user or context than asked.
    pub wrong_engine: u64,
    /// Could not be decrypted (usmStatsDecryptionErrors).
    pub undecryptable: u64,
}

impl Dropped {
    /// All together.
    pub fn total(&self) -> u64 {
        self.undecodable
            + self.unmatched
            + self.wrong_community
            + self.wrong_digest
            + self.not_in_time_window
            + self.too_low_level
            + self.wrong_engine
            + self.undecryptable
    }
}

impl Reports {
    /// All together.
    pub fn total(&self) -> u64 {
        self.unsupported_sec_levels
            + self.not_in_time_windows
            + self.unknown_user_names
            + self.unknown_engine_ids
            + self.wrong_digests
            + self.decryption_errors
            + self.contexts
            + self.other
    }
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.retransmits += other.retransmits;
        self.losses += other.losses;
        self.responses += other.responses;
        self.variables += other.variables;
        self.octets_out += other.octets_out;
        self.octets_in += other.octets_in;
        self.discoveries += other.discoveries;
        self.from_elsewhere += other.from_elsewhere;
        self.reports.unsupported_sec_levels += other.reports.unsupported_sec_levels;
        self.reports.not_in_time_windows += other.reports.not_in_time_windows;
        self.reports.unknown_user_names += other.reports.unknown_user_names;
        self.reports.unknown_engine_ids += other.reports.unknown_engine_ids;
        self.reports.wrong_digests += other.reports.wrong_digests;
        self.reports.decryption_errors += other.reports.decryption_errors;
        self.reports.contexts += other.reports.contexts;
        self.reports.other += other.reports.other;
        self.dropped.undecodable += other.dropped.undecodable;
        self.dropped.unmatched += other.dropped.unmatched;
        self.dropped.wrong_community += other.dropped.wrong_community;
        self.dropped.wrong_digest += other.dropped.wrong_digest;
        self.dropped.not_in_time_window += other.dropped.not_in_time_window;
        self.dropped.too_low_level += other.dropped.too_low_level;
        self.dropped.wrong_engine += other.dropped.wrong_engine;
        self.dropped.undecryptable += other.dropped.undecryptable;
    }
}
