"""Data in: files and folders become texts with labels, token text or long series frames; and the splits of them.

Not here: tokens, scalers and windows. Import each name from the module that defines it.
"""

FORMS = {
    "csv": ("delimited.open_delimited", ".csv"),
    "tsv": ("delimited.open_delimited", ".tsv", ".tab"),
    "jsonl": ("json_tables.open_json", ".jsonl", ".ndjson", ".json"),
    "parquet": ("parquet.open_parquet", ".parquet", ".pq"),
    "lines": ("plain.open_lines", ".txt", ".tokens", ".text"),
}
"""For each form of file the function of this folder that makes a table of it, and the endings of such files.

It stands here, where nothing else is loaded, because the command line names the forms in its help.
"""
