"""Where rows lie, and the engine that reads, derives and counts them there.

`address` tells places apart and keeps secrets out of them; `connect` opens each engine once;
`tables` opens, writes and fingerprints tables; `dialect` is the one place where engines differ.
"""
