//! ifAdminStatus (RFC 2863): shutting a port, opening it, and taking its link down and up.

use netwarden_snmp::{Oid, Value, VarBind};

use super::Expect;
use super::q_bridge::Steps;

/// What it is called to people.
pub const NAME: &str = "ifAdminStatus";
/// ifAdminStatus `up`.
pub const UP: i64 = 1;
/// ifAdminStatus `down`.
pub const DOWN: i64 = 2;

/// ifAdminStatus of an interface.
pub fn oid(if_index: u32) -> Oid {
    Oid::from([1, 3, 6, 1, 2, 1, 2, 2, 1, 7, if_index])
}

/// The binding that sets it.
pub fn binding(if_index: u32, status: i64) -> VarBind {
    VarBind::new(oid(if_index), Value::Integer(i32::try_from(status).unwrap_or(2)))
}

/// Brings ifAdminStatus from `current` to `wanted`: no SET where it is there already.
pub fn bring(if_index: u32, current: i64, wanted: i64) -> Steps {
    let set = (current != wanted).then(|| binding(if_index, wanted));
    Steps {
        sets: set.into_iter().collect(),
        expect: vec![Expect::Number { oid: oid(if_index), value: wanted, what: NAME.to_owned() }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_as_wanted_is_left_alone() {
        assert_eq!(bring(7, UP, DOWN).sets, [VarBind::new(oid(7), Value::Integer(2))]);
        assert_eq!(bring(7, DOWN, UP).sets, [VarBind::new(oid(7), Value::Integer(1))]);
        assert_eq!(bring(7, DOWN, DOWN).sets, []);
    }
}
