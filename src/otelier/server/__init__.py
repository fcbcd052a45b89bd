"""What every server shares: settings, TLS, ports."""
