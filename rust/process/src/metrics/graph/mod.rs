//! Calls between services: the work of the `servicegraph` connector.
