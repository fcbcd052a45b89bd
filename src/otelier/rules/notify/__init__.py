"""Who is told of alerts: Alertmanagers, or without one ourselves, by webhook, Slack and e-mail."""
