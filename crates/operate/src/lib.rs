//! Every operation of the product once: decide → record → transaction → request.
//!
//! At the end of the flow's inner part: pages, REST and the command line call it, and nothing else
//! changes anything. Each operation begins with [`Desk::permit`], which decides and records a refusal,
//! and ends with its record in the transaction of its change. It knows no HTTP and no command line.

mod access;
mod accounts;
mod backups;
mod blocklist;
mod caller;
mod causes;
mod channels;
mod charts;
mod credentials;
mod desk;
mod detail;
mod discovery;
mod domains;
mod drafts;
mod elements;
mod endpoints;
mod error;
mod events;
mod factors;
mod groups;
mod happened;
mod held;
mod imports;
mod intake;
mod jobs;
mod keys;
mod lifecycle;
mod listed_devices;
mod lists;
mod login_policies;
mod measure;
mod names;
mod online;
pub mod parameters;
mod passkeys;
mod passwords;
mod people;
mod ports;
mod refusals;
mod roles;
mod rules;
pub mod said;
mod sessions;
mod sql;
mod statistics;
mod system;
mod tenants;
mod tokens;
mod topology;
mod trail;
mod unused;
mod user_import;
mod version;
mod why;

pub use accounts::{AccountEdit, account_version};
pub use backups::Backup;
pub use blocklist::BlockWish;
pub use caller::{Caller, Permit};
pub use causes::Causes;
pub use channels::{
    ChannelDefinition, ChannelTest, ChannelWish, CommandChannel, MailChannel, MailSecurity, Outside,
    StoredChannel, SyslogChannel, SyslogTransport, WebhookChannel, load_channels,
};
pub use charts::{MOST_CHARTS, USUAL_CHARTS};
pub use credentials::{CredentialWish, credential_version, order_version};
pub use desk::{Desk, Inner};
pub use detail::{ElementDetail, NeighbourOn, PollsOf, PreflightReport, VlanOn};
pub use discovery::Search;
pub use domains::{DomainWish, Placing, ShownDomain, domain_version};
pub use drafts::Examined;
pub use elements::{ElementEdit, ElementWish, ScheduleEdit, ShownElement};
pub use endpoints::{Authorisation, Candidate};
pub use error::OperateError;
pub use factors::BegunFactor;
pub use groups::{GroupEdit, ShownGroup};
pub use happened::event_text;
pub use held::ShownParameter;
pub use imports::ImportOutcome;
pub use jobs::{Job, Jobs, State as JobState};
pub use keys::KeyLayer;
pub use lifecycle::{Turn, first_start, record_audit_turn, record_parts_turn};
pub use lists::{Counted, ListWish, ShownEndpoint, ShownPort, port_ref, vlan};
pub use login_policies::{LoginPolicyWish, login_policy_version};
pub use measure::{Measured, PartHealth, PartState, Sample};
pub use names::{NameSourceEdit, NameSourceWish, ShownNameSource, Taken, name_source_kinds};
pub use netwarden_audit::{ListedRecord, Value as AuditValue};
pub use netwarden_collect::preflight::{Obstacle, Preflight};
pub use netwarden_engine::SentLeases;
pub use netwarden_identity::{
    Factor, ListedEntry, ListedLogin, ListedSession, LoginPolicy, Notice, PolicyKind,
};
pub use netwarden_inventory::Posture;
pub use netwarden_inventory::baseline::{BaselineEntry, BaselineFilter};
pub use netwarden_inventory::edit::{EndpointEdit, PortEdit};
pub use netwarden_inventory::sql::{Group, NameView, Where};
pub use netwarden_inventory::{End, Joint, Link as NetworkLink, MaintenanceWindow, RoleOverride};
pub use netwarden_names::{Lease, LeaseState};
pub use netwarden_rules::properties::{Choice, Description as PropertyDescription, PROPERTIES, PropertyType};
pub use netwarden_rules::rehearse::{Effect, MAX_LISTED, Report as RehearsalReport, RuleReport};
pub use netwarden_rules::sql::{ListedRule, Revision as WrittenRevision};
pub use netwarden_rules::{
    ConditionError, Day, Destination, FUNCTIONS, Period, Reaction, Rule, RuleError, RulePart, Schedule,
};
pub use netwarden_store::{Count, Listed};
pub use netwarden_vault::CredentialEntry;
pub use online::{Doing, Online};
pub use parameters::AccessLimits;
pub use passwords::{MOST_DICTIONARY_OCTETS, ShownPasswords, ShownRule};
pub use people::{NewAccount, Opened, Origin};
pub use ports::PortWish;
pub use refusals::Refusals;
pub use roles::{Holder, Right, RoleEdit, RoleWish, ShownRole, role_version};
pub use rules::report_of;
pub use said::Said;
pub use sql::{MIGRATIONS, SCHEMA};
pub use statistics::{Point, Seen, Series, keep_statistics, series};
pub use system::{
    Standing, Status, count_engine_start, inventory_settings, load_parameters, parameter_version,
    record_exceptions,
};
pub use tenants::{TenantEdit, TenantWish, tenant_version};
pub use tokens::{ListedToken, TokenFor};
pub use topology::{MappedElement, Topology};
pub use trail::Export;
pub use unused::keep_accounts;
pub use user_import::{ImportedUsers, MOST_ACCOUNTS, user_rows};
pub use version::Version;
pub use why::{Link, Stage, Target, Why};
