//! Credentials of the command line.

use anyhow::{Context, bail};
use clap::Args;
use netwarden_reach::{AuthProtocol, Credentials, PrivProtocol, Secret};

use super::targets::{Access, V3};

/// How to speak to the agents.
#[derive(Args)]
pub struct AccessArguments {
    /// Community of SNMPv2c (or v1, with --v1).
    #[arg(long, env = "NETWARDEN_COMMUNITY", hide_env_values = true, conflicts_with = "v3_user")]
    community: Option<String>,
    /// Speak SNMPv1.
    #[arg(long, requires = "community")]
    v1: bool,
    /// User name of SNMPv3.
    #[arg(long)]
    v3_user: Option<String>,
    /// SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.
    #[arg(long, requires = "v3_user", default_value = "SHA-256")]
    v3_auth_protocol: String,
    /// Authentication password, at least 8 characters. Better given in the variable: others see the
    /// command line.
    #[arg(long, requires = "v3_user", env = "NETWARDEN_V3_AUTH_PASSWORD", hide_env_values = true)]
    v3_auth_password: Option<String>,
    /// AES-128, AES-192, AES-256 (key extension of Blumenthal), AES-192-Reeder or AES-256-Reeder (Cisco's).
    #[arg(long, requires = "v3_user", default_value = "AES-128")]
    v3_priv_protocol: String,
    /// Privacy password, at least 8 characters.
    #[arg(long, requires = "v3_user", env = "NETWARDEN_V3_PRIV_PASSWORD", hide_env_values = true)]
    v3_priv_password: Option<String>,
    /// contextName of SNMPv3.
    #[arg(long, requires = "v3_user", default_value = "")]
    v3_context: String,
}

impl AccessArguments {
    /// The credentials, where any were given.
    pub fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        if let Some(community) = &self.community {
            let community = Secret::new(community);
            return Ok(Some(if self.v1 {
                Credentials::V1 { community }
            } else {
                Credentials::V2c { community }
            }));
        }
        let Some(user) = &self.v3_user else { return Ok(None) };
        let pair = |protocol: &String, password: &Option<String>| {
            password.as_ref().map(|password| (protocol.clone(), password.clone()))
        };
        let v3 = V3 {
            user: user.clone(),
            auth: pair(&self.v3_auth_protocol, &self.v3_auth_password),
            privacy: pair(&self.v3_priv_protocol, &self.v3_priv_password),
        };
        v3_credentials(&v3, &self.v3_context).map(Some)
    }
}

/// The credentials that a line of a targets file names.
pub fn of_line(access: &Access) -> anyhow::Result<Credentials> {
    Ok(match access {
        Access::V1(community) => Credentials::V1 { community: Secret::new(community) },
        Access::V2c(community) => Credentials::V2c { community: Secret::new(community) },
        Access::V3(v3) => v3_credentials(v3, "")?,
    })
}

fn v3_credentials(v3: &V3, context: &str) -> anyhow::Result<Credentials> {
    let auth = match &v3.auth {
        Some((protocol, password)) => Some((protocol.parse::<AuthProtocol>()?, Secret::new(password))),
        None => None,
    };
    let privacy = match &v3.privacy {
        Some((protocol, password)) => Some((protocol.parse::<PrivProtocol>()?, Secret::new(password))),
        None => None,
    };
    if privacy.is_some() && auth.is_none() {
        bail!("user {}: SNMPv3 has no privacy without authentication", v3.user);
    }
    if v3.user.is_empty() {
        return Err(anyhow::anyhow!("the user name is empty")).context("--v3-user");
    }
    Ok(Credentials::V3 { user: v3.user.clone(), auth, privacy, context: context.to_owned() })
}
