"""What every server shares: settings, TLS, ports, a small HTTP endpoint, the page of our own metrics."""
