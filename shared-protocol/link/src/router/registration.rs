//! What `#[route]` leaves behind for the router, collected across crates by `inventory`.

use std::fmt;

use farcall_protocol::RouteDescriptor;

use super::{Invocation, Need, Step};

/// A handler that is linked into the program. Linked is not served: a router picks what was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    /// The route.
    pub route: &'static RouteDescriptor,
    /// Whether the route is a contract's; bare ones are served only when asked for.
    pub contract: bool,
    /// The handler.
    pub handler: fn(Invocation<'_>) -> Step,
    /// The types that its parameters need to be there, the frame's among them.
    pub needs: &'static [Option<Need>],
    /// Where the handler stands.
    pub place: Place,
}

inventory::collect!(Registration);

/// A place in somebody's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file as the compiler names it.
    pub file: &'static str,
    /// The line.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
