//! The table of sentences: a name with what stands in it, its key in catalogues, and its English.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::{EventSeq, IfIndex, Mac, NeId, PortName, RuleId, RuleRevision, VlanId};
use uuid::Uuid;

use super::{Clause, Named, Thing, Value, Word};

sentences! {
    // What others are made of.
    Plain { text: String } = "said-plain", "{text}";
    Noted { said: Clause, note: String } = "said-noted", "{said}: {note}";
    Element { ne: NeId } = "said-element", "NE {ne}";
    Part { part: Word } = "said-part", "{part}";
    PortOf { ne: Clause, port: PortName } = "said-port-of", "{ne} port {port}";
    InVlan { place: Clause, vlan: VlanId } = "said-in-vlan", "{place} in VLAN {vlan}";
    At { what: Clause, place: Clause } = "said-at", "{what} on {place}";
    WithStatus { what: Clause, status: Word } = "said-with-status", "{what} ({status})";
    Called { thing: Thing, id: String } = "said-called", "{thing} {id}";
    PortOfElement { port: PortName, ne: NeId } = "said-port-of-element", "port {port} of network element {ne}";

    // What is wanted of a port, and how far it is.
    Moved { vlan: VlanId } = "said-moved", "moved to VLAN {vlan}";
    Shut = "said-shut", "shut";
    SwitchedOn = "said-switched-on", "switched on";
    ToBe { access: Clause } = "said-to-be", "to be {access}";
    WouldBe { access: Clause } = "said-would-be", "would be {access}, but the element is observed only";
    ToBeHeld { access: Clause, note: String } = "said-to-be-held", "to be {access}, held: {note}";
    BeingDone { access: Clause } = "said-being-done", "is being {access}, not yet read back";
    Verified { access: Clause } = "said-verified", "{access}, read back";
    BeingReleased { access: Clause } = "said-being-released", "was {access}, is being released";
    Released = "said-released", "released";
    ToBeFailed { access: Clause, note: String } = "said-to-be-failed", "to be {access}, failed: {note}";

    // Who wanted it.
    RuleOnEvent { name: String, event: EventSeq } = "said-rule-on-event", "rule '{name}' on event {event}";
    TheSystem = "said-the-system", "the system";

    // The present access of an endpoint or a port.
    EndpointIs { mac: Mac, status: Clause, place: Clause, standing: Clause } =
        "said-endpoint-is", "{mac} is {status}, {place}; {standing}";
    IsNew = "said-is-new", "new, not judged by anybody yet";
    IsAuthorised = "said-is-authorised", "authorised";
    IsRefused = "said-is-refused", "refused";
    On { place: Clause } = "said-on", "on {place}";
    LastOn { place: Clause } = "said-last-on", "last on {place}";
    NoPortShowsIt = "said-no-port-shows-it", "present, but no access port shows it";
    NotPresent = "said-not-present", "not present";
    PortIs { port: Clause, role: Clause, standing: Clause } = "said-port-is", "{port} is {role}; {standing}";
    AnUplink = "said-an-uplink", "an uplink";
    AnAccessPort = "said-an-access-port", "an access port";
    AnAggregate = "said-an-aggregate", "an aggregate";
    ALogicalInterface = "said-a-logical-interface", "an interface that is no port";
    WithPvid { role: Clause, vlan: VlanId } = "said-with-pvid", "{role} with PVID {vlan}";
    WithLink { role: Clause, link: Word } = "said-with-link", "{role}, {link}";
    Protected { role: Clause } = "said-protected", "{role}, protected";
    NothingOfOurs = "said-nothing-of-ours", "nothing of ours is on its port";
    Holds { port: Clause, wanted: Clause } = "said-holds", "{port}: {wanted}";
    AllStopped { standing: Clause } = "said-all-stopped", "{standing} (all enforcement is stopped)";

    // Why a port has its role.
    SaidUplink = "said-said-uplink", "an administrator says that it is an uplink";
    SaidAccess = "said-said-access", "an administrator says that it is an access port";
    OfAggregate { aggregate: PortName } = "said-of-aggregate", "it belongs to the aggregate {aggregate}";
    NeighbourBehind { neighbour: String } = "said-neighbour-behind", "LLDP or CDP shows {neighbour} behind it";
    ElementLearned { mac: String, ne: Clause } =
        "said-element-learned", "{mac}, an address of {ne}, is learned here";
    ElementBehind { ne: Clause } =
        "said-element-behind", "what is learned here is on several ports of {ne}";
    Crowd { macs: usize } =
        "said-crowd", "{macs} addresses are learned here, most of them at home elsewhere";
    ManyLearned = "said-many-learned", "many addresses are learned here, most of them at home elsewhere";

    // The chain of cause.
    Seen { mac: Mac, place: Clause } = "said-seen", "{mac} was seen on {place}";
    Happened { kind: Word, what: Clause } = "said-happened", "{kind}: {what}";
    RuleMatched { name: String, revision: RuleRevision, event: EventSeq } =
        "said-rule-matched", "rule '{name}' (revision {revision}) matched event {event}";
    PersonAsked { user: String, reason: String } = "said-person-asked", "{user} asked for it: {reason}";
    SystemAsked { reason: String } = "said-system-asked", "the system asked for it: {reason}";
    Request { what: Clause, state: Clause } = "said-request", "{what} ({state})";
    PortToBe { port: Clause, access: Clause } = "said-port-to-be", "{port} is to be {access}";
    PortToBeReleased { port: Clause } = "said-port-to-be-released", "{port} is to be released";
    StatusToBe { status: Word } = "said-status-to-be", "its status is to be {status}";
    GroupToBe { group: String } = "said-group-to-be", "its group is to be '{group}'";
    MailAsked = "said-mail-asked", "mail was asked for";
    WebhookAsked = "said-webhook-asked", "webhook was asked for";
    SyslogAsked = "said-syslog-asked", "syslog was asked for";
    CommandAsked = "said-command-asked", "command was asked for";
    NotBegun = "said-not-begun", "not begun";
    UnderWay = "said-under-way", "under way";
    Done = "said-done", "done";
    Failed = "said-failed", "failed";
    PerhapsDone = "said-perhaps-done", "interrupted, nobody knows whether it happened";
    Held = "said-held", "held";
    ObservedOnly = "said-observed-only", "observed only, nothing was sent";
    ValuesSet { port: PortName, values: String } =
        "said-values-set", "the values of port {port} were set: {values}";
    ValuesSetAgain { port: PortName, values: String } =
        "said-values-set-again", "the values of port {port} were set again: {values}";
    ValuesRestored { port: PortName, values: String } =
        "said-values-restored", "the values of port {port} were restored: {values}";
    AsWanted { note: String } = "said-as-wanted", "as wanted: {note}";
    Interrupted { note: String } =
        "said-interrupted", "it was interrupted, nobody knows how far it came: {note}";
    ItFailed { note: String } = "said-it-failed", "it failed: {note}";
    ReadBack { note: String } = "said-read-back", "read back: {note}";
    PersonAuthorised { user: String } = "said-person-authorised", "{user} authorised it";
    PersonRefused { user: String } = "said-person-refused", "{user} refused it";
    PersonImported { user: String } = "said-person-imported", "{user} imported it";
    PersonRemoved { user: String } = "said-person-removed", "{user} took it off the reference list";
    PersonAdopted { user: String } =
        "said-person-adopted", "{user} authorised it with the baseline of what was present";
    PersonChanged { user: String } = "said-person-changed", "{user} changed it";

    // What an event tells beside its kind and whom it is about.
    Told { what: Clause, details: Clause } = "said-told", "{what}: {details}";
    SilentFor { span: String } = "said-silent-for", "not seen for {span}";
    MovedFrom { from: Clause, to: Clause } = "said-moved-from", "moved from {from} to {to}";
    Spoofed { known: Clause, found: Clause, because: Clause } =
        "said-spoofed", "it belongs to {known} and was found on {found}: {because}";
    BoundElsewhere = "said-bound-elsewhere", "it is bound to another port";
    TwiceAtOnce = "said-twice-at-once", "both ports learned it at the same time";
    ClassChanged { was: String, is: String } = "said-class-changed", "it was of class {was} and is of class {is}";
    AddressClaimed { ip: IpAddr, known: Mac, found: Mac } =
        "said-address-claimed", "{ip} belongs to {known} and is claimed by {found}";
    FingerprintWas { known: String, found: String } =
        "said-fingerprint-was", "its fingerprint was {known} and is {found}";
    NotCompliant { property: String, found: String, expected: String } =
        "said-not-compliant", "{property} is '{found}' and is to be '{expected}'";
    Restarted { span: String } = "said-restarted", "it restarted {span} before";
    PortWas { port: Clause, access: Clause } = "said-port-was", "{port} was {access}";
    PortWasReleased { port: Clause } = "said-port-was-released", "{port} was released";
    RuleJudges { rule: RuleId, revision: RuleRevision } =
        "said-rule-judges", "rule {rule} judges in revision {revision} from here on";
    RuleRests { rule: RuleId, revision: RuleRevision } =
        "said-rule-rests", "rule {rule} judges no more from here on (revision {revision})";
    RulesSet { elements: usize, depth: u8 } =
        "said-rules-set",
        "elements with a quarantine VLAN: {elements}; events with {depth} of our own requests behind them are judged no more";
    HomesLost { because: Clause, endpoints: u32 } =
        "said-homes-lost", "{because}; endpoints that were at home there: {endpoints}";
    NotBelieved { neighbour: String, ne: Clause } =
        "said-not-believed", "{neighbour} claims to be {ne}, and nothing bears it out: the port stays what it was";

    // How a part of the system is.
    CannotBeRead = "said-cannot-be-read", "it cannot be read";
    DiskFull = "said-disk-full", "the disk is full: nothing new is recorded or done";
    ReadAndWritten = "said-read-and-written", "it is read and written";
    Unindexed { records: u64 } = "said-unindexed", "{records} records are not yet found by search";
    Records { records: u64 } = "said-records", "records: {records}";
    Unjudged { events: i64 } = "said-unjudged", "events that wait to be judged: {events}";
    Polled { silent: usize, elements: usize, incomplete: usize } =
        "said-polled",
        "network elements that do not answer: {silent} of {elements}; read in part for several polls: {incomplete}";
    StoppedByHand = "said-stopped-by-hand", "all enforcement is stopped by hand";
    PortsOurs { ports: u64 } = "said-ports-ours", "ports whose access is ours: {ports}";

    // Long work.
    SearchAmongNeighbours = "said-search-among-neighbours", "search among neighbours";
    SearchIn { subnet: String } = "said-search-in", "search in {subnet}";
    Adding { elements: usize } = "said-adding", "adding {elements} network elements";
    ImportOf { elements: usize } = "said-import-of", "import of {elements} network elements";
    KeysAnew { layer: String } = "said-keys-anew", "new {layer} key";
    BackupOf { name: String } = "said-backup-of", "backup '{name}'";
    PreflightOf { name: String, vlan: VlanId } = "said-preflight-of", "preflight of {name} with VLAN {vlan}";
    RehearsalOf { name: String } = "said-rehearsal-of", "rehearsal of rule '{name}'";
    Cancelled = "said-cancelled", "it was cancelled";
    Verification = "said-verification", "verification of the audit trail";

    // Why a port could not be put into quarantine.
    PortUnknown = "said-port-unknown", "the element has no such port";
    NotABridgePort = "said-not-a-bridge-port", "the port is no bridge port and has no PVID";
    PvidUnknown =
        "said-pvid-unknown", "the port's PVID cannot be read, so it could not be restored";
    UplinkTo { neighbour: String } = "said-uplink-to", "the port is an uplink to {neighbour}";
    IsTrunk = "said-is-trunk", "the port is a trunk";
    IsTrunkOf { vlans: String } = "said-is-trunk-of", "the port is a trunk with tagged VLANs {vlans}";
    InAggregate { lag: IfIndex } =
        "said-in-aggregate", "the port belongs to the aggregate with ifIndex {lag}";
    VlanMissing { vlan: VlanId } = "said-vlan-missing", "VLAN {vlan} is not configured on the element";
    VlanIsManagement { vlan: VlanId } =
        "said-vlan-is-management", "VLAN {vlan} is the management VLAN and no quarantine";
    CarriesServer { mac: Mac } =
        "said-carries-server", "this server ({mac}) is reached through the port";
    CarriesGateway { mac: Mac } =
        "said-carries-gateway", "the gateway ({mac}) is reached through the port";
    OnlyManagementPath { vlan: VlanId } =
        "said-only-management-path", "no other port that is up carries the management VLAN {vlan}";

    // Why a port is never touched.
    IsProtected { port: PortName, element: String, act: Clause } =
        "said-is-protected", "{port} on {element} is on the list of protected ports and is never {act}";
    IsUplink { port: PortName, element: String, act: Clause } =
        "said-is-uplink", "{port} on {element} is an uplink to another network element and is never {act}";
    IsAggregate { port: PortName, element: String, act: Clause } =
        "said-is-aggregate", "{port} on {element} belongs to a link aggregate and is never {act}";
    IsLogical { port: PortName, element: String, act: Clause } =
        "said-is-logical", "{port} on {element} is no physical port and is never {act}";
    IsTrunkPort { port: PortName, element: String, act: Clause } =
        "said-is-trunk-port", "{port} on {element} is a trunk and is never {act}";
    IsOwnPath { port: PortName, element: String, mac: Mac, act: Clause } =
        "said-is-own-path",
        "{port} on {element} carries this system's own path ({mac} is behind it) and is never {act}";
    NoSuchVlan { vlan: VlanId, element: String, port: PortName } =
        "said-no-such-vlan", "VLAN {vlan} does not exist on {element}, so {port} cannot be moved to it";
    MovedAway = "said-moved-away", "moved";

    // Why somebody may not.
    NotPermitted { operation: Operation, because: Clause } =
        "said-not-permitted", "{operation} is not permitted: {because}";
    NotIdentified = "said-not-identified", "the caller is not identified";
    NoSuchOperation { name: String } = "said-no-such-operation", "there is no operation '{name}'";
    WrongObject { expected: String, found: String } =
        "said-wrong-object", "the operation is for a {expected}, not for a {found}";
    AccountDisabled = "said-account-disabled", "the account is switched off";
    PasswordMustChange = "said-password-must-change", "the password must be changed first";
    SecondFactorMissing = "said-second-factor-missing", "the second factor must be proven first";
    SecondFactorToBeMade = "said-second-factor-to-be-made", "a second factor must be set up first";
    ProofTooOld =
        "said-proof-too-old", "it is dangerous: the second factor must be proven once more";
    PasswordWrong = "said-password-wrong", "the password is not right";
    WrongCode =
        "said-wrong-code", "the code is not right, was used already, or there were too many wrong ones";
    TooManyRequests =
        "said-too-many-requests", "too many requests from your address: try again in a few seconds";
    TooBusy = "said-too-busy", "the server is at its limits: try again in a few seconds";
    LoginsBusy =
        "said-logins-busy", "too many people log in at present: try again in a minute";
    PasskeyNeedsName { name: String } =
        "said-passkey-needs-name",
        "passkeys are bound to a name, and the console's host_name, {name}, is an address";
    PasskeyNotAsked =
        "said-passkey-not-asked", "no passkey was asked for, or too long ago: begin again";
    PasskeysBusy =
        "said-passkeys-busy", "too many passkeys are being asked for: try again in some minutes";
    PasskeyRefused =
        "said-passkey-refused", "the passkey was not taken, or there were too many failures: begin again";
    PasskeyUnreadable { id: i64 } =
        "said-passkey-unreadable", "the stored passkey {id} cannot be read: take it away and make another";
    NoSecondFactor = "said-no-second-factor", "the account has no second factor";
    GrantsChanged = "said-grants-changed", "the account was given other roles meanwhile; look again";
    TokenForNothing =
        "said-token-for-nothing", "tick what the token is for, or that it is for whatever you may";
    TokenLabel = "said-token-label", "a token needs a name of 1 to 64 characters";
    FactorLabel = "said-factor-label", "a second factor needs a label of 1 to 64 characters";
    MostFactors { most: i64 } = "said-most-factors", "an account has at most {most} second factors";
    NoSuchFactor { id: i64 } = "said-no-such-factor", "there is no second factor {id}";
    TokenExpired = "said-token-expired", "the token has ended";
    TokenNotForThis = "said-token-not-for-this", "the token is not for this operation";
    NoRoleHas = "said-no-role-has", "none of the user's roles has the right";
    NotOwn = "said-not-own", "it belongs to somebody else";
    OutsideScope =
        "said-outside-scope", "it lies outside the part of the network the user may see";
    WiderRole { role: String } =
        "said-wider-role", "the role '{role}' has more rights than one's own";
    NotInPlane { plane: String } =
        "said-not-in-plane", "it is nothing that users of the plane '{plane}' do";
    OtherPlane { plane: String } =
        "said-other-plane", "the account belongs to the plane '{plane}'";
    Listed { entry: i64 } = "said-listed", "entry {entry} of the blocklist denies it";
    ShutOut { entry: i64 } = "said-shut-out", "entry {entry} of the blocklist shuts this address out";
    NoListedKind { given: String } =
        "said-no-listed-kind", "'{given}' cannot be on the blocklist: user, address, tenant, source and device can";
    AdminListed = "said-admin-listed", "the built-in user 'admin' is never on the blocklist";
    NoListedAddress { given: String } = "said-no-listed-address", "'{given}' is no address, range or network";
    NoListedDevice { given: String } = "said-no-listed-device", "'{given}' is no MAC address";
    DeviceListed { entry: i64 } =
        "said-device-listed", "entry {entry} of the blocklist keeps this device out already";
    NoResource { given: String } =
        "said-no-resource",
        "'{given}' is nothing that can be denied: everything, an object of operations (port) and an operation (port.off) are";
    DeniesNothing = "said-denies-nothing", "an entry of the blocklist denies at least one thing";
    EndsBefore = "said-ends-before", "an entry of the blocklist ends in the future";
    MostEntries { most: i64 } = "said-most-entries", "the blocklist has at most {most} entries";
    BlocksOneself =
        "said-blocks-oneself", "this entry would keep you from taking it away again; ask somebody else to make it";
    OtherTenant = "said-other-tenant", "it is not for users of this tenant";
    BadTenantName { name: String } =
        "said-bad-tenant-name",
        "'{name}' is no name of a tenant: 1 to 64 lower-case letters, digits, '_' and '-' are allowed";
    TenantIsThere { name: String } = "said-tenant-is-there", "there is a tenant '{name}' already";
    NoSuchTenant { name: String } = "said-no-such-tenant", "there is no tenant '{name}'";
    NoTenantKind { given: String } =
        "said-no-tenant-kind", "'{given}' is no kind of tenant: agency, company and basic are";
    NoAgency = "said-no-agency", "only an agency keeps other tenants";
    AgenciesAbove { most: i64 } =
        "said-agencies-above", "at most {most} agencies stand one above the other";
    TenantKeepsOthers { count: i64 } =
        "said-tenant-keeps-others", "{count} tenants belong to this agency; delete them first";
    TenantTooLarge { most: i64 } =
        "said-tenant-too-large", "the tenant has more than {most} accounts; delete some of them first";
    TenantNeeded = "said-tenant-needed", "an account on the tenants' plane belongs to a tenant";
    NoTenantHere = "said-no-tenant-here", "only accounts on the tenants' plane belong to a tenant";
    NotNow { role: String } =
        "said-not-now", "the condition of the role '{role}' does not hold now";
    OwnRights = "said-own-rights", "nobody gives rights to their own account";
    AdminsRole = "said-admins-role", "the role 'superuser' is that of the built-in user 'admin' alone";
    BadRoleName { name: String } =
        "said-bad-role-name",
        "'{name}' is no name of a role: 1 to 64 lower-case letters, digits, '_' and '-' are allowed, and no built-in one";
    RoleIsThere { name: String } = "said-role-is-there", "there is a role '{name}' already";
    RoleWithout = "said-role-without", "a role needs at least one operation";
    NotForRoles { name: String } =
        "said-not-for-roles", "'{name}' is given by no role: everybody may do it to what is their own";
    RoleInUse { count: i64 } =
        "said-role-in-use", "{count} accounts have this role; give them another one first";
    NoSuchRole { name: String } = "said-no-such-role", "there is no role '{name}'";
    ConfinedTo { domain: String } =
        "said-confined-to",
        "the right is confined to the domain '{domain}', and this concerns more than that";
    BadDomainName { name: String } =
        "said-bad-domain-name",
        "'{name}' is no name of a domain: 1 to 64 lower-case letters, digits, '_' and '-' are allowed";
    DomainIsThere { name: String } = "said-domain-is-there", "there is a domain '{name}' already";
    NoSuchDomain { name: String } = "said-no-such-domain", "there is no domain '{name}'";
    DomainInUse { count: i64 } =
        "said-domain-in-use",
        "{count} accounts or tokens are confined to this domain; give them other roles and revoke those first";
    ForeignRole { role: String } =
        "said-foreign-role", "accounts with the role '{role}' are managed elsewhere";

    // Why something was not done.
    DoesNotExist { what: Clause } = "said-does-not-exist", "{what} does not exist";
    Outdated { what: Clause } =
        "said-outdated",
        "{what} was changed by somebody else since you read it: read it again, and decide anew";
    RuleMovedOn { rule: RuleId, present: RuleRevision, given: RuleRevision } =
        "said-rule-moved-on",
        "rule {rule} is at revision {present} by now, the edit was made on revision {given}";
    CredentialOrder = "said-credential-order", "the order of credential sets";
    IsThere { what: Clause } = "said-is-there", "there is a {what} already";
    NothingRecorded =
        "said-nothing-recorded", "the act was refused: the disk is full and its audit record cannot be written";
    PartFailed = "said-part-failed", "a part of the system failed; the log of the server says which";
    ReasonNeeded = "said-reason-needed", "a reason is needed: it is recorded with the act";
    NothingToChange = "said-nothing-to-change", "there is nothing to change";
    EndsBeforeItBegins = "said-ends-before-it-begins", "the time asked for ends before it begins";
    JobEnded { id: Uuid } = "said-job-ended", "job {id} has ended already";
    IsNo { column: String, given: String, what: Clause } = "said-is-no", "{column}: '{given}' is no {what}";
    WholeNumber = "said-whole-number", "whole number";
    TrueOrFalse = "said-true-or-false", "true or false";
    MacAddress = "said-mac-address", "MAC address";
    IpAddress = "said-ip-address", "IP address";
    Severity = "said-severity", "severity";
    Time = "said-time", "time (RFC 3339)";
    PageRows { most: u64, given: u64 } = "said-page-rows", "a page has 1 to {most} rows, not {given}";
    NoQuarantineVlan { ne: NeId } =
        "said-no-quarantine-vlan", "network element {ne} has no quarantine VLAN: name a VLAN";
    HeldInVlan { port: Clause, vlan: VlanId } =
        "said-held-in-vlan", "{port} is held in VLAN {vlan} by us: release it first";
    ToBeOnAlready { port: Clause } = "said-to-be-on-already", "{port} is to be switched on already";
    NoPhysicalPort { port: Clause } =
        "said-no-physical-port", "{port} is no physical port: it is not switched";
    IsOnAlready { port: Clause } =
        "said-is-on-already", "{port} is switched on already: its ifAdminStatus is up";
    KeyTaken { action: Word, at: Timestamp } =
        "said-key-taken",
        "the Idempotency-Key stands for another act already ({action} of {at}): a new act needs a new key";
    NothingToMove { mac: Mac } =
        "said-nothing-to-move", "{mac} is on no known access port, so there is nothing to move";
    HasAddress { name: String, address: SocketAddr } =
        "said-has-address", "{name} has the address {address} already";
    AddressTaken { address: SocketAddr } =
        "said-address-taken", "another element has the address {address} already";
    StillHeld { port: PortName, element: String } =
        "said-still-held",
        "port {port} of {element} still has what we set: release it before the element is taken out";
    NoCredentials = "said-no-credentials", "there are no credentials to try: add a set first";
    AllInClear =
        "said-all-in-clear",
        "every credential set speaks in clear, for which a search needs an exception (allow_v2c)";
    OnlyInClear { address: SocketAddr } =
        "said-only-in-clear",
        "{address} could be asked without SNMPv3 authPriv only, for which it needs an exception (allow_v2c)";
    NoSetAnswered { tried: String } = "said-no-set-answered", "no credential set was answered ({tried})";
    ChooseElement = "said-choose-element", "choose at least one network element";
    ElementName = "said-element-name", "an element's name has 1 to 255 characters";
    IntervalRange { given: u64, method: Word } =
        "said-interval-range", "an interval of polls is 5 to 86400 s, not {given} s ({method})";
    LabelRange { given: String, what: Clause } =
        "said-label-range", "'{given}' is no name of {what}: it has 1 to 64 printable characters";
    ADeviceClass = "said-a-device-class", "a device class";
    ARegion = "said-a-region", "a region";
    AGroup = "said-a-group", "a group";
    ADeviceSet = "said-a-device-set", "a device set";
    ManyLabels { most: usize } =
        "said-many-labels", "an element is in at most {most} groups and as many device sets";
    TextRange { what: Word, most: usize } =
        "said-text-range", "{what} has at most {most} characters, and no control characters";
    WindowEnds = "said-window-ends", "a maintenance window must end after it begins";
    NoSeconds { given: String } = "said-no-seconds", "'{given}' is no number of seconds";
    NoPortNumber { given: String } = "said-no-port-number", "'{given}' is no number from 1 to 65535";
    NoUdpPort { port: String } = "said-no-udp-port", "'{port}' is no UDP port";
    NoAddress { text: String } = "said-no-address", "'{text}' is no address: HOST[:PORT] is needed";
    NoAddressOf { host: String } = "said-no-address-of", "the name '{host}' has no address";
    GroupName =
        "said-group-name",
        "a group's name has 1 to 64 printable characters, none of them a blank at its ends";
    GroupDescription = "said-group-description", "a group's description has at most 1000 characters";
    GroupSilence { least: i64, most: i64, given: i64 } =
        "said-group-silence", "members of a group may be silent for {least} to {most} s, not {given} s";
    GroupInUse { members: u64, name: String } =
        "said-group-in-use", "{members} endpoints are in group '{name}': put them elsewhere first";

    // Why credentials, channels, sources of names and the rest are not as they must be.
    CredentialName { most: usize } =
        "said-credential-name", "a credential set's name has 1 to {most} characters";
    CredentialOfKind { name: String, kind: String } =
        "said-credential-of-kind",
        "credential set '{name}' is of kind {kind}: make a new set for another kind";
    CredentialInUse { name: String, element: String } =
        "said-credential-in-use", "credential set '{name}' is in use by {element}";
    CredentialNeeds { kind: String, what: Clause } =
        "said-credential-needs", "{kind} credentials need {what}";
    ACommunity = "said-a-community", "a community";
    AUserName = "said-a-user-name", "a user name";
    AuthTogether = "said-auth-together", "authentication protocol and password together";
    PrivTogether = "said-priv-together", "privacy protocol and password together";
    CommunityOnly { kind: String } =
        "said-community-only", "{kind} credentials have a community and nothing else";
    NoCommunity = "said-no-community", "v3 credentials have no community";
    NoCredentialKind { given: String } =
        "said-no-credential-kind", "'{given}' is no kind of credentials (v1, v2c, v3)";
    ChannelIsThere { name: String } = "said-channel-is-there", "channel '{name}' is there already";
    OneMailChannel { name: String } =
        "said-one-mail-channel",
        "mail goes through channel '{name}' already, and there is one mail channel at most";
    ChannelOfKind { name: String, kind: Word } =
        "said-channel-of-kind", "channel '{name}' is a {kind} channel: remove it first to make it another";
    ChannelInUse { name: String, rule: String } =
        "said-channel-in-use", "channel '{name}' is used by rule '{rule}', which is enabled";
    ChannelName { most: usize } =
        "said-channel-name", "a channel's name has 1 to {most} letters, digits, '-', '_' or '.'";
    NoRecipients { name: String } =
        "said-no-recipients", "channel '{name}' has no recipients: it is no mail";
    SecretRange { most: usize } = "said-secret-range", "a secret has 1 to {most} octets";
    SecretMost { most: usize } = "said-secret-most", "a secret has at most {most} octets";
    GoesElsewhere { name: String } =
        "said-goes-elsewhere", "channel '{name}' goes elsewhere now: give its secret anew";
    NeedsSecret { name: String } = "said-needs-secret", "channel '{name}' needs a secret";
    TakesNoSecret { name: String } = "said-takes-no-secret", "channel '{name}' takes no secret";
    HostIsName = "said-host-is-name", "a host is a name or an address";
    NoPem = "said-no-pem", "ca_pem holds no certificate in PEM, or too much";
    PasswordInClear =
        "said-password-in-clear", "a password is not sent in clear: take starttls or tls";
    MailRange { most: usize, longest: usize } =
        "said-mail-range", "at most {most} recipients, and {longest} octets in each text";
    NoPlaceholder { placeholder: String } =
        "said-no-placeholder", "the text's template has no {placeholder}: alarms would say nothing";
    MailTimes =
        "said-mail-times", "at_once is from 1 to 1000, window_s and digest_after_s from 1 to 86400";
    WebhookHttps = "said-webhook-https", "a webhook's address begins with https://";
    ProgramName = "said-program-name", "a program is named by its file name, without a folder";
    ArgumentRange { most: usize, longest: usize } =
        "said-argument-range", "at most {most} arguments of {longest} octets";
    TimeLimit = "said-time-limit", "time_limit_s is from 1 to 3600";
    NoCommandFolder =
        "said-no-command-folder", "no commands: the configuration file names no command_folder";
    SourceIsThere { name: String } = "said-source-is-there", "there is a source '{name}' already";
    SourceHasNoFiles { name: String, kind: Word } =
        "said-source-has-no-files", "source '{name}' is of kind {kind}: it has no files";
    NoLeases { kind: Word, first: String } =
        "said-no-leases", "the file has no leases of kind {kind}: {first}";
    TokenDays { given: u64 } = "said-token-days", "a token lives 1 to 366 days, not {given}";
    NoSuchRecords { last: u64, start: u64, end: u64 } =
        "said-no-such-records", "the trail has records 0 to {last}: {start} to {end} is no part of it";
    EditDisables =
        "said-edit-disables",
        "an edit does not disable a rule, which has a right and a record of its own: disable it by itself, and leave 'enabled' out";
    EditEnables =
        "said-edit-enables",
        "an edit does not enable a rule, which has a right and a record of its own: enable it by itself, and leave 'enabled' out";
    NoSession = "said-no-session", "there is no session to end: the caller has not logged in";
    NoBackupFolder = "said-no-backup-folder", "this server has no folder for backups (backup_dir)";
    BackupName { most: usize } =
        "said-backup-name",
        "a backup's name has 1 to {most} letters, digits, '.', '_' and '-', and begins with a letter or digit; it lies in the server's own folder";
    EnforcedTakesTrue = "said-enforced-takes-true", "enforced: it takes true, or is left out";
    // What else is not acceptable of what was given.
    CredentialIsThere { name: String } =
        "said-credential-is-there",
        "there is a credential set called '{name}' already";
    BadUserName { name: String } =
        "said-bad-user-name",
        "'{name}' is no user name: 1 to 64 lower-case letters, digits, '.', '_', '-' and '@' are allowed";
    UserIsThere { name: String } =
        "said-user-is-there",
        "there is a user '{name}' already";
    AdminStays =
        "said-admin-stays",
        "the built-in user 'admin' cannot be disabled, deleted or lose the role superuser";
    NoRole =
        "said-no-role",
        "a user needs at least one role";
    NoOperation =
        "said-no-operation",
        "a token needs at least one operation";
    WiderToken =
        "said-wider-token",
        "a token cannot make one that is good for more, or longer, than itself";
    OldPassword =
        "said-old-password",
        "the old password is not right";
    SubnetUnfit { why: String } =
        "said-subnet-unfit",
        "{why}";
    SettingsUnfit { why: String } =
        "said-settings-unfit",
        "settings: {why}";
    // What of a request cannot be read.
    NothingHere =
        "said-nothing-here",
        "there is nothing at this address";
    NoSuchMethod =
        "said-no-such-method",
        "this address does not take that method";
    TookTooLong { seconds: u64 } =
        "said-took-too-long",
        "the request took longer than {seconds} s";
    BodyUnfit { why: String } =
        "said-body-unfit",
        "the body is not what this route takes: {why}";
    BodyNoJson { why: String } =
        "said-body-no-json",
        "the body is no JSON: {why}";
    BodyMustBeJson =
        "said-body-must-be-json",
        "the body must be JSON, with 'Content-Type: application/json'";
    FormUnreadable { why: String } =
        "said-form-unreadable",
        "the form cannot be read: {why}";
    FieldTwice { name: String } =
        "said-field-twice",
        "the form cannot be read: '{name}' stands in it twice";
    BodyMustBeForm =
        "said-body-must-be-form",
        "the body must be a form, with 'Content-Type: application/x-www-form-urlencoded'";
    BodyTooLarge =
        "said-body-too-large",
        "the body is larger than this address takes";
    BodyCutShort =
        "said-body-cut-short",
        "the body could not be read to its end";
    AddressUnreadable { why: String } =
        "said-address-unreadable",
        "the address cannot be read: {why}";
    AddressNoUtf8 =
        "said-address-no-utf8",
        "the address cannot be read: it holds octets that are no UTF-8";
    AddressWantsNumber { given: String } =
        "said-address-wants-number",
        "the address cannot be read: '{given}' stands where a whole number belongs";
    NoMacAddress { given: String } =
        "said-no-mac-address",
        "'{given}' is no MAC address: it needs 12 hexadecimal digits, as in 00:1b:21:3a:4f:5e";
    QueryUnreadable { why: String } =
        "said-query-unreadable",
        "the query cannot be read: {why}";
    NoLimit { given: String } =
        "said-no-limit",
        "limit: '{given}' is no whole number from 1 to 1000";
    KeyLength =
        "said-key-length",
        "an Idempotency-Key has 1 to 128 printable characters";
    IfMatchForm =
        "said-if-match-form",
        "If-Match must be the ETag of what was read, as in \"3f2a9c0d1b4e5f6a7b8c9d0e\"";
    NoPort { given: String } =
        "said-no-port", "'{given}' is no port: the id of its network element and its name are needed";
    NoElement { given: String } = "said-no-element", "'{given}' is no id of a network element";
    NoChart { name: String } = "said-no-chart", "'{name}' is no series of statistics";
    TooManyCharts { most: usize } =
        "said-too-many-charts", "a start page has room for {most} charts at most";
    TextFitsMany { most: usize } =
        "said-text-fits-many",
        "the text fits more than {most} endpoints or network elements: write more of it";
    EventsByTime = "said-events-by-time", "events are listed by time: sort takes -at, newest first, or at";
    TimeoutRange { given: u64, method: Word } =
        "said-timeout-range", "a timeout of requests is 100 to 60000 ms, not {given} ms ({method})";
    RetriesRange { given: u8, method: Word } =
        "said-retries-range", "a request is repeated 0 to 10 times, not {given} times ({method})";
    InterfacesAlways =
        "said-interfaces-always", "interfaces are always read: all other scans refer to them";

    // What is asked of passwords, and what can be set for them.
    Both { first: Clause, second: Clause } = "said-both", "{first}; {second}";
    ThePasswordPolicy = "said-the-password-policy", "the password policy";
    PasswordRefused { what: Clause } = "said-password-refused", "the password is refused: {what}";
    PasswordEmpty = "said-password-empty", "it must not be empty";
    PasswordOctets { most: usize } = "said-password-octets", "it must not have more than {most} octets";
    PasswordUnchanged = "said-password-unchanged", "it must differ from the present one";
    PasswordMinLength { n: u32 } = "said-password-min-length", "it needs at least {n} characters";
    PasswordMinLengthAdministrator { n: u32 } =
        "said-password-min-length-administrator", "an administrator's needs at least {n} characters";
    PasswordMaxLength { n: u32 } = "said-password-max-length", "it must not have more than {n} characters";
    PasswordNotLast { n: u32 } = "said-password-not-last", "it must be none of the last {n} passwords";
    PasswordNotWithin { n: u32 } =
        "said-password-not-within", "it must not have been in use within the last {n} months";
    PasswordMinUse { n: u32 } =
        "said-password-min-use", "the present one is to be kept for at least {n} days";
    PasswordDifferent { n: u32 } =
        "said-password-different", "it must differ from the present one in at least {n} characters";
    PasswordLetters { n: u32 } = "said-password-letters", "it needs at least {n} letters";
    PasswordUpper { n: u32 } = "said-password-upper", "it needs at least {n} capital letters";
    PasswordLower { n: u32 } = "said-password-lower", "it needs at least {n} small letters";
    PasswordDigits { n: u32 } = "said-password-digits", "it needs at least {n} digits";
    PasswordSpecial { n: u32 } = "said-password-special", "it needs at least {n} special characters";
    PasswordNoSpaces = "said-password-no-spaces", "it must not have blanks";
    PasswordNoUserName =
        "said-password-no-user-name", "it must not hold the user name, forwards or backwards";
    PasswordNoSequence { n: u32 } =
        "said-password-no-sequence",
        "it must not have {n} characters that rise, fall or go in equal steps, as in 1234";
    PasswordSharedWithName { n: u32 } =
        "said-password-shared-with-name",
        "it must not have more than {n} characters in a row that the user name has as well";
    PasswordNoRepetition { n: u32 } =
        "said-password-no-repetition", "it must not have a sequence of {n} characters twice";
    PasswordConsecutive { n: u32 } =
        "said-password-consecutive", "it must not have a character more than {n} times in a row";
    PasswordNoContact = "said-password-no-contact", "it must not hold the mobile number or the mail address";
    PasswordNoWord =
        "said-password-no-word",
        "it must not hold a word of the dictionaries, also with digits and signs for letters";
    PasswordNotSimilar { n: u32 } =
        "said-password-not-similar", "it must not be like the present one or the {n} before it";
    PasswordCategories { n: u32 } =
        "said-password-categories",
        "it needs characters of {n} of these kinds: capital letters, small letters, digits, others";
    PasswordNotCommon = "said-password-not-common", "it must not be a common password";
    RuleRange { rule: Word, least: u32, most: u32, given: u32 } =
        "said-rule-range", "{rule} takes {least} to {most}, not {given}";
    RuleWithoutNumber { rule: Word } = "said-rule-without-number", "{rule} is on or off and takes no number";
    PasswordLengths { least: u32, most: u32 } =
        "said-password-lengths", "a password would need {least} characters and could have {most} only";
    PasswordWarning { given: u32 } =
        "said-password-warning", "the end of a password is told 1 to 90 days before, not {given}";
    HackerWords { most: usize, given: usize } =
        "said-hacker-words", "the hacker dictionary has at most {most} words, not {given}";
    NoDictionaryWord { given: String } =
        "said-no-dictionary-word",
        "'{given}' is no word of a dictionary: 4 to 64 characters without blanks are";
    DictionaryOctets { most: usize, given: usize } =
        "said-dictionary-octets", "a dictionary has at most {most} octets, not {given}";
    DictionaryWords { most: usize } = "said-dictionary-words", "a dictionary has at most {most} words";
    DictionaryNotText { at: usize } =
        "said-dictionary-not-text",
        "the dictionary is no text in UTF-8: octet {at} is the first that cannot be read";
    HashIterations { least: u32, most: u32, given: u32 } =
        "said-hash-iterations", "{given} iterations are outside {least} to {most}";
    HashCost { given: String } =
        "said-hash-cost",
        "Argon2id takes 7168 to 262144 KiB of memory, 1 to 16 passes and 1 to 4 lanes, not {given}";
    HashKind { given: String } =
        "said-hash-kind",
        "'{given}' is no way to hash passwords: pbkdf2-sha256,i=600000 and argon2id,m=19456,t=2,p=1 are";
    NoPasswordRule { given: String } = "said-no-password-rule", "'{given}' is no rule for passwords";
    NoPasswordProfile { given: String } =
        "said-no-password-profile",
        "'{given}' is no profile of password rules: source, 3gpp-33.117 and nist-800-63b are";
    ToBeOn { profile: String, rule: Word } = "said-to-be-on", "{profile}: {rule} is to be on";
    ToBeOff { profile: String, rule: Word } = "said-to-be-off", "{profile}: {rule} is to be off";
    ToHaveAtLeast { profile: String, rule: Word, n: u32 } =
        "said-to-have-at-least", "{profile}: {rule} is to be on, with {n} or more";
    ToHaveAtMost { profile: String, rule: Word, n: u32 } =
        "said-to-have-at-most", "{profile}: {rule} is to be on, with {n} or less";
    ToBeOffOrHave { profile: String, rule: Word, n: u32 } =
        "said-to-be-off-or-have", "{profile}: {rule} is to be off, or to have {n} or more";
    LoginsFailed { count: i64, from: Clause } =
        "said-logins-failed", "failed to log in {count} times in a row, the last time from {from}";
    WasRefused { what: String, from: Clause, because: String } =
        "said-was-refused", "wanted {what} from {from} and was refused: {because}";
    LocalSocket = "said-local-socket", "the local socket";
    LoginRefused { because: Clause } = "said-login-refused", "the login was refused: {because}";
    BarDisabled = "said-bar-disabled", "the account is switched off";
    BarSingleUser = "said-bar-single-user", "only 'admin' may log in at present";
    BarBlocklist =
        "said-bar-blocklist", "the account, its tenant or this address is on the blocklist";
    BarTenant = "said-bar-tenant", "the tenant to which the account belongs is switched off";
    BarExpired = "said-bar-expired", "the account has come to its end";
    BarUnused = "said-bar-unused", "the account was not used for too long";
    BarAddress = "said-bar-address", "the account may not be used from this address";
    BarHours = "said-bar-hours", "the account may not be used at this time";
    BarLoginsUsedUp = "said-bar-logins-used-up", "the account has used up its logins";
    BarSessions = "said-bar-sessions", "the account has as many sessions as it may have";
    AttributeRange { attribute: Word, least: u32, most: u32, given: u32 } =
        "said-attribute-range", "{attribute} takes {least} to {most}, not {given}";
    AttributeText { attribute: Word, most: usize } =
        "said-attribute-text", "{attribute} has at most {most} characters";
    NoUnusedAct { given: String } =
        "said-no-unused-act",
        "'{given}' cannot become of an unused account: none, disable and delete can";
    LoginPolicyName = "said-login-policy-name", "a login policy needs a name of 1 to 64 characters";
    NoLoginPolicyKind { given: String } =
        "said-no-login-policy-kind", "'{given}' is no kind of login policy: addresses and hours are";
    LoginPolicyIsThere { name: String } =
        "said-login-policy-is-there", "there is a login policy '{name}' already";
    LoginPolicyKind { name: String, found: Word, wanted: Word } =
        "said-login-policy-kind", "the login policy '{name}' is of the kind {found}, not {wanted}";
    LoginPolicyInUse { count: i64 } =
        "said-login-policy-in-use",
        "{count} accounts follow this login policy; give them another one first";
    AddressLine { line: usize, given: String } =
        "said-address-line",
        "line {line}: '{given}' is no address, no range FIRST-LAST and no network ADDRESS/LENGTH";
    HoursLine { line: usize, given: String } =
        "said-hours-line",
        "line {line}: '{given}' is none of 'zone NAME', 'DAYS HH:MM-HH:MM', 'from YYYY-MM-DD' and 'until YYYY-MM-DD'";
    NoZone { line: usize, given: String } = "said-no-zone", "line {line}: there is no time zone '{given}'";
    PolicyBackwards = "said-policy-backwards", "the policy would end before it begins";
    PolicyEmpty = "said-policy-empty", "the policy says nothing, so nobody could log in";
    PolicyTooLong { most: usize } = "said-policy-too-long", "a policy has at most {most} lines";
    AdminComesIn =
        "said-admin-comes-in", "the built-in user 'admin' cannot be limited in time, sessions or logins";
    NoNotice = "said-no-notice", "there is nothing to acknowledge";
    NoMobile { given: String } =
        "said-no-mobile",
        "'{given}' is no mobile number: at least 5 digits are needed, with '+', '-', '/', '.', '(' and ')'";
    NoMail { given: String } =
        "said-no-mail",
        "'{given}' is no mail address: one '@' with something before and behind it is needed";
}
