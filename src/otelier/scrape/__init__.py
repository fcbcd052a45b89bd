"""Scraping as Prometheus does it: its configuration, discovery, relabelling, the loops, and what comes of a scrape."""
