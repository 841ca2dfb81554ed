//! Behaviour of the whole core, on readings as elements give them.

mod arp;
mod bench;
mod claims;
mod elements;
mod lab;
mod links;
mod list;
mod location;
mod posture;
mod presence;
mod properties;
mod spoofing;
mod store;
mod tree;
