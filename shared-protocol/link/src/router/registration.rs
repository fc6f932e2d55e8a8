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
    /// The module in which the handler stands, as `module_path!()` names it.
    pub module: &'static str,
    /// Where the handler stands.
    pub place: Place,
}

inventory::collect!(Registration);

impl Registration {
    /// Whether it stands in a module or below it.
    pub(crate) fn is_in(&self, module: &str) -> bool {
        self.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

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
