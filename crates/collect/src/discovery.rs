//! Finding elements: the addresses of a subnet, the neighbours of known elements, the credentials
//! that work.
