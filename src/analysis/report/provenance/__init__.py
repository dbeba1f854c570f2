"""Where a report comes from: crate, manifest, archive, and the commands that read them back."""
