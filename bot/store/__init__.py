"""SQL and nothing else; gives domain values, never rows."""
