//! A switch's BRIDGE-MIB and Q-BRIDGE-MIB, served from Open vSwitch's own forwarding table.
//!
//! net-snmp's snmpd starts it (`pass_persist`) and asks it for one variable at a time; SETs change the
//! real port. snmpd may take standard error for an answer, so complaints go to `bridge.log` in the run
//! directory. A second mode watches the forwarding table and sends MAC-notification traps.
#![allow(clippy::print_stdout, reason = "pass_persist speaks over standard output")]

mod bridge;
mod mib;
mod ovs;
mod pass;
mod watch;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    /// OVS_RUNDIR of the switch.
    #[arg(long)]
    run_dir: PathBuf,
    /// The bridge's name.
    #[arg(long, default_value = "br0")]
    bridge: String,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Speaks net-snmp's pass_persist protocol on standard input and output.
    Serve,
    /// Sends a v3 trap for every address that the switch learns.
    Watch {
        /// Receiver of the traps, as `HOST:PORT`.
        #[arg(long)]
        sink: String,
        /// snmptrap's options for user, protocols and passwords, separated by blanks.
        #[arg(long, allow_hyphen_values = true)]
        user: String,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let switch = ovs::Switch::new(arguments.run_dir, arguments.bridge);
    match arguments.mode {
        Mode::Serve => {
            let log = switch.log();
            let ended = bridge::Bridge::start(switch).and_then(pass::serve);
            if let Err(error) = &ended {
                log.complain(error);
            }
            ended
        }
        Mode::Watch { sink, user } => watch::run(&switch, &sink, &user),
    }
}
