//! Tables of accounts and of what belongs to them.

use netwarden_store::Migration;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "identity-0001-accounts",
        up: "CREATE TABLE identity_user (
  id {id},
  name TEXT NOT NULL UNIQUE,
  roles TEXT NOT NULL,
  password TEXT NOT NULL,
  enabled {bool} NOT NULL,
  must_change {bool} NOT NULL,
  created BIGINT NOT NULL,
  last_success BIGINT,
  last_success_from TEXT,
  last_failure BIGINT,
  last_failure_from TEXT,
  failures_since BIGINT NOT NULL
);
CREATE TABLE identity_token (
  id {id},
  digest {bytes} NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  operations TEXT NOT NULL,
  created BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  revoked BIGINT
);
CREATE INDEX identity_token_user ON identity_token (user_id);
CREATE TABLE identity_session (
  id {id},
  digest {bytes} NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  address TEXT NOT NULL,
  created BIGINT NOT NULL,
  last_used BIGINT NOT NULL,
  ends BIGINT NOT NULL
);
CREATE INDEX identity_session_user ON identity_session (user_id);
CREATE INDEX identity_session_ends ON identity_session (ends);
CREATE TABLE identity_local_uid (
  uid BIGINT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE
);
CREATE TABLE identity_tally (
  counted TEXT NOT NULL PRIMARY KEY,
  tally TEXT NOT NULL,
  touched BIGINT NOT NULL
);
CREATE INDEX identity_tally_touched ON identity_tally (touched);
CREATE TABLE identity_policy (
  id BIGINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
);
INSERT INTO identity_policy (id, version) VALUES (1, 1);
",
    },
    // Hashes of earlier passwords, and what administrators have set. Of passwords that were set before it
    // is not known when, so the time of their account stands in.
    Migration {
        name: "identity-0002-passwords",
        up: "ALTER TABLE identity_user ADD COLUMN password_set BIGINT NOT NULL DEFAULT 0;
UPDATE identity_user SET password_set = created;
CREATE TABLE identity_password (
  id {id},
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  password TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  replaced_at BIGINT NOT NULL
);
CREATE INDEX identity_password_user ON identity_password (user_id, id);
CREATE TABLE identity_setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
",
    },
    // What is set of single accounts, and who has logged in when. Until a user logs in again, the time of the
    // last login stands in for the last use.
    Migration {
        name: "identity-0003-admission",
        up: "CREATE TABLE identity_login_policy (
  id {id},
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
ALTER TABLE identity_user ADD COLUMN kind TEXT NOT NULL DEFAULT 'local';
ALTER TABLE identity_user ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE identity_user ADD COLUMN address_policy BIGINT REFERENCES identity_login_policy (id);
ALTER TABLE identity_user ADD COLUMN hours_policy BIGINT REFERENCES identity_login_policy (id);
ALTER TABLE identity_user ADD COLUMN last_used BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_user ADD COLUMN logins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_user ADD COLUMN failures_unseen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_user ADD COLUMN acknowledged BIGINT NOT NULL DEFAULT 0;
UPDATE identity_user SET last_used = COALESCE(last_success, created), failures_unseen = failures_since;
ALTER TABLE identity_token ADD COLUMN last_used BIGINT;
CREATE TABLE identity_login (
  id {id},
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  address TEXT NOT NULL,
  refused TEXT NOT NULL
);
CREATE INDEX identity_login_user ON identity_login (user_id, id);
ALTER TABLE identity_session ADD COLUMN login BIGINT NOT NULL DEFAULT 0;
",
    },
    // Roles of any operations; whether an account's failures have raised their alarm. What was known of the last
    // logins goes where all are.
    Migration {
        name: "identity-0004-roles",
        up: "CREATE TABLE identity_role (
  id {id},
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  operations TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
ALTER TABLE identity_user ADD COLUMN alarmed BIGINT NOT NULL DEFAULT 0;
INSERT INTO identity_login (user_id, at, address, refused)
SELECT id, last_success, COALESCE(last_success_from, ''), '' FROM identity_user u WHERE last_success IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM identity_login l WHERE l.user_id = u.id);
INSERT INTO identity_login (user_id, at, address, refused)
SELECT id, last_failure, COALESCE(last_failure_from, ''), 'wrong_password' FROM identity_user u
WHERE last_failure IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM identity_login l WHERE l.user_id = u.id AND l.refused <> '');
ALTER TABLE identity_user DROP COLUMN last_success_from;
ALTER TABLE identity_user DROP COLUMN last_failure;
ALTER TABLE identity_user DROP COLUMN last_failure_from;
",
    },
    Migration {
        name: "identity-0005-domains",
        up: "CREATE TABLE identity_domain (
  id {id},
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  definition TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
",
    },
    Migration {
        name: "identity-0006-factors",
        up: "CREATE TABLE identity_factor (
  id {id},
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  created BIGINT NOT NULL,
  last_used BIGINT,
  last_step BIGINT NOT NULL,
  confirmed {bool} NOT NULL
);
CREATE INDEX identity_factor_user ON identity_factor (user_id);
ALTER TABLE identity_session ADD COLUMN proven_at BIGINT;
",
    },
    // A name is unique in its plane: what was unique for all is the plane and the name now. The first account is
    // the super user of its plane, and a local user is somebody in each plane.
    Migration {
        name: "identity-0007-planes",
        up: "ALTER TABLE identity_user RENAME COLUMN name TO login;
ALTER TABLE identity_user ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_user ADD COLUMN plane TEXT NOT NULL DEFAULT 'om';
UPDATE identity_user SET name = login;
UPDATE identity_user SET login = 'om/' || name;
UPDATE identity_user SET roles = 'superuser' WHERE name = 'admin';
CREATE INDEX identity_user_name ON identity_user (plane, name);
ALTER TABLE identity_role ADD COLUMN plane TEXT NOT NULL DEFAULT 'om';
CREATE TABLE identity_local (
  uid BIGINT NOT NULL,
  plane TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  PRIMARY KEY (uid, plane)
);
INSERT INTO identity_local (uid, plane, user_id) SELECT uid, 'om', user_id FROM identity_local_uid;
DROP TABLE identity_local_uid;
",
    },
    Migration {
        name: "identity-0008-conditions",
        up: "ALTER TABLE identity_role ADD COLUMN holds_when TEXT NOT NULL DEFAULT '';
",
    },
    // With what a session was opened; by which factor a proof was given, for a day; who seems to share an account.
    Migration {
        name: "identity-0009-sharing",
        up: "ALTER TABLE identity_session ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_login ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_login_at ON identity_login (at);
CREATE TABLE identity_proof (
  id {id},
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  factor TEXT NOT NULL
);
CREATE INDEX identity_proof_at ON identity_proof (at);
CREATE TABLE identity_sharing (
  id {id},
  user_id BIGINT NOT NULL REFERENCES identity_user (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  about TEXT NOT NULL,
  told TEXT NOT NULL
);
CREATE INDEX identity_sharing_user ON identity_sharing (user_id, id);
",
    },
    Migration {
        name: "identity-0010-passkeys",
        up: "ALTER TABLE identity_factor ADD COLUMN kind TEXT NOT NULL DEFAULT 'code';
",
    },
    // From where somebody has come in (SEC-09).
    Migration {
        name: "identity-0011-known-addresses",
        up: "CREATE TABLE identity_known_address (
  address TEXT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
);
",
    },
    // The domains to which a token is confined, divided by blanks; none where it goes as far as its owner.
    Migration {
        name: "identity-0012-tokens-in-domains",
        up: "ALTER TABLE identity_token ADD COLUMN domains TEXT NOT NULL DEFAULT '';
",
    },
    // Tenants. What was in their plane belonged to one customer, since tenants were not told apart.
    Migration {
        name: "identity-0013-tenants",
        up: "CREATE TABLE identity_tenant (
  id {id},
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  above BIGINT REFERENCES identity_tenant (id),
  description TEXT NOT NULL,
  enabled {bool} NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
CREATE INDEX identity_tenant_path ON identity_tenant (path);
CREATE INDEX identity_tenant_above ON identity_tenant (above);
ALTER TABLE identity_user ADD COLUMN tenant BIGINT REFERENCES identity_tenant (id);
CREATE INDEX identity_user_tenant ON identity_user (tenant);
INSERT INTO identity_tenant (name, kind, path, description, enabled, changed_at, changed_by)
SELECT 'customer', 'company', '1/', '', TRUE, 0, '' WHERE EXISTS
(SELECT 1 FROM identity_user WHERE plane = 'tenant' AND name <> 'admin');
UPDATE identity_user SET tenant = (SELECT id FROM identity_tenant) WHERE plane = 'tenant' AND name <> 'admin';
",
    },
    Migration {
        name: "identity-0014-blocklist",
        up: "CREATE TABLE identity_blocklist (
  id {id},
  kind TEXT NOT NULL,
  who TEXT NOT NULL,
  tenant BIGINT REFERENCES identity_tenant (id),
  denies TEXT NOT NULL,
  ends BIGINT,
  reason TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  was TEXT
);
",
    },
];
