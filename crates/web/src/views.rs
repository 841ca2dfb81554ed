//! The console: pages for people, over the same operations as REST.
//!
//! A view is `views/<page>.rs` beside `templates/<page>.html`. It asks one or a few operations of
//! `operate`, puts what it was told into a page, and decides nothing: what is not permitted is refused by
//! the operation and not shown by the page. Pages are useful without scripts; htmx replaces parts of them
//! where there are some, and dialogs are the same pages put into a `<dialog>`.

mod act;
mod assets;
mod audit;
mod chain;
mod charts;
mod elements;
mod endpoints;
mod events;
mod frame;
mod heard;
mod language;
mod login_policies;
mod online;
mod overview;
mod ports;
mod refused;
mod rules;
mod said;
mod search;
mod sessions;
mod system;
mod table;
mod tenants;
mod visitor;
// Rules and long work.
mod jobs;
mod notifications;
mod rehearsals;
mod rights;
mod roles;
mod rule_check;
mod rule_diff;
mod rule_editor;
mod rule_form;
mod rule_reaction;
mod rule_starter;
mod rule_words;

mod acts;
mod bulk;
mod element_detail;
mod element_edit;
mod preflight;
mod sheet;
mod tokens;
mod topology;
mod view;
// System and adoption.
mod account_form;
mod accounts;
mod accounts_import;
mod adopt;
mod backups;
mod blocklist;
mod channels;
mod credentials;
mod dialog;
mod domains;
mod factors;
mod form;
mod groups;
mod parameters;
mod passwords;
mod section;
mod sources;
#[cfg(feature = "testing")]
pub mod testing;

pub(crate) use refused::on_a_page;
pub(crate) use visitor::session_secret;

use axum::Router;
use axum::routing::{get, post};
use netwarden_identity::Operation;
use netwarden_operate::Desk;

/// A page, and the operation that it needs; the right to it is asked for by the operation itself, and a
/// test holds every page to it. None: whoever comes may see it.
#[derive(Debug, Clone, Copy)]
pub struct PageOf {
    /// GET or POST.
    pub method: &'static str,
    /// As axum has it.
    pub path: &'static str,
    /// What its reader must be allowed to do.
    pub operation: Option<Operation>,
}

