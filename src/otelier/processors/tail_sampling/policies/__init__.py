"""The policies of tail_sampling, one file each: its keys and its expression over columns."""
