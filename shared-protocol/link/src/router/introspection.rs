//! The built-in route `farcall.routes`: what a router serves, as text, for tools. Served only where it was asked for:
//! it tells every admitted player all names, types and docs.

use farcall_protocol::{
    ContractDescriptor, Delivery, ROUTES_ROUTE, RouteDescriptor, RouteId, RouteInfo, RouteTable, Shape,
    Shapes, Side,
};

use super::{Entry, Router, Routes};

/// What is known of a route beside its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About {
    /// Everything: it is a contract's or a function with `#[route]`.
    Descriptor(&'static RouteDescriptor),
    /// A closure: what it takes and gives.
    Closure { arguments: &'static [&'static Shape], ok: &'static Shape, err: Option<&'static Shape> },
    /// Nothing: it handles whatever is not served otherwise.
    Fallback,
}

impl Router {
    /// Serves `farcall.routes`, too. `calls` are the contracts of the other side that this one calls.
    #[must_use]
    pub fn with_introspection(mut self, side: Side, calls: &[&'static ContractDescriptor]) -> Self {
        let table = self.table(side, calls);
        let closures = Routes::new().add(ROUTES_ROUTE, move |()| table.clone()).closures;
        for closure in closures {
            self.routes.insert(RouteId::of(ROUTES_ROUTE), closure.into_entry());
        }
        self
    }

    /// What is served here, and what `calls` says is served by the other side.
    fn table(&self, side: Side, calls: &[&'static ContractDescriptor]) -> RouteTable {
        let called = calls.iter().flat_map(|contract| contract.routes).map(|route| RouteInfo::of(route));
        let served = self.routes.values().filter_map(|entry| entry.info(side));
        let mut routes: Vec<RouteInfo> = served.chain(called).collect();
        let of_other_side = |route: &RouteInfo| route.served_by != side.name();
        routes
            .sort_by(|one, other| (of_other_side(one), &one.name).cmp(&(of_other_side(other), &other.name)));
        RouteTable { routes }
    }
}

impl Entry {
    fn info(&self, side: Side) -> Option<RouteInfo> {
        let info = match self.about {
            About::Descriptor(route) => RouteInfo::of(route),
            About::Closure { arguments, ok, err } => {
                let arguments: Vec<_> = arguments.iter().map(|&shape| ("", shape)).collect();
                let shapes = Shapes { arguments: &arguments, ok, err };
                let delivery = if self.answers { Delivery::Call } else { Delivery::Notify };
                RouteInfo::from_shapes(&self.name, side, delivery, shapes, self.signature)
            }
            About::Fallback => return None,
        };
        Some(RouteInfo { place: Some(self.place.to_string()), ..info })
    }
}
