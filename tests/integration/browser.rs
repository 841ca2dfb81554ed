//! The console in Chromium, against a demo of its own: `tests/browser`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use netwarden_identity::{Access, Role};
use netwarden_web::PAGES;
use serde_json::json;

use crate::binary::{path, run};

/// The oldest Node that has the test runner the suite uses.
const NODE: u32 = 18;

/// The suite's folder with its packages installed; None, with a line that says why, where that is not possible.
pub fn suite() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(node) = version("node") else {
        println!("skipped: node is not installed");
        return None;
    };
    let major = node.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        println!("skipped: node is {}, and must be {NODE} or later", node.trim());
        return None;
    }
    if version("npm").is_none() || !Path::new("/usr/bin/chromium").exists() {
        println!("skipped: npm or chromium is not installed");
        return None;
    }
    // Two tests need the packages, and neither may take them from under the other.
    let lock = File::create(std::env::temp_dir().join("netwarden-browser-packages.lock")).unwrap();
    lock.lock().unwrap();
    if is_installed(&folder) {
        return Some(folder);
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    let installed = run(Command::new("npm").args(install).current_dir(&folder));
    if !installed.status.success() {
        println!("skipped: the packages of {} cannot be installed", folder.display());
        return None;
    }
    Some(folder)
}

/// The packages are those of the lock file.
fn is_installed(folder: &Path) -> bool {
    let changed = |file: &str| folder.join(file).metadata().and_then(|about| about.modified());
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Ok(installed), Ok(wanted)) => installed >= wanted,
        _ => false,
    }
}

/// The pages of the console and who may have them, as the suite reads it: null is everybody.
fn pages() -> String {
    let roles = |access| match access {
        Access::Anyone | Access::Own => None,
        Access::Roles(roles) => Some(roles.iter().map(Role::to_string).collect::<Vec<_>>()),
    };
    let pages: Vec<_> = PAGES
        .iter()
        .map(|page| {
            let roles = page.operation.and_then(|operation| roles(operation.declaration().access));
            json!({ "method": page.method, "path": page.path, "roles": roles })
        })
        .collect();
    serde_json::Value::from(pages).to_string()
}

// proves: NAC-22, SCL-04, IAM-10
#[test]
fn the_console_works_in_chromium_for_everybody() {
    let Some(folder) = suite() else { return };
    let mut command = Command::new("node");
    command.arg("run.mjs").arg(path("netwarden", "netwarden")).current_dir(folder);
    command
        .env("NETWARDEN_PAGES", pages())
        .env("NETWARDEN_SIM", path("netwarden-sim", "netwarden-simulator"));
    assert!(run(&mut command).status.success(), "see above");
}