macro_rules! pages {
    ($($method:ident $path:literal $handler:path, $operation:expr;)*) => {
        /// Every page of the console.
        pub const PAGES: &[PageOf] =
            &[$(PageOf { method: stringify!($method), path: $path, operation: $operation },)*];

        /// The console, over one desk.
        pub(crate) fn router() -> Router<Desk> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

pages! {
    get "/" overview::show, Some(Operation::SessionReadOwn);
    post "/charts" charts::choose, Some(Operation::ChartChooseOwn);
    get "/assets/{hash}/{name}" assets::serve, None;
    get "/sign-in" sessions::sign_in_page, None;
    post "/sign-in" sessions::sign_in, None;
    post "/sign-out" sessions::sign_out, Some(Operation::SessionLogout);
    get "/password" sessions::password_page, Some(Operation::UserChangeOwnPassword);
    post "/password" sessions::password, Some(Operation::UserChangeOwnPassword);
    post "/look" sessions::look, None;
    post "/acknowledge" online::acknowledge, Some(Operation::SessionAcknowledge);
    get "/prove" factors::prove_page, Some(Operation::SessionProve);
    post "/prove" factors::prove, Some(Operation::SessionProve);
    get "/own/factors" factors::list, Some(Operation::FactorReadOwn);
    get "/own/factors/new" factors::new_page, Some(Operation::FactorAddOwn);
    post "/own/factors/new" factors::begin, Some(Operation::FactorAddOwn);
    get "/own/factors/passkey" factors::passkey_page, Some(Operation::FactorAddOwn);
    post "/own/factors/passkey" factors::begin_passkey, Some(Operation::FactorAddOwn);
    post "/own/factors/passkey/answer" factors::make_passkey, Some(Operation::FactorAddOwn);
    post "/own/factors/{factor}/confirm" factors::confirm, Some(Operation::FactorAddOwn);
    get "/own/factors/{factor}/remove" factors::remove_page, Some(Operation::FactorRemoveOwn);
    post "/own/factors/{factor}/remove" factors::remove, Some(Operation::FactorRemoveOwn);
    get "/system/accounts/{account}/factors" factors::reset_page, Some(Operation::FactorReset);
    post "/system/accounts/{account}/factors" factors::reset, Some(Operation::FactorReset);
    get "/own/sessions" online::own, Some(Operation::SessionReadOwn);
    get "/own/sessions/{session}/end" online::own_end_page, Some(Operation::SessionLogout);
    post "/own/sessions/{session}/end" online::own_end, Some(Operation::SessionLogout);
    get "/own/tokens" tokens::own, Some(Operation::TokenReadOwn);
    get "/own/tokens/new" tokens::new_page, Some(Operation::TokenCreateOwn);
    post "/own/tokens/new" tokens::create, Some(Operation::TokenCreateOwn);
    get "/own/tokens/{token}/revoke" tokens::revoke_own_page, Some(Operation::TokenRevokeOwn);
    post "/own/tokens/{token}/revoke" tokens::revoke_own, Some(Operation::TokenRevokeOwn);
    get "/own/logins" online::own_logins, Some(Operation::SessionHistoryOwn);
    get "/search" search::show, Some(Operation::EndpointRead);
    get "/endpoints" endpoints::list, Some(Operation::EndpointRead);
    get "/endpoints.csv" endpoints::csv, Some(Operation::EndpointRead);
    get "/endpoints/{mac}" endpoints::show, Some(Operation::EndpointRead);
    get "/endpoints/{mac}/authorise" endpoints::authorise_page, Some(Operation::EndpointAuthorise);
    post "/endpoints/{mac}/authorise" endpoints::authorise, Some(Operation::EndpointAuthorise);
    get "/endpoints/{mac}/block" endpoints::block_page, Some(Operation::EndpointBlock);
    post "/endpoints/{mac}/block" endpoints::block, Some(Operation::EndpointBlock);
    get "/endpoints/{mac}/move" endpoints::move_page, Some(Operation::EndpointMove);
    post "/endpoints/{mac}/move" endpoints::move_it, Some(Operation::EndpointMove);
    get "/elements" elements::list, Some(Operation::NeRead);
    get "/elements.csv" elements::csv, Some(Operation::NeRead);
    get "/elements/{ne}" elements::show, Some(Operation::NeRead);
    get "/elements/{ne}/enforce" elements::act_page, Some(Operation::EnforcementEnable);
    post "/elements/{ne}/enforce" elements::act, Some(Operation::EnforcementEnable);
    get "/elements/{ne}/observe" elements::act_page, Some(Operation::EnforcementDisable);
    post "/elements/{ne}/observe" elements::act, Some(Operation::EnforcementDisable);
    get "/elements/{ne}/ports/{port}" ports::show, Some(Operation::PortRead);
    get "/elements/{ne}/ports/{port}/off" ports::act_page, Some(Operation::PortOff);
    post "/elements/{ne}/ports/{port}/off" ports::act, Some(Operation::PortOff);
    get "/elements/{ne}/ports/{port}/on" ports::act_page, Some(Operation::PortOn);
    post "/elements/{ne}/ports/{port}/on" ports::act, Some(Operation::PortOn);
    get "/elements/{ne}/ports/{port}/quarantine" ports::act_page, Some(Operation::PortMove);
    post "/elements/{ne}/ports/{port}/quarantine" ports::act, Some(Operation::PortMove);
    get "/elements/{ne}/ports/{port}/release" ports::act_page, Some(Operation::PortRelease);
    post "/elements/{ne}/ports/{port}/release" ports::act, Some(Operation::PortRelease);
    get "/events" events::list, Some(Operation::EventRead);
    get "/events/live" events::live, Some(Operation::EventRead);
    get "/events/{seq}" events::show, Some(Operation::EventRead);
    get "/rules" rules::list, Some(Operation::RuleRead);
    get "/rules/notifications" notifications::show, Some(Operation::RuleRead);
    get "/rules/{id}" rules::show, Some(Operation::RuleRead);
    get "/rules/{id}/enable" rules::act_page, Some(Operation::RuleEnable);
    post "/rules/{id}/enable" rules::act, Some(Operation::RuleEnable);
    get "/rules/{id}/disable" rules::act_page, Some(Operation::RuleDisable);
    post "/rules/{id}/disable" rules::act, Some(Operation::RuleDisable);
    get "/audit" audit::list, Some(Operation::AuditRead);
    get "/audit/{index}" audit::show, Some(Operation::AuditRead);
    get "/system" system::show, Some(Operation::SessionReadOwn);
    get "/system/stop" system::act_page, Some(Operation::EnforcementStop);
    post "/system/stop" system::act, Some(Operation::EnforcementStop);
    get "/system/resume" system::act_page, Some(Operation::EnforcementResume);
    post "/system/resume" system::act, Some(Operation::EnforcementResume);
    get "/endpoints/authorise" bulk::page::<bulk::Endpoint>, Some(Operation::EndpointAuthorise);
    post "/endpoints/authorise" bulk::act::<bulk::Endpoint>, Some(Operation::EndpointAuthorise);
    get "/endpoints/block" bulk::page::<bulk::Endpoint>, Some(Operation::EndpointBlock);
    post "/endpoints/block" bulk::act::<bulk::Endpoint>, Some(Operation::EndpointBlock);
    get "/ports/release" bulk::page::<bulk::Port>, Some(Operation::PortRelease);
    post "/ports/release" bulk::act::<bulk::Port>, Some(Operation::PortRelease);
    get "/ports/on" bulk::page::<bulk::Port>, Some(Operation::PortOn);
    post "/ports/on" bulk::act::<bulk::Port>, Some(Operation::PortOn);
    get "/ports/move" bulk::page::<bulk::Port>, Some(Operation::PortMove);
    post "/ports/move" bulk::act::<bulk::Port>, Some(Operation::PortMove);
    get "/ports/off" bulk::page::<bulk::Port>, Some(Operation::PortOff);
    post "/ports/off" bulk::act::<bulk::Port>, Some(Operation::PortOff);
    get "/elements/enforce" bulk::page::<bulk::Element>, Some(Operation::EnforcementEnable);
    post "/elements/enforce" bulk::act::<bulk::Element>, Some(Operation::EnforcementEnable);
    get "/elements/observe" bulk::page::<bulk::Element>, Some(Operation::EnforcementDisable);
    post "/elements/observe" bulk::act::<bulk::Element>, Some(Operation::EnforcementDisable);
    get "/elements/maintain" bulk::page::<bulk::Element>, Some(Operation::NeSetMaintenance);
    post "/elements/maintain" bulk::act::<bulk::Element>, Some(Operation::NeSetMaintenance);
    get "/elements/maintained" bulk::page::<bulk::Element>, Some(Operation::NeSetMaintenance);
    post "/elements/maintained" bulk::act::<bulk::Element>, Some(Operation::NeSetMaintenance);
    get "/elements/{ne}/edit" element_edit::page, Some(Operation::NeModify);
    post "/elements/{ne}/edit" element_edit::act, Some(Operation::NeModify);
    get "/elements/{ne}/maintain" element_edit::page, Some(Operation::NeSetMaintenance);
    post "/elements/{ne}/maintain" element_edit::act, Some(Operation::NeSetMaintenance);
    get "/elements/{ne}/maintained" element_edit::page, Some(Operation::NeSetMaintenance);
    post "/elements/{ne}/maintained" element_edit::act, Some(Operation::NeSetMaintenance);
    get "/elements/{ne}/remove" element_edit::page, Some(Operation::NeDelete);
    post "/elements/{ne}/remove" element_edit::act, Some(Operation::NeDelete);
    post "/elements/{ne}/poll" element_edit::poll, Some(Operation::NePoll);
    get "/elements/{ne}/preflight" preflight::page, Some(Operation::ProbePreflight);
    post "/elements/{ne}/preflight" preflight::act, Some(Operation::ProbePreflight);
    get "/elements/{ne}/ports/{port}/move" ports::act_page, Some(Operation::PortMove);
    post "/elements/{ne}/ports/{port}/move" ports::act, Some(Operation::PortMove);
    get "/elements/{ne}/ports/{port}/protect" ports::act_page, Some(Operation::PortProtect);
    post "/elements/{ne}/ports/{port}/protect" ports::act, Some(Operation::PortProtect);
    get "/elements/{ne}/ports/{port}/unprotect" ports::act_page, Some(Operation::PortProtect);
    post "/elements/{ne}/ports/{port}/unprotect" ports::act, Some(Operation::PortProtect);
    get "/ports" ports::list, Some(Operation::PortRead);
    get "/ports.csv" ports::csv, Some(Operation::PortRead);
    get "/events.csv" events::csv, Some(Operation::EventRead);
    get "/audit.csv" audit::csv, Some(Operation::AuditRead);
    get "/audit/export" audit::export, Some(Operation::AuditExport);
    get "/topology" topology::show, Some(Operation::NeRead);
    get "/topology/graph" topology::graph, Some(Operation::NeRead);
    get "/topology/find" topology::find, Some(Operation::NeRead);
    // Rules and long work.
    get "/rules/new" rule_editor::new_page, Some(Operation::RuleCreate);
    post "/rules/new" rule_editor::add, Some(Operation::RuleCreate);
    get "/rules/{id}/edit" rule_editor::edit_page, Some(Operation::RuleModify);
    post "/rules/{id}/edit" rule_editor::edit, Some(Operation::RuleModify);
    post "/rules/draft" rule_editor::draft, Some(Operation::RuleRead);
    post "/rules/check" rule_check::check, Some(Operation::RuleRead);
    post "/rules/rehearse" rehearsals::start_draft, Some(Operation::RuleRehearse);
    get "/rules/{id}/rehearse" rehearsals::show, Some(Operation::RuleRehearse);
    post "/rules/{id}/rehearse" rehearsals::start, Some(Operation::RuleRehearse);
    get "/rules/{id}/diff" rule_diff::show, Some(Operation::RuleRead);
    get "/rules/{id}/delete" rules::act_page, Some(Operation::RuleDelete);
    post "/rules/{id}/delete" rules::act, Some(Operation::RuleDelete);
    get "/rules/starter" rule_starter::show, Some(Operation::RuleCreate);
    post "/rules/starter" rule_starter::add, Some(Operation::RuleCreate);
    get "/jobs" jobs::list, Some(Operation::JobRead);
    get "/jobs/{job}" jobs::show, Some(Operation::JobRead);
    post "/jobs/{job}/cancel" jobs::cancel, Some(Operation::JobCancel);
    // System and adoption.
    get "/system/parameters" parameters::list, Some(Operation::ParameterRead);
    get "/system/parameters/{parameter}" parameters::edit_page, Some(Operation::ParameterModify);
    post "/system/parameters/{parameter}" parameters::edit, Some(Operation::ParameterModify);
    get "/system/credentials" credentials::list, Some(Operation::CredentialRead);
    get "/system/new-credential" credentials::new_page, Some(Operation::CredentialCreate);
    post "/system/new-credential" credentials::create, Some(Operation::CredentialCreate);
    get "/system/credentials/order" credentials::order_page, Some(Operation::CredentialModify);
    post "/system/credentials/order" credentials::order, Some(Operation::CredentialModify);
    get "/system/credentials/{set}" credentials::edit_page, Some(Operation::CredentialModify);
    post "/system/credentials/{set}" credentials::edit, Some(Operation::CredentialModify);
    get "/system/credentials/{set}/remove" credentials::remove_page, Some(Operation::CredentialDelete);
    post "/system/credentials/{set}/remove" credentials::remove, Some(Operation::CredentialDelete);
    get "/system/channels" channels::list, Some(Operation::ChannelRead);
    get "/system/new-channel" channels::new_page, Some(Operation::ChannelModify);
    post "/system/new-channel" channels::create, Some(Operation::ChannelModify);
    get "/system/channels/{channel}" channels::edit_page, Some(Operation::ChannelModify);
    post "/system/channels/{channel}" channels::edit, Some(Operation::ChannelModify);
    get "/system/channels/{channel}/test" channels::test_page, Some(Operation::ChannelTest);
    post "/system/channels/{channel}/test" channels::test, Some(Operation::ChannelTest);
    get "/system/channels/{channel}/remove" channels::remove_page, Some(Operation::ChannelModify);
    post "/system/channels/{channel}/remove" channels::remove, Some(Operation::ChannelModify);
    get "/system/groups" groups::list, Some(Operation::GroupRead);
    get "/system/new-group" groups::new_page, Some(Operation::GroupCreate);
    post "/system/new-group" groups::create, Some(Operation::GroupCreate);
    get "/system/groups/{group}" groups::edit_page, Some(Operation::GroupModify);
    post "/system/groups/{group}" groups::edit, Some(Operation::GroupModify);
    get "/system/groups/{group}/remove" groups::remove_page, Some(Operation::GroupDelete);
    post "/system/groups/{group}/remove" groups::remove, Some(Operation::GroupDelete);
    get "/system/sources" sources::list, Some(Operation::NameSourceRead);
    get "/system/new-source" sources::new_page, Some(Operation::NameSourceCreate);
    post "/system/new-source" sources::create, Some(Operation::NameSourceCreate);
    get "/system/sources/{source}" sources::edit_page, Some(Operation::NameSourceModify);
    post "/system/sources/{source}" sources::edit, Some(Operation::NameSourceModify);
    get "/system/sources/{source}/run" sources::run_page, Some(Operation::NameSourceRun);
    post "/system/sources/{source}/run" sources::run, Some(Operation::NameSourceRun);
    get "/system/sources/{source}/remove" sources::remove_page, Some(Operation::NameSourceDelete);
    post "/system/sources/{source}/remove" sources::remove, Some(Operation::NameSourceDelete);
    get "/system/backups" backups::list, Some(Operation::BackupRead);
    get "/system/new-backup" backups::new_page, Some(Operation::BackupCreate);
    post "/system/new-backup" backups::create, Some(Operation::BackupCreate);
    get "/system/backups/{backup}" backups::download, Some(Operation::BackupDownload);
    get "/system/backups/{backup}/remove" backups::remove_page, Some(Operation::BackupDelete);
    post "/system/backups/{backup}/remove" backups::remove, Some(Operation::BackupDelete);
    get "/system/verify-trail" backups::verify_page, Some(Operation::AuditVerify);
    post "/system/verify-trail" backups::verify, Some(Operation::AuditVerify);
    get "/system/accounts" accounts::list, Some(Operation::UserRead);
    get "/system/many-accounts/enable" bulk::page::<bulk::Account>, Some(Operation::UserEnable);
    post "/system/many-accounts/enable" bulk::act::<bulk::Account>, Some(Operation::UserEnable);
    get "/system/many-accounts/disable" bulk::page::<bulk::Account>, Some(Operation::UserDisable);
    post "/system/many-accounts/disable" bulk::act::<bulk::Account>, Some(Operation::UserDisable);
    get "/system/many-accounts/unlock" bulk::page::<bulk::Account>, Some(Operation::UserUnlock);
    post "/system/many-accounts/unlock" bulk::act::<bulk::Account>, Some(Operation::UserUnlock);
    get "/system/many-accounts/give" bulk::page::<bulk::Account>, Some(Operation::UserSetRoles);
    post "/system/many-accounts/give" bulk::act::<bulk::Account>, Some(Operation::UserSetRoles);
    get "/system/many-accounts/take" bulk::page::<bulk::Account>, Some(Operation::UserSetRoles);
    post "/system/many-accounts/take" bulk::act::<bulk::Account>, Some(Operation::UserSetRoles);
    get "/system/many-accounts/delete" bulk::page::<bulk::Account>, Some(Operation::UserDelete);
    post "/system/many-accounts/delete" bulk::act::<bulk::Account>, Some(Operation::UserDelete);
    get "/system/import-accounts" accounts_import::page, Some(Operation::UserCreate);
    post "/system/import-accounts" accounts_import::act, Some(Operation::UserCreate);
    get "/system/new-account" accounts::new_page, Some(Operation::UserCreate);
    post "/system/new-account" accounts::create, Some(Operation::UserCreate);
    get "/system/accounts/{account}" accounts::edit_page, Some(Operation::UserSetRoles);
    post "/system/accounts/{account}" accounts::edit, Some(Operation::UserSetRoles);
    get "/system/accounts/{account}/reset" accounts::reset_page, Some(Operation::UserResetPassword);
    post "/system/accounts/{account}/reset" accounts::reset, Some(Operation::UserResetPassword);
    get "/system/accounts/{account}/unlock" accounts::unlock_page, Some(Operation::UserUnlock);
    post "/system/accounts/{account}/unlock" accounts::unlock, Some(Operation::UserUnlock);
    get "/system/tokens" tokens::all, Some(Operation::TokenRead);
    get "/system/tokens/{token}/revoke" tokens::revoke_page, Some(Operation::TokenRevoke);
    post "/system/tokens/{token}/revoke" tokens::revoke, Some(Operation::TokenRevoke);
    get "/system/accounts/{account}/erase" accounts::erase_page, Some(Operation::UserErase);
    post "/system/accounts/{account}/erase" accounts::erase, Some(Operation::UserErase);
    get "/system/accounts/{account}/remove" accounts::remove_page, Some(Operation::UserDelete);
    post "/system/accounts/{account}/remove" accounts::remove, Some(Operation::UserDelete);
    get "/system/passwords" passwords::list, Some(Operation::PolicyRead);
    get "/system/passwords/rules" passwords::rules_page, Some(Operation::PolicyModify);
    post "/system/passwords/rules" passwords::rules, Some(Operation::PolicyModify);
    get "/system/passwords/profile" passwords::profile_page, Some(Operation::PolicyModify);
    post "/system/passwords/profile" passwords::profile, Some(Operation::PolicyModify);
    get "/system/passwords/dictionary" passwords::dictionary_page, Some(Operation::PolicySetDictionary);
    post "/system/passwords/dictionary" passwords::dictionary, Some(Operation::PolicySetDictionary);
    get "/system/passwords/try" passwords::try_page, Some(Operation::PolicyTryPassword);
    post "/system/passwords/try" passwords::try_it, Some(Operation::PolicyTryPassword);
    get "/system/domains" domains::list, Some(Operation::DomainRead);
    get "/system/new-domain" domains::new_page, Some(Operation::DomainCreate);
    post "/system/new-domain" domains::create, Some(Operation::DomainCreate);
    get "/system/domains/{domain}" domains::edit_page, Some(Operation::DomainModify);
    post "/system/domains/{domain}" domains::edit, Some(Operation::DomainModify);
    get "/system/domains/{domain}/remove" domains::remove_page, Some(Operation::DomainDelete);
    post "/system/domains/{domain}/remove" domains::remove, Some(Operation::DomainDelete);
    get "/system/blocklist" blocklist::list, Some(Operation::BlocklistRead);
    get "/system/new-blocklist-entry" blocklist::new_page, Some(Operation::BlocklistAdd);
    post "/system/new-blocklist-entry" blocklist::create, Some(Operation::BlocklistAdd);
    get "/system/blocklist/{entry}/remove" blocklist::remove_page, Some(Operation::BlocklistRemove);
    post "/system/blocklist/{entry}/remove" blocklist::remove, Some(Operation::BlocklistRemove);
    get "/system/tenants" tenants::list, Some(Operation::TenantRead);
    get "/system/new-tenant" tenants::new_page, Some(Operation::TenantCreate);
    post "/system/new-tenant" tenants::create, Some(Operation::TenantCreate);
    get "/system/tenants/{tenant}" tenants::edit_page, Some(Operation::TenantModify);
    post "/system/tenants/{tenant}" tenants::edit, Some(Operation::TenantModify);
    get "/system/tenants/{tenant}/administrator" tenants::administrator_page, Some(Operation::TenantAddAdministrator);
    post "/system/tenants/{tenant}/administrator" tenants::administrator, Some(Operation::TenantAddAdministrator);
    get "/system/tenants/{tenant}/remove" tenants::remove_page, Some(Operation::TenantDelete);
    post "/system/tenants/{tenant}/remove" tenants::remove, Some(Operation::TenantDelete);
    get "/system/roles" roles::list, Some(Operation::RoleRead);
    get "/system/new-role" roles::new_page, Some(Operation::RoleCreate);
    post "/system/new-role" roles::create, Some(Operation::RoleCreate);
    get "/system/roles/{role}" roles::edit_page, Some(Operation::RoleModify);
    post "/system/roles/{role}" roles::edit, Some(Operation::RoleModify);
    get "/system/roles/{role}/remove" roles::remove_page, Some(Operation::RoleDelete);
    post "/system/roles/{role}/remove" roles::remove, Some(Operation::RoleDelete);
    get "/system/operations" rights::operations, Some(Operation::RoleRead);
    get "/system/operation-users" rights::holders, Some(Operation::UserRead);
    get "/system/account-rights" rights::rights, Some(Operation::UserRead);
    get "/system/account-policy" parameters::accounts, Some(Operation::PolicyRead);
    get "/system/account-policy/{setting}" parameters::account_page, Some(Operation::PolicyModify);
    post "/system/account-policy/{setting}" parameters::account, Some(Operation::PolicyModify);
    get "/system/login-policies" login_policies::list, Some(Operation::PolicyRead);
    get "/system/new-login-policy" login_policies::new_page, Some(Operation::PolicyCreate);
    post "/system/new-login-policy" login_policies::create, Some(Operation::PolicyCreate);
    get "/system/login-policies/{policy}" login_policies::edit_page, Some(Operation::PolicyModify);
    post "/system/login-policies/{policy}" login_policies::edit, Some(Operation::PolicyModify);
    get "/system/login-policies/{policy}/remove" login_policies::remove_page, Some(Operation::PolicyDelete);
    post "/system/login-policies/{policy}/remove" login_policies::remove, Some(Operation::PolicyDelete);
    get "/system/sessions" online::list, Some(Operation::SessionRead);
    get "/system/sessions/{session}/end" online::end_page, Some(Operation::SessionEnd);
    post "/system/sessions/{session}/end" online::end, Some(Operation::SessionEnd);
    get "/system/sharing" online::sharings, Some(Operation::SessionHistory);
    get "/system/logins" online::logins, Some(Operation::SessionHistory);
    get "/adopt" adopt::show, Some(Operation::AdoptionRead);
    get "/adopt/credentials" adopt::credentials::show, Some(Operation::AdoptionRead);
    get "/adopt/discover" adopt::discover::show, Some(Operation::AdoptionRead);
    post "/adopt/discover" adopt::discover::sweep, Some(Operation::AdoptionDiscover);
    post "/adopt/neighbours" adopt::discover::neighbours, Some(Operation::AdoptionDiscover);
    post "/adopt/host" adopt::discover::host, Some(Operation::NeCreate);
    post "/adopt/import" adopt::discover::import, Some(Operation::NeImport);
    get "/adopt/review" adopt::review::show, Some(Operation::AdoptionRead);
    post "/adopt/review" adopt::review::add, Some(Operation::NeCreate);
    post "/adopt/cancel" adopt::review::cancel, Some(Operation::JobCancel);
    get "/adopt/baseline" adopt::baseline::show, Some(Operation::AdoptionRead);
    post "/adopt/baseline" adopt::baseline::accept, Some(Operation::AdoptionAccept);
    get "/adopt/observe" adopt::observe::show, Some(Operation::AdoptionRead);
    get "/adopt/enforce" adopt::enforce::list, Some(Operation::AdoptionRead);
    get "/adopt/enforce/{ne}" adopt::enforce::show, Some(Operation::AdoptionRead);
    post "/adopt/enforce/{ne}/preflight" adopt::enforce::preflight, Some(Operation::ProbePreflight);
    post "/adopt/enforce/{ne}/vlan" adopt::enforce::vlan, Some(Operation::NeModify);
    post "/adopt/enforce/{ne}/switch" adopt::enforce::switch, Some(Operation::EnforcementEnable);
}
