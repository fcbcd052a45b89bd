"""From a configuration to running pipelines: plan (what is meant), graph (what is built), service (what runs)."""
